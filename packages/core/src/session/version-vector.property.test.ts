/** Version vectors against plain maps. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { WriterId } from "../ids.js";
import {
  dominates,
  joinVectors,
  vectorFromMap,
  vectorToMap,
  versionOf,
  withVersion,
} from "./version-vector.js";

const writer = fc.integer({ min: 1, max: 6 }).map((id) => id as WriterId);
const map = fc
  .array(fc.tuple(writer, fc.integer({ min: 1, max: 5 })))
  .map((entries) => new Map(entries));

test("a vector is the sorted pairs of its map, and back", () => {
  fc.assert(
    fc.property(map, (counts) => {
      const vector = vectorFromMap(counts);
      expect(vectorToMap(vector)).toEqual(counts);
      const writers = vector.filter((_, i) => i % 2 === 0);
      expect(writers).toEqual([...writers].sort((a, b) => a - b));
      for (const id of [1, 2, 3, 4, 5, 6] as WriterId[]) {
        expect(versionOf(vector, id)).toBe(counts.get(id) ?? 0);
      }
    }),
  );
});

test("a count only grows, in place", () => {
  fc.assert(
    fc.property(map, writer, fc.integer({ min: 1, max: 9 }), (counts, id, count) => {
      const vector = vectorFromMap(counts);
      const grown = withVersion(vector, id, count);
      const expected = new Map(counts).set(id, Math.max(count, counts.get(id) ?? 0));
      expect(grown).toEqual(vectorFromMap(expected));
      if (count <= (counts.get(id) ?? 0)) expect(grown).toBe(vector);
    }),
  );
});

test("joining takes the maximum of each, and adds nothing where one dominates", () => {
  fc.assert(
    fc.property(map, map, (x, y) => {
      const [a, b] = [vectorFromMap(x), vectorFromMap(y)];
      const joined = joinVectors(a, b);
      expect(joined).toEqual(joinVectors(b, a));
      expect(dominates(joined, a) && dominates(joined, b)).toBe(true);
      expect(joined === a).toBe(dominates(a, b));
      const isBelow = [...y].every(([id, count]) => (x.get(id) ?? 0) >= count);
      expect(dominates(a, b)).toBe(isBelow);
    }),
  );
});
