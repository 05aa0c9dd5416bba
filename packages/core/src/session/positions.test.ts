/** That there is always room between two positions, and how long they become. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WriterId } from "../ids.js";
import { isPosition, positionBetween, positionsBetween, rankOf, slotIdOf } from "./positions.js";

const id = (writer: number, clock: number): string => slotIdOf(writer as WriterId, clock);

describe("positions", () => {
  test("10,000 pushes, and 10,000 unshifts, take at most four characters", () => {
    let [low, high] = [undefined, undefined] as [string | undefined, string | undefined];
    for (let i = 0; i < 10_000; i++) {
      const [pushed, unshifted] = [
        positionBetween(low, undefined),
        positionBetween(undefined, high),
      ];
      expect(pushed.length).toBeLessThanOrEqual(4);
      expect(unshifted.length).toBeLessThanOrEqual(4);
      const [nextLow, nextHigh] = [rankOf(pushed, id(5, i)), rankOf(unshifted, id(5, i))];
      if (low !== undefined) expect(nextLow > low).toBe(true);
      if (high !== undefined) expect(nextHigh < high).toBe(true);
      [low, high] = [nextLow, nextHigh];
    }
  });

  test("a thousand inserts at one place take one character for every six", () => {
    const low = rankOf("a0", id(1, 0));
    let high = rankOf("a1", id(1, 1));
    for (let i = 0; i < 1000; i++) {
      const position = positionBetween(low, high);
      expect(isPosition(position)).toBe(true);
      const rank = rankOf(position, id(2, i));
      expect(low < rank && rank < high).toBe(true);
      high = rank;
    }
    expect(high.length).toBeLessThan(220);
  });

  test("there is room between any two ranks, whoever fills it", () => {
    const writer = fc.integer({ min: 1, max: 60 });
    const inserts = fc.array(fc.tuple(fc.nat(1000), writer, fc.integer({ min: 1, max: 3 })), {
      maxLength: 60,
    });
    const property = fc.property(inserts, (all) => {
      const ranks: string[] = [];
      all.forEach(([die, who, count], clock) => {
        const at = die % (ranks.length + 1);
        const [low, high] = [ranks[at - 1], ranks[at]];
        const made = positionsBetween(low, high, count).map((position, i) =>
          rankOf(position, id(who, clock * 4 + i)),
        );
        ranks.splice(at, 0, ...made);
        expect([...ranks].sort()).toEqual(ranks);
        expect(new Set(ranks).size).toBe(ranks.length);
      });
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("there is room between positions that a peer made up", () => {
    const text = fc.stringMatching(/^[0-9A-Za-z!]{1,6}$/);
    const property = fc.property(text, text, fc.integer({ min: 1, max: 4 }), (a, b, count) => {
      const [low, high] = [rankOf(a, "7"), rankOf(b, "8")].sort() as [string, string];
      for (const [from, to] of [
        [low, high],
        [undefined, low],
        [high, undefined],
      ] as const) {
        if (to !== undefined && /^!*7|8/.test(to)) continue;
        const ranks = positionsBetween(from, to, count).map((position) => rankOf(position, "9"));
        expect([...ranks].sort()).toEqual(ranks);
        if (from !== undefined) expect(from < (ranks[0] as string)).toBe(true);
        if (to !== undefined) expect((ranks.at(-1) as string) < to).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("ids of one writer ascend, and no two are alike", () => {
    const ids = Array.from({ length: 5000 }, (_, clock) => id(2 ** 53 - 1, clock));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set([...ids, id(1, 0), id(62, 0)]).size).toBe(5002);
  });
});
