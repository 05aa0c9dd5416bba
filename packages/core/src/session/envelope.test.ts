/** P11: what a newer version put into an envelope is joined and passed on by one that knows it not. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Hlc } from "../hlc.js";
import type { SessionId, WriterId } from "../ids.js";
import type { Envelope, Join, UnknownField } from "../session-state.js";
import { encodeMessage } from "../wire/codec.js";
import { ENVELOPE } from "../wire/model/arbitraries.suite.js";
import { decodeFrame } from "../wire/validate.js";
import { createEnvelope, joinEnvelopes } from "./envelope.js";

const stamp = (hlc: number, writer: number) => ({ hlc: hlc as Hlc, writer: writer as WriterId });

/** An envelope as it comes out of a frame. */
function overTheWire(envelope: Envelope): Envelope {
  const session = "A".repeat(22) as SessionId;
  const item = {
    kind: "state",
    session,
    envelope,
    hlcMax: 0 as Hlc,
    update: new Uint8Array(),
  } as const;
  const message = decodeFrame(encodeMessage({ type: "sync", request: 1, items: [item] }));
  const [decoded] = message.type === "sync" ? message.items : [];
  if (decoded?.kind !== "state") throw new Error("no copy came out of the frame");
  return decoded.envelope;
}

describe("copies from the wire", () => {
  test("join the same on either side of it, and in any order", () => {
    const property = fc.property(ENVELOPE, ENVELOPE, ENVELOPE, (a, b, c) => {
      const joined = joinEnvelopes(a, joinEnvelopes(b, c));
      const [x, y, z] = [a, b, c].map(overTheWire) as [Envelope, Envelope, Envelope];
      expect(overTheWire(joinEnvelopes(overTheWire(joinEnvelopes(z, x)), y))).toEqual(joined);
      expect(joinEnvelopes(joined, y)).toBe(joined);
    });
    fc.assert(property, { numRuns: 300 });
  });
});

describe("fields of a newer version", () => {
  const born = createEnvelope({ nowMs: 1, idleMs: 60, absoluteMs: 600, stamp: stamp(1, 1) });
  const having = (join: Join, value: unknown, at = stamp(0, 0)): Envelope => {
    const field: UnknownField = { join, value, stamp: at };
    return { ...born, unknown: new Map([["newer", field]]) };
  };
  const valueOf = (a: Envelope, b: Envelope): unknown => {
    const [there, back] = [joinEnvelopes(a, b), joinEnvelopes(b, a)];
    expect(back).toEqual(there);
    return there.unknown.get("newer")?.value;
  };

  test("max takes the larger, min the smaller, or what is true, last the later", () => {
    expect(valueOf(having("max", 3), having("max", 20))).toBe(20);
    expect(valueOf(having("min", 3), having("min", 20))).toBe(3);
    expect(valueOf(having("or", true), having("or", false))).toBe(true);
    expect(valueOf(having("last", 9, stamp(5, 2)), having("last", 1, stamp(6, 1)))).toBe(1);
    expect(valueOf(having("last", 9, stamp(5, 2)), having("last", 1, stamp(5, 1)))).toBe(9);
  });

  test("are kept where the other copy has none", () => {
    expect(valueOf(having("min", 3), born)).toBe(3);
    expect(joinEnvelopes(born, born).unknown.size).toBe(0);
  });

  test("join in one way though a value is no number, or its stamp is odd", () => {
    const odd = [
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      2n ** 60n,
      "9",
      null,
      [],
      {},
      Uint8Array.of(1),
    ];
    for (const join of ["max", "min", "or", "last"] as const) {
      for (const a of [...odd, 0, 7, true]) {
        for (const b of odd) {
          const winner = valueOf(having(join, a), having(join, b));
          expect([a, b]).toContainEqual(winner);
        }
      }
      const [early, late] = [having(join, 1, stamp(1, 1)), having(join, 1, stamp(2, 1))];
      expect(joinEnvelopes(early, late)).toEqual(joinEnvelopes(late, early));
    }
  });

  test("that two versions join in different ways join in one way", () => {
    expect(valueOf(having("max", 1), having("min", 2))).toBe(1);
  });
});

test("M10: two idle times under one stamp join to one, whoever sends them", () => {
  const a = createEnvelope({ nowMs: 1, idleMs: 60, absoluteMs: 600, stamp: stamp(1, 1) });
  const b = { ...a, idleMs: 90 };
  expect(joinEnvelopes(a, b)).toEqual(joinEnvelopes(b, a));
});
