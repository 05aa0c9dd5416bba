/** The scan that guards the decoder agrees with it about what is one MessagePack value. */
import * as fc from "fast-check";
import { Packr, Unpackr } from "msgpackr";
import { expect, test } from "vitest";
import { PLAIN } from "./model/arbitraries.suite.js";
import { isWellFormed, NESTING_MAX } from "./scan.js";

const packr = new Packr({ useRecords: false });
// Maps with any keys: messages have none, but the scan knows nothing of that.
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: false });

function canDecode(bytes: Uint8Array): boolean {
  try {
    unpackr.unpack(bytes);
    return true;
  } catch {
    return false;
  }
}

test("what msgpackr encodes is well-formed, and no part of it is", () => {
  const value = fc.oneof(PLAIN, fc.double(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));
  const property = fc.property(value, fc.nat(), (each, cut) => {
    const bytes = packr.pack(each);
    expect(isWellFormed(bytes)).toBe(true);
    expect(isWellFormed(bytes.subarray(0, cut % bytes.length))).toBe(false);
    expect(isWellFormed(Uint8Array.of(...bytes, 0xc0))).toBe(false);
  });
  fc.assert(property, { numRuns: 500 });
});

test("large values of every header are well-formed", () => {
  for (const length of [15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
    const map = new Map(Array.from({ length }, (_, i) => [`k${i}`, i]));
    const values = ["x".repeat(length), new Uint8Array(length), Array(length).fill(0), map];
    for (const value of values) expect(isWellFormed(packr.pack(value))).toBe(true);
  }
  for (const power of [5, 7, 8, 15, 16, 31, 32, 52]) {
    for (const number of [2 ** power, -(2 ** power), 2 ** power - 1, 0.1 * 2 ** power]) {
      expect(isWellFormed(packr.pack(number))).toBe(true);
    }
  }
});

test("what is well-formed, msgpackr decodes", () => {
  const counts = { wellFormed: 0, refused: 0 };
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x91, 0x92, 0x81, 0xa1, 0xc4, 0xcd, 0xc0, 1));
  const property = fc.property(fc.array(byte, { maxLength: 12 }), (codes) => {
    const bytes = Uint8Array.from(codes);
    if (!isWellFormed(bytes)) {
      counts.refused += 1;
      return;
    }
    counts.wellFormed += 1;
    expect(canDecode(bytes)).toBe(true);
  });
  fc.assert(property, { numRuns: 3_000 });
  expect(counts.wellFormed).toBeGreaterThan(100);
  expect(counts.refused).toBeGreaterThan(100);
});

test(`values nest ${NESTING_MAX} deep and no deeper`, () => {
  const nested = (depth: number): unknown => (depth === 1 ? 7 : [nested(depth - 1)]);
  const mapped = (depth: number): unknown => (depth === 1 ? 7 : { k: mapped(depth - 1) });
  for (const of of [nested, mapped]) {
    expect(isWellFormed(packr.pack(of(NESTING_MAX)))).toBe(true);
    expect(isWellFormed(packr.pack(of(NESTING_MAX + 1)))).toBe(false);
  }
});

test("an empty frame is no value", () => {
  expect(isWellFormed(new Uint8Array())).toBe(false);
});
