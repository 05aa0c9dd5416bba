/** Hybrid logical clocks: one integer that orders, never runs back, and keeps near the wall clock. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantError } from "./assert.js";
import {
  compareStamps,
  type Hlc,
  HLC_ZERO,
  hlcAfter,
  hlcFromMillis,
  hlcToMillis,
  isHlc,
  type Stamp,
} from "./hlc.js";
import type { WriterId } from "./ids.js";

const Y2020_MS = Date.UTC(2020, 0, 1);
const Y2150_MS = Date.UTC(2150, 0, 1);
const wall = fc.integer({ min: Y2020_MS, max: Y2150_MS });
const clock = fc.nat({ max: Number.MAX_SAFE_INTEGER - 1 }).map((value) => value as Hlc);
const stamp: fc.Arbitrary<Stamp> = fc.record({
  hlc: fc.nat(3).map((value) => value as Hlc),
  writer: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map((id) => id as WriterId),
});

test("a clock lies in the millisecond that it was made of, fractions and all", () => {
  const property = fc.property(wall, fc.double({ min: 0, max: 0.999, noNaN: true }), (ms, part) => {
    expect(hlcToMillis(hlcFromMillis(ms + part))).toBe(ms);
    expect(hlcToMillis((hlcFromMillis(ms) + 2047) as Hlc)).toBe(ms);
    expect(hlcToMillis((hlcFromMillis(ms) + 2048) as Hlc)).toBe(ms + 1);
  });
  fc.assert(property);
});

test("the next clock is above all that was seen, and no further than it must be", () => {
  const property = fc.property(wall, fc.array(clock, { maxLength: 4 }), (ms, seen) => {
    const next = hlcAfter(ms, ...seen);
    for (const each of seen) expect(next).toBeGreaterThan(each);
    expect(next).toBeGreaterThanOrEqual(hlcFromMillis(ms));
    expect([hlcFromMillis(ms), ...seen.map((each) => each + 1)]).toContain(next);
    expect(isHlc(next)).toBe(true);
  });
  fc.assert(property);
});

test("a wall clock that jumps back does not take the clock with it", () => {
  let hlc = hlcAfter(Y2150_MS);
  for (const ms of [Y2150_MS - 1, Y2020_MS, 0, -5]) {
    const next = hlcAfter(ms, hlc);
    expect(next).toBe(hlc + 1);
    hlc = next;
  }
});

test("times before 2020 are the clock before all others, and one beyond all bounds is a bug", () => {
  expect(hlcFromMillis(0)).toBe(HLC_ZERO);
  expect(hlcFromMillis(Y2020_MS)).toBe(HLC_ZERO);
  expect(() => hlcAfter(0, Number.MAX_SAFE_INTEGER as Hlc)).toThrow(InvariantError);
});

test("M2: stamps are in one total order, by clock and then by writer", () => {
  const property = fc.property(stamp, stamp, stamp, (a, b, c) => {
    expect(Math.sign(compareStamps(a, b))).toBe(-Math.sign(compareStamps(b, a)) + 0);
    expect(compareStamps(a, b) === 0).toBe(a.hlc === b.hlc && a.writer === b.writer);
    if (compareStamps(a, b) <= 0 && compareStamps(b, c) <= 0) {
      expect(compareStamps(a, c)).toBeLessThanOrEqual(0);
    }
    if (a.hlc < b.hlc) expect(compareStamps(a, b)).toBeLessThan(0);
  });
  fc.assert(property, { numRuns: 300 });
});

test("only integers from 0 below 2^53 are clocks", () => {
  expect([0, 1, Number.MAX_SAFE_INTEGER].map(isHlc)).toEqual([true, true, true]);
  const others = [-1, 0.5, 2 ** 53, Number.NaN, "1", null, undefined, 1n];
  expect(others.map(isHlc)).toEqual(others.map(() => false));
});
