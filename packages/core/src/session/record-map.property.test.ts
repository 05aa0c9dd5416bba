/** The map of records is a map, whatever is set, moved and cleared out, and its memory stays bounded. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PARTITION_COUNT, partitionOf, type SessionId } from "../ids.js";
import { createPrng } from "../prng.js";
import { sessionId } from "./model/table.suite.js";
import { RecordMap, sessionOf } from "./record-map.js";

/** A record of that length that no other looks like. */
function recordOf(length: number, salt: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + salt) & 0xff);
}

/** Whether the map holds this of a session; told by hand, for the records are long. */
function isIn(map: RecordMap, session: SessionId, expected: Uint8Array): boolean {
  const record = map.get(session);
  if (!record) return false;
  const from = record.fromInclusive;
  return expected.every((byte, i) => record.bytes[from + i] === byte);
}

const step = fc.record({
  which: fc.nat(40),
  // Ids of one partition meet in one hash table.
  isCrowded: fc.boolean(),
  length: fc.oneof(
    { weight: 5, arbitrary: fc.nat(600) },
    { weight: 1, arbitrary: fc.constantFrom(40_000, 300_000) },
  ),
  isRemoval: fc.boolean(),
});

test("it holds what a Map holds after any sets and removals", () => {
  const property = fc.property(fc.array(step, { maxLength: 50, size: "max" }), (steps) => {
    const [map, model] = [new RecordMap(), new Map<SessionId, Uint8Array>()];
    steps.forEach(({ which, isCrowded, length, isRemoval }, salt) => {
      const session = sessionId(isCrowded ? 64 * which : which);
      if (isRemoval) {
        map.remove(session);
        model.delete(session);
      } else {
        map.set(session, recordOf(length, salt));
        model.set(session, recordOf(length, salt));
      }
    });
    expect(map.count).toBe(model.size);
    for (const [session, record] of model) {
      expect(map.has(session)).toBe(true);
      expect(isIn(map, session, record)).toBe(true);
    }
    const listed: SessionId[] = [];
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      const sessions = map.sessionsOf(partition);
      expect(sessions.every((session) => partitionOf(session) === partition)).toBe(true);
      expect(map.countOf(partition)).toBe(sessions.length);
      map.visit(partition, (record) => listed.push(sessionOf(record)));
    }
    expect(listed.sort()).toEqual([...model.keys()].sort());
  });
  fc.assert(property, { numRuns: 50 });
});

test("records that are rewritten again and again take little more memory than they are long", () => {
  const [map, prng] = [new RecordMap(), createPrng(5)];
  const lengths = new Map<SessionId, number>();
  for (let i = 0; i < 30_000; i++) {
    const session = sessionId(prng.range(0, 4_000));
    const length = prng.range(1, 800);
    map.set(session, recordOf(length, length));
    lengths.set(session, length);
    if (i % 7 === 0) {
      const gone = sessionId(prng.range(0, 4_000));
      map.remove(gone);
      lengths.delete(gone);
    }
  }
  let live = 0;
  for (const [session, length] of lengths) {
    live += length;
    expect(isIn(map, session, recordOf(length, length))).toBe(true);
  }
  expect(map.count).toBe(lengths.size);
  expect(map.totalBytes).toBeLessThan(live * 1.7 + 1_000_000);
  for (const session of lengths.keys()) map.remove(session);
  expect(map.count).toBe(0);
  expect(map.totalBytes, "memory of nothing").toBeLessThan(600_000);
});

test("a table of few sessions takes few bytes", () => {
  const map = new RecordMap();
  for (let i = 0; i < 3; i++) map.set(sessionId(i), recordOf(400, i));
  expect(map.totalBytes).toBeLessThanOrEqual(4_096);
});
