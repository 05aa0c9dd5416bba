/** How long a link may be silent: adaptive, never below the floor, and fair to our own stalls. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { SilenceMeter } from "./silence.js";

const BOUNDS = { intervalMs: 1_000, floorMs: 2_000 };

function meterAfter(gapsMs: readonly number[]): { meter: SilenceMeter; nowMs: number } {
  const meter = new SilenceMeter(0, BOUNDS);
  let nowMs = 0;
  for (const gapMs of gapsMs) meter.hear((nowMs += gapMs));
  return { meter, nowMs };
}

test("a regular peer is suspected after an interval and the floor", () => {
  const { meter, nowMs } = meterAfter(Array.from({ length: 50 }, () => 1_000));
  expect(meter.isSilent(nowMs + 3_000)).toBe(false);
  expect(meter.isSilent(nowMs + 3_200)).toBe(true);
});

test("silence below the floor never counts, and beyond four floors always does", () => {
  const gap = fc.integer({ min: 0, max: 10_000 });
  fc.assert(
    fc.property(fc.array(gap, { maxLength: 50 }), (gapsMs) => {
      const { meter, nowMs } = meterAfter(gapsMs);
      expect(meter.isSilent(nowMs + 2_000)).toBe(false);
      expect(meter.isSilent(nowMs + 8_001)).toBe(true);
    }),
  );
});

test("an irregular peer is given more time than a regular one", () => {
  const irregular = Array.from({ length: 40 }, (_, i) => (i % 2 ? 600 : 2_500));
  const { meter, nowMs } = meterAfter(irregular);
  expect(meter.isSilent(nowMs + 4_500)).toBe(false);
});

test("a burst of frames does not make the meter impatient", () => {
  const burst = Array.from({ length: 1_000 }, () => 1);
  const { meter, nowMs } = meterAfter([...Array.from({ length: 20 }, () => 1_000), ...burst]);
  expect(meter.isSilent(nowMs + 2_900)).toBe(false);
});

test("a stall of our own is no silence of the peer, and no credit for the future", () => {
  const { meter, nowMs } = meterAfter(Array.from({ length: 50 }, () => 1_000));
  const afterMs = nowMs + 60_000;
  meter.forgive(59_000, afterMs);
  expect(meter.isSilent(afterMs)).toBe(false);
  expect(meter.isSilent(afterMs + 3_200)).toBe(true);
  // What was heard just before the tick that noticed the stall does not count from later than now.
  meter.hear(afterMs);
  meter.forgive(59_000, afterMs);
  expect(meter.isSilent(afterMs + 3_200)).toBe(true);
});
