/** Sums are a function of the set alone: no order, no history, and any difference shows. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PARTITION_COUNT, partitionOf, type SessionId } from "../ids.js";
import { SESSION } from "../wire/model/arbitraries.suite.js";
import { type Lanes, PartitionSums } from "./partition-sums.js";

const lane = fc.nat({ max: 0xffff_ffff });
const lanes: fc.Arbitrary<Lanes> = fc.record({ a: lane, b: lane });
const set = fc
  .array(fc.tuple(SESSION, lanes), { maxLength: 30 })
  .map((entries) => new Map<SessionId, Lanes>(entries));

function sumsOf(entries: Iterable<readonly [SessionId, Lanes]>): PartitionSums {
  const sums = new PartitionSums();
  for (const [session, digest] of entries) sums.change(session, undefined, digest);
  return sums;
}

describe("the sums of a set", () => {
  test("do not depend on the order, nor on what was there before", () => {
    const property = fc.property(set, set, (now, once) => {
      const sums = sumsOf(once);
      for (const [session, digest] of [...now].reverse()) {
        sums.change(session, once.get(session), digest);
      }
      for (const [session, digest] of once) {
        if (!now.has(session)) sums.change(session, digest, undefined);
      }
      const fresh = sumsOf(now);
      expect(sums.toArray()).toEqual(fresh.toArray());
      expect(sums.root()).toEqual(fresh.root());
      expect(sums.count).toBe(now.size);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("differ in exactly the partitions in which the sets do", () => {
    const property = fc.property(set, set, (left, right) => {
      const isSame = (session: SessionId): boolean => {
        const [x, y] = [left.get(session), right.get(session)];
        return x?.a === y?.a && x?.b === y?.b;
      };
      const changed = [...left.keys(), ...right.keys()].filter((session) => !isSame(session));
      const partitions = [...new Set(changed.map(partitionOf))].sort((x, y) => x - y);
      const [a, b] = [sumsOf(left), sumsOf(right)];
      expect(a.differing(b.toArray())).toEqual(partitions);
      expect(b.differing(a.toArray())).toEqual(partitions);
      if (partitions.length > 0) expect(a.root()).not.toEqual(b.root());
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("tell two partitions that changed places apart", () => {
    const digest = { a: 5, b: 7 };
    const [first, second] = ["A".repeat(22), "B".repeat(22)] as [SessionId, SessionId];
    const [a, b] = [sumsOf([[first, digest]]), sumsOf([[second, digest]])];
    expect(a.root().a).not.toBe(b.root().a);
    expect(a.root().b).not.toBe(b.root().b);
  });

  test("that came in another number differ everywhere they are not there", () => {
    const sums = new PartitionSums();
    expect(sums.partitions()).toHaveLength(PARTITION_COUNT);
    expect(sums.differing([])).toEqual(sums.partitions());
    expect(sums.differing([0, 0])).toEqual(sums.partitions().slice(1));
    expect(sums.differing([...sums.toArray(), 1, 2])).toEqual([]);
  });
});

test("partitions are the first eight bits of a session's id", () => {
  const property = fc.property(SESSION, (session) => {
    expect(partitionOf(session)).toBe(Buffer.from(session.slice(0, 4), "base64url")[0]);
  });
  fc.assert(property);
});
