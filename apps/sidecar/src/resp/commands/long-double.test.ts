/** Sums of fractions have the digits that Redis shows: those of 64 bits of mantissa. */
import { expect, test } from "vitest";
import { addLongDoubles, formatLongDouble, LONG_ZERO, parseLongDouble } from "./long-double.js";

function sum(a: string, b: string): string | undefined {
  const [x, y] = [parseLongDouble(a), parseLongDouble(b)];
  const total = x && y && addLongDoubles(x, y);
  return total && formatLongDouble(total);
}

// Seen with a redis-server 7.0.15 on x86-64.
test.each([
  ["0", "0.1", "0.1"],
  ["3.0e3", "200", "3200"],
  ["1.5", "-1.5", "0"],
  ["10.50", "0.1", "10.6"],
  ["5.0e3", "2.0e2", "5200"],
  ["1", "1e-17", "1.00000000000000001"],
  ["17179869184", "1.5", "17179869185.5"],
  ["-.5", "5.", "4.5"],
  ["123456.789", "0.1", "123456.8890000000000029"],
  ["0x10", "0x.8p1", "17"],
])("%s + %s = %s", (a, b, total) => {
  expect(sum(a, b)).toBe(total);
});

test.each(["", " 1", "1 ", "abc", "nan", "1e99999", "0x", "1_0", "--1"])(
  "%j is no number",
  (text) => {
    expect(parseLongDouble(text)).toBeUndefined();
  },
);

test("infinite numbers are known and cannot be added", () => {
  const infinite = parseLongDouble("-inf");
  expect(infinite?.isInfinite).toBe(true);
  expect(infinite && addLongDoubles(infinite, LONG_ZERO)).toBeUndefined();
});
