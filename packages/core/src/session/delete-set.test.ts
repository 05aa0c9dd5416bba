/** Deleting entries: exactly those that were named, and in a time that does not grow with the square. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import type { WriterId } from "../ids.js";
import { encodeDeletes } from "./delete-set.js";

const WRITER = 99 as WriterId;

/** A document with one item of `count` entries. */
function docOf(count: number): Y.Doc {
  const doc = new Y.Doc({ guid: "x" });
  doc.clientID = WRITER;
  doc.getArray("2r").push(Array.from({ length: count }, (_, i) => i));
  doc.clientID = 0;
  return doc;
}

describe("encodeDeletes", () => {
  test("deletes what it is told, in any order, and nothing else", () => {
    const clocks = fc.array(fc.nat({ max: 299 }));
    fc.assert(
      fc.property(clocks, (dead) => {
        const doc = docOf(300);
        Y.applyUpdate(doc, encodeDeletes(new Map([[WRITER, dead]])));
        const left = Array.from({ length: 300 }, (_, i) => i).filter((i) => !dead.includes(i));
        expect(doc.getArray("2r").toArray()).toEqual(left);
      }),
      { numRuns: 200 },
    );
  });

  test("neighbours are one range", () => {
    const dead = Array.from({ length: 10_000 }, (_, i) => i);
    expect(encodeDeletes(new Map([[WRITER, dead]])).length).toBeLessThan(10);
  });

  test("P12: every third of many entries is deleted in a moment, not in a time squared", () => {
    const doc = docOf(90_000);
    const dead = Array.from({ length: 30_000 }, (_, i) => 3 * i);
    Y.applyUpdate(doc, encodeDeletes(new Map([[WRITER, dead]])));
    expect(doc.getArray("2r").length).toBe(60_000);
  }, 5_000);
});
