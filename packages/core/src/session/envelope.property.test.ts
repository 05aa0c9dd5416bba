/** The envelope is a lattice: copies merge to one, in whatever order and however often. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Hlc } from "../hlc.js";
import type { WriterId } from "../ids.js";
import type { Envelope, Join, UnknownField } from "../session-state.js";
import {
  createEnvelope,
  joinEnvelopes,
  touchQuantum,
  withIdle,
  withRevision,
  withTouch,
} from "./envelope.js";

const small = fc.nat({ max: 5 });
const stamp = fc.record({
  hlc: small.map((value) => value as Hlc),
  writer: fc.integer({ min: 1, max: 3 }).map((value) => value as WriterId),
});
const revisions = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })), {
    selector: ([writer]) => writer,
  })
  .map((pairs) => pairs.sort(([a], [b]) => a - b).flat());
const field: fc.Arbitrary<UnknownField> = fc.record({
  join: fc.constantFrom<Join>("max", "min", "or", "last"),
  value: fc.oneof(
    small,
    fc.boolean(),
    fc.constantFrom("a", "b"),
    fc.array(small, { maxLength: 2 }),
  ),
  stamp,
});
const unknown = fc
  .array(fc.tuple(fc.constantFrom("x", "y"), field), { maxLength: 2 })
  .map((entries): ReadonlyMap<string, UnknownField> => new Map(entries));
const envelope: fc.Arbitrary<Envelope> = fc.record({
  createdAtMs: small,
  absoluteExpiresAtMs: small,
  idleMs: small,
  idleStamp: stamp,
  touchedAtMs: small,
  revisions,
  unknown,
});

describe("joining copies", () => {
  test("M11: is commutative, associative and idempotent", () => {
    fc.assert(
      fc.property(envelope, envelope, envelope, (a, b, c) => {
        const ab = joinEnvelopes(a, b);
        expect(joinEnvelopes(b, a)).toEqual(ab);
        expect(joinEnvelopes(joinEnvelopes(a, b), c)).toEqual(
          joinEnvelopes(a, joinEnvelopes(b, c)),
        );
        expect(joinEnvelopes(ab, b)).toBe(ab);
        expect(joinEnvelopes(ab, a)).toBe(ab);
      }),
      { numRuns: 2_000 },
    );
  });

  test("M10: touch and touch, touch and idle time: the later touch, and both", () => {
    fc.assert(
      fc.property(envelope, small, small, fc.nat({ max: 99 }), (start, t1, t2, idleMs) => {
        const later = { hlc: 10 as Hlc, writer: 1 as WriterId };
        const touched = withTouch(start, t1 * 1_000);
        const changed = withIdle(withTouch(start, t2 * 1_000), idleMs, later);
        const joined = joinEnvelopes(touched, changed);
        expect(joined.touchedAtMs).toBe(Math.max(touched.touchedAtMs, changed.touchedAtMs));
        expect(joined.idleMs).toBe(idleMs);
      }),
    );
  });

  test("lifetimes are the minimum, revisions the maximum of each writer", () => {
    fc.assert(
      fc.property(envelope, envelope, (a, b) => {
        const joined = joinEnvelopes(a, b);
        expect(joined.createdAtMs).toBe(Math.min(a.createdAtMs, b.createdAtMs));
        expect(joined.absoluteExpiresAtMs).toBe(
          Math.min(a.absoluteExpiresAtMs, b.absoluteExpiresAtMs),
        );
        const counts = new Map<number, number>();
        for (const vector of [a.revisions, b.revisions]) {
          for (let i = 0; i < vector.length; i += 2) {
            const [writer, count] = [vector[i] as number, vector[i + 1] as number];
            counts.set(writer, Math.max(count, counts.get(writer) ?? 0));
          }
        }
        expect(joined.revisions).toEqual([...counts].sort(([x], [y]) => x - y).flat());
      }),
    );
  });
});

describe("changing one copy", () => {
  const born = createEnvelope({
    nowMs: 1_000_003,
    idleMs: 60_000,
    absoluteMs: 3_600_000,
    stamp: { hlc: 1 as Hlc, writer: 1 as WriterId },
  });

  test("P4: a touch is rounded up to the next quantum, and is no write within one", () => {
    expect(touchQuantum(1, 60_000)).toBe(3_000);
    expect(touchQuantum(3_000, 60_000)).toBe(3_000);
    expect(born.touchedAtMs).toBe(1_002_000);
    expect(withTouch(born, 1_001_999)).toBe(born);
    expect(withTouch(born, 1_002_001).touchedAtMs).toBe(1_005_000);
    expect(withTouch(born, 0)).toBe(born);
  });

  test("an idle time below its quanta does not divide by nothing", () => {
    expect(touchQuantum(5, 0)).toBe(5);
    expect(touchQuantum(5.5, 7)).toBe(6);
  });

  test("what is already so changes nothing", () => {
    expect(withIdle(born, 60_000, { hlc: 9 as Hlc, writer: 2 as WriterId })).toBe(born);
    expect(withRevision(born, 5 as WriterId, 1).revisions).toEqual([5, 1]);
  });
});
