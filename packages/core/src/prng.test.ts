/** The generator: a seed gives the same sequence for ever, or recorded runs could not be replayed. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createPrng } from "./prng.js";

const seeds = fc.maxSafeNat();

const firsts = (seed: number): number[] => {
  const random = createPrng(seed);
  return Array.from({ length: 4 }, () => random.uint32());
};

test("a seed gives the sequence that it always gave", () => {
  expect(firsts(0)).toEqual([2_281_979_467, 2_598_931_707, 3_897_380_420, 995_814_277]);
  expect(firsts(8_123_041)).toEqual([2_377_543_270, 2_319_937_371, 2_912_716_936, 1_365_283_171]);
  expect(createPrng(1).uint53()).toBe(3_348_327_076_380_900);
});

test("all 53 bits of a seed count", () => {
  const property = fc.property(seeds, fc.nat(52), (seed, bit) => {
    const low = seed % 2 ** (bit + 1) >= 2 ** bit;
    expect(firsts(low ? seed - 2 ** bit : seed + 2 ** bit)).not.toEqual(firsts(seed));
  });
  fc.assert(property, { numRuns: 300 });
});

test("what is drawn lies within its bounds, and reaches them", () => {
  const property = fc.property(
    seeds,
    fc.integer(),
    fc.integer({ min: 1, max: 50 }),
    (seed, min, n) => {
      const random = createPrng(seed);
      const drawn = Array.from({ length: 40 * n }, () => random.range(min, min + n));
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(min);
      expect(Math.max(...drawn)).toBeLessThan(min + n);
      if (n <= 3) expect(new Set(drawn).size).toBe(n);
      const writer = random.uint53();
      expect(Number.isSafeInteger(writer) && writer > 0).toBe(true);
    },
  );
  fc.assert(property, { numRuns: 100 });
});

test("chance is about as likely as it says", () => {
  const random = createPrng(7);
  const share = (p: number): number =>
    Array.from({ length: 10_000 }, () => random.chance(p)).filter(Boolean).length / 10_000;
  expect(share(0)).toBe(0);
  expect(share(1)).toBe(1);
  expect(share(0.25)).toBeGreaterThan(0.23);
  expect(share(0.25)).toBeLessThan(0.27);
});

test("a shuffle keeps what there is, leaves the original alone, and reaches every order", () => {
  const property = fc.property(seeds, fc.array(fc.nat()), (seed, items) => {
    const copy = [...items];
    const shuffled = createPrng(seed).shuffle(items);
    expect(items).toEqual(copy);
    expect([...shuffled].sort()).toEqual([...items].sort());
  });
  fc.assert(property, { numRuns: 50 });
  const random = createPrng(3);
  const orders = new Set(Array.from({ length: 200 }, () => random.shuffle([1, 2, 3]).join()));
  expect(orders.size).toBe(6);
  expect(new Set(Array.from({ length: 100 }, () => random.pick("abc".split("")))).size).toBe(3);
});
