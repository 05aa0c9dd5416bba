/** Digests: equal for equal states, however they came about, and different for any other. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PartitionSums } from "../antientropy/partition-sums.js";
import type { Hlc } from "../hlc.js";
import type { WriterId } from "../ids.js";
import type { Envelope, UnknownField } from "../session-state.js";
import { ENVELOPE, PLAIN, SESSION, VECTOR } from "../wire/model/arbitraries.suite.js";
import { canonical } from "./envelope.js";
import { canonicalField, SessionDigester } from "./fingerprint.js";
import { withVersion } from "./version-vector.js";

const digester = new SessionDigester([1, 2]);

/** Every single change of a session's state. */
const CHANGES: Readonly<Record<string, (envelope: Envelope) => Envelope>> = {
  created: (e) => ({ ...e, createdAtMs: e.createdAtMs + 1 }),
  "created by a fraction": (e) => ({ ...e, createdAtMs: e.createdAtMs + 0.25 }),
  end: (e) => ({ ...e, absoluteExpiresAtMs: e.absoluteExpiresAtMs + 2 ** 33 }),
  idle: (e) => ({ ...e, idleMs: e.idleMs + 1 }),
  "idle clock": (e) => ({ ...e, idleStamp: { ...e.idleStamp, hlc: (e.idleStamp.hlc + 1) as Hlc } }),
  "idle writer": (e) => ({
    ...e,
    idleStamp: { ...e.idleStamp, writer: (e.idleStamp.writer ^ 1) as WriterId },
  }),
  touch: (e) => ({ ...e, touchedAtMs: e.touchedAtMs + 1 }),
  revision: (e) => {
    const count = (e.revisions[1] ?? 0) + 1;
    return { ...e, revisions: withVersion(e.revisions, (e.revisions[0] ?? 5) as WriterId, count) };
  },
  "unknown field": (e) => ({ ...e, unknown: withField(e, { join: "max", value: 1 }) }),
  "value of an unknown field": (e) => ({
    ...e,
    unknown: withField(e, { join: "max", value: [1] }),
  }),
};

function withField(
  { unknown }: Envelope,
  field: Pick<UnknownField, "join" | "value">,
): Envelope["unknown"] {
  const stamp = { hlc: 0 as Hlc, writer: 0 as WriterId };
  return new Map([...unknown, ["of-the-test", { ...field, stamp }]]);
}

describe("the digest of a session", () => {
  test("is a function of its state alone", () => {
    const property = fc.property(SESSION, VECTOR, ENVELOPE, (session, vector, envelope) => {
      const unknown = new Map([...envelope.unknown].reverse());
      const copy = structuredClone({ ...envelope, unknown });
      expect(new SessionDigester([1, 2]).ofSession(session, [...vector], copy)).toEqual(
        digester.ofSession(session, vector, envelope),
      );
    });
    fc.assert(property, { numRuns: 200 });
  });

  test.each(Object.entries(CHANGES))("changes with its %s", (_, change) => {
    const property = fc.property(SESSION, VECTOR, ENVELOPE, (session, vector, envelope) => {
      const before = digester.ofSession(session, vector, envelope);
      const after = digester.ofSession(session, vector, change(envelope));
      expect(after.a === before.a || after.b === before.b).toBe(false);
    });
    fc.assert(property, { numRuns: 100 });
  });

  test("changes with its document, its name and the cluster's key", () => {
    const property = fc.property(SESSION, SESSION, ENVELOPE, (session, other, envelope) => {
      fc.pre(session !== other);
      const digests = [
        digester.ofSession(session, [5, 1], envelope),
        digester.ofSession(session, [5, 2], envelope),
        digester.ofSession(session, [6, 1], envelope),
        digester.ofSession(session, [5, 1, 6, 1], envelope),
        digester.ofSession(other, [5, 1], envelope),
        new SessionDigester([1, 3]).ofSession(session, [5, 1], envelope),
        new SessionDigester([2, 2]).ofSession(session, [5, 1], envelope),
      ];
      expect(new Set(digests.map(({ a, b }) => `${a} ${b}`)).size).toBe(digests.length);
    });
    fc.assert(property, { numRuns: 100 });
  });

  test("is two lanes of 32 bits that sums can add", () => {
    const property = fc.property(SESSION, VECTOR, ENVELOPE, (session, vector, envelope) => {
      const digest = digester.ofSession(session, vector, envelope);
      const sums = new PartitionSums();
      sums.change(session, undefined, digest);
      expect(sums.toArray().filter((lane) => lane !== 0)).toEqual(
        [digest.a, digest.b].filter((lane) => lane !== 0),
      );
    });
    fc.assert(property, { numRuns: 50 });
  });
});

describe("the digest of a tombstone", () => {
  test("is of its name and its end, not of when it was regenerated", () => {
    const property = fc.property(SESSION, fc.nat(), fc.nat(), (session, endMs, atMs) => {
      const tombstone = { absoluteExpiresAtMs: endMs, regeneratedAtMs: 0 };
      const digest = digester.ofTombstone(session, tombstone);
      const regenerated = digester.ofTombstone(session, { ...tombstone, regeneratedAtMs: atMs });
      expect(regenerated).toEqual(digest);
      const later = { ...tombstone, absoluteExpiresAtMs: endMs + 1 };
      expect(digester.ofTombstone(session, later)).not.toEqual(digest);
    });
    fc.assert(property, { numRuns: 50 });
  });

  test("is never that of the session", () => {
    const property = fc.property(SESSION, ENVELOPE, (session, envelope) => {
      const { absoluteExpiresAtMs } = envelope;
      const tombstone = digester.ofTombstone(session, { absoluteExpiresAtMs, regeneratedAtMs: 0 });
      expect(digester.ofSession(session, [], envelope)).not.toEqual(tombstone);
    });
    fc.assert(property, { numRuns: 50 });
  });
});

test("values of unknown fields that differ have texts that differ", () => {
  const property = fc.property(PLAIN, PLAIN, (a, b) => {
    expect(canonical(a) === canonical(b)).toBe(isSame(a, b));
  });
  fc.assert(property, { numRuns: 500 });
  expect(canonical(['a,string"b"'])).not.toBe(canonical(["a", "b"]));
  expect(canonical(["a,stringb"])).not.toBe(canonical(["a", "b"]));
  expect(canonical("b1,2")).not.toBe(canonical(Uint8Array.of(1, 2)));
  expect(canonical({ a: 1, b: 2 })).toBe(canonical({ b: 2, a: 1 }));
});

function isSame(a: unknown, b: unknown): boolean {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, inner: unknown) => {
      if (inner instanceof Uint8Array) return { "\0bytes": [...inner] };
      if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
      return Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1)));
    });
  return text(a) === text(b);
}

test("a field of an envelope has the text that its canonical form is", () => {
  const property = fc.property(ENVELOPE, PLAIN, ({ idleStamp: stamp }, value) => {
    for (const join of ["max", "min", "or", "last"] as const) {
      const field = { join, value, stamp };
      expect(canonicalField(field)).toBe(canonical(field));
    }
  });
  fc.assert(property, { numRuns: 100 });
});

test("a path is named by 16 digits that say nothing without the key", () => {
  const hash = digester.ofPath("A".repeat(22) as never, "/cart/items");
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  expect(new SessionDigester([9, 9]).ofPath("A".repeat(22) as never, "/cart/items")).not.toBe(hash);
});
