/** Packing gives back what was packed, whatever it was, and makes sessions smaller. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sessionId, TableNode } from "./model/table.suite.js";
import { packUpdate, unpackUpdate } from "./packing.js";

/** Bytes as they stand in updates, and such as look like parts of entries. */
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.constantFrom(117, 2, 3, 119, 123, 0, 127, 128, 255).map((byte) => Uint8Array.of(byte)),
  fc
    .record({
      arity: fc.constantFrom(1, 2, 3, 4),
      key: fc.oneof(
        fc.constantFrom("", "/cart", "/cart/items", "/cart/items~@KcqObyjK5a8/qty", "/é"),
        fc.string({ maxLength: 140 }),
      ),
      hlc: fc.constantFrom(454_990_233_600_001, 454_990_233_700_002, 454_990_233_600_001.5),
      cut: fc.option(fc.nat(8), { freq: 8 }),
    })
    .map(({ arity, key, hlc, cut }) => {
      const text = new TextEncoder().encode(key);
      const clock = new Uint8Array(8);
      new DataView(clock.buffer).setFloat64(0, hlc);
      const entry = [117, arity, 119, text.length & 0xff, ...text, 123, ...clock];
      return Uint8Array.from(entry.slice(0, entry.length - (cut ?? 0)));
    }),
);

test("unpacking gives back the very bytes, whatever they look like", () => {
  let smaller = 0;
  const property = fc.property(fc.array(piece, { maxLength: 40, size: "max" }), (pieces) => {
    const update = Uint8Array.from(pieces.flatMap((each) => [...each]));
    const packed = packUpdate(update);
    expect(unpackUpdate(packed)).toEqual(update);
    expect(packed.length).toBeLessThanOrEqual(update.length + 4);
    if (packed.length < update.length) smaller += 1;
  });
  fc.assert(property, { numRuns: 500 });
  expect(smaller, "updates that became smaller").toBeGreaterThan(100);
});

test("a session's update takes little more than half of its bytes", () => {
  const node = new TableNode(4_503_599_627_370_497);
  const { commit } = node.write(sessionId(1), (value) => {
    value["user"] = { id: 12_345, name: "Ada", roles: ["admin", "editor"] };
    value["cart"] = { items: [{ sku: "A-1", qty: 2 }], total: 59.9 };
    value["csrf"] = "d2f1c0ffee00aa55";
  });
  const update = commit?.update ?? new Uint8Array();
  expect(packUpdate(update).length).toBeLessThan(update.length * 0.55);
});

test("what has nothing to save is kept as it is", () => {
  for (const length of [0, 1, 12, 13, 100, 10_000]) {
    const update = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
    expect(unpackUpdate(packUpdate(update))).toEqual(update);
    expect(packUpdate(update).length).toBeLessThanOrEqual(length + 4);
  }
});
