/** P12: reading updates from peers ends soon and never throws, whatever the bytes. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import type { Hlc } from "../hlc.js";
import { SessionDocument } from "./document.js";
import { inspectUpdate } from "./update.js";

/** A Yjs update of one writer's root array with `entries`. */
function updateOf(entries: unknown[], format: 1 | 2 = 1): Uint8Array {
  const doc = new Y.Doc({ guid: "x" });
  doc.clientID = 99;
  doc.getArray("2r").push(entries);
  return format === 1 ? Y.encodeStateAsUpdate(doc) : Y.encodeStateAsUpdateV2(doc);
}

describe("inspectUpdate", () => {
  test("says which entries of whom an update holds, in both formats", () => {
    const range = { fromInclusive: 0, toExclusive: 2 };
    const entries = [
      ["/a", 1, 1],
      ["/b", 2],
    ];
    for (const format of [1, 2] as const) {
      expect(inspectUpdate(updateOf(entries, format), format)).toEqual(new Map([[99, range]]));
      expect(inspectUpdate(updateOf(entries, format), format, 1 as Hlc)).toBeUndefined();
      expect(inspectUpdate(updateOf(entries, format), format, 2 as Hlc)).toBeDefined();
    }
  });

  test("random bytes are malformed or harmless", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const format of [1, 2] as const) {
        inspectUpdate(bytes, format);
        const document = SessionDocument.hydrate("s", bytes, [bytes]);
        document.apply(bytes, format);
        document.read();
        document.encode();
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });

  test("bytes changed in a few places are malformed, or what an author could have sent", () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    const text = ["/t~@x", 7, [5, "a0", "text"]];
    const original = updateOf([["/a", 5, 1], text, ["/n~+2r", 6, [6, 1, 0]], ["/b", 9]], 2);
    const property = fc.property(flips, (changes) => {
      const bytes = Uint8Array.from(original);
      for (const [at, flip] of changes) {
        const index = at % bytes.length;
        bytes[index] = (bytes[index] as number) ^ flip;
      }
      const document = SessionDocument.create("s");
      const { verdict } = document.apply(bytes, 2);
      expect(verdict === "rejected").toBe(inspectUpdate(bytes, 2) === undefined);
      const again = SessionDocument.hydrate("s", document.encode());
      expect(again.read().value).toEqual(document.read().value);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  test("few bytes that claim many structs, entries or levels are malformed", () => {
    const level = [117, 1];
    const nested = [1, 1, 99, 0, 8, 1, 2, 50, 114, 1, ...Array(200_000).fill(level).flat(), 127, 0];
    const many = [1, 0xff, 0xff, 0xff, 0xff, 0x7f, 99, 0, 8, 1, 2, 50, 114, 1, 127, 0];
    const entries = [1, 1, 99, 0, 8, 1, 2, 50, 114, 0xff, 0xff, 0xff, 0xff, 0x7f, 127, 0];
    for (const bytes of [nested, many, entries]) {
      expect(inspectUpdate(Uint8Array.from(bytes), 1)).toBeUndefined();
      expect(inspectUpdate(Uint8Array.from(bytes), 2)).toBeUndefined();
    }
    const deleted = updateOf([], 1);
    expect(inspectUpdate(deleted, 1)).toEqual(new Map());
  });

  test("a text that claims to go on behind the update does not read the memory there", () => {
    const memory = new Uint8Array(200).fill(65);
    const update = updateOf([["/a", 1, "short"]]);
    memory.set(update);
    const slice = memory.subarray(0, update.length);
    const at = update.findIndex((byte, i) => byte === 119 && update[i + 1] === 5);
    slice[at + 1] = 100;
    expect(inspectUpdate(slice, 1)).toBeUndefined();
  });

  test("an entry that follows another writer's is not ours", () => {
    const doc = new Y.Doc({ guid: "x" });
    for (const writer of [99, 98, 99]) {
      doc.clientID = writer;
      doc.getArray("2r").push([["/a", writer, 1]]);
    }
    const only99 = Y.encodeStateAsUpdate(doc, Uint8Array.from([1, 98, 1]));
    expect(inspectUpdate(only99, 1)).toBeUndefined();
  });

  test("what was applied does not change with the buffer it came in", () => {
    const update = updateOf([
      ["/a", 1, new Uint8Array([1, 2, 3])],
      ["/b", 1, "text"],
    ]);
    const document = SessionDocument.create("s");
    document.apply(update, 1);
    update.fill(0);
    const expected = { a: new Uint8Array([1, 2, 3]), b: "text" };
    expect(document.read().value).toEqual(expected);
    expect(SessionDocument.hydrate("s", document.encode()).read().value).toEqual(expected);
  });
});
