/** Tombstones join by maximum, whoever made them, and are kept until every copy is dead. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { partitionOf, type SessionId } from "../ids.js";
import { sessionId } from "./model/table.suite.js";
import { Tombstones } from "./tombstones.js";

const S = sessionId(1);
const tombstone = fc.record({ absoluteExpiresAtMs: fc.nat(5), regeneratedAtMs: fc.nat(5) });

test("M9, M13: any order and any repetition of the same news gives the same tombstone", () => {
  const property = fc.property(fc.array(tombstone, { minLength: 1, maxLength: 8 }), (news) => {
    const [forward, backward] = [new Tombstones(), new Tombstones()];
    for (const each of news) forward.add(S, each);
    for (const each of [...news, ...news].reverse()) backward.add(S, each);
    const joined = {
      absoluteExpiresAtMs: Math.max(...news.map((each) => each.absoluteExpiresAtMs)),
      regeneratedAtMs: Math.max(...news.map((each) => each.regeneratedAtMs)),
    };
    expect(forward.get(S)).toEqual(joined);
    expect(backward.get(S)).toEqual(joined);
    for (const each of news) expect(forward.add(S, each)).toBe(false);
    expect(forward.count).toBe(1);
  });
  fc.assert(property, { numRuns: 200 });
});

test("P3: one may be forgotten twice the margin after its end, not before", () => {
  const tombstones = new Tombstones();
  tombstones.add(S, { absoluteExpiresAtMs: 1_000, regeneratedAtMs: 9_999 });
  tombstones.add(sessionId(2), { absoluteExpiresAtMs: 2_000, regeneratedAtMs: 0 });
  const forgettable = (nowMs: number): SessionId[] =>
    [S, sessionId(2)].flatMap((id) => tombstones.forgettable(partitionOf(id), nowMs, 60));
  expect(forgettable(1_119)).toEqual([]);
  expect(forgettable(1_120)).toEqual([S]);
  expect(forgettable(2_120)).toEqual([S, sessionId(2)]);
  tombstones.remove(S);
  expect(tombstones.get(S)).toBeUndefined();
  expect(tombstones.count).toBe(1);
});
