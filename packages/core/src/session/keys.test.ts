/** That every path has one key, and whatever else is not one. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WriterId } from "../ids.js";
import { STEPS_MAX, cellKey, fieldKey, floorKey, parseKey, slotKey, startKey } from "./keys.js";

const name = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "",
    "/",
    "~",
    "~0",
    "~@x",
    "__proto__",
    "a/b~c",
    "\ud800",
    "x\udc00y",
    "\ud83d\ude00",
  ),
);

describe("keys", () => {
  test("any names make a path, and the path gives them back", () => {
    const property = fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
      const key = names.reduce(fieldKey, "");
      expect(parseKey(key)).toEqual(names.map((each) => ({ kind: "field", name: each })));
      const encoder = new TextEncoder();
      expect(new TextDecoder().decode(encoder.encode(key))).toBe(key);
    });
    fc.assert(property);
  });

  test("elements, cells, floors and starts follow an attribute", () => {
    const list = slotKey(fieldKey("", "l"), "Ab9");
    const writer = 123_456 as WriterId;
    const prefix = [
      { kind: "field", name: "l" },
      { kind: "slot", id: "Ab9" },
    ];
    expect(parseKey(startKey(list))).toEqual([...prefix, { kind: "start" }]);
    expect(parseKey(cellKey(list, writer))).toEqual([...prefix, { kind: "cell", writer }]);
    expect(parseKey(floorKey(list, writer))).toEqual([...prefix, { kind: "floor", writer }]);
  });

  test("what spells a path otherwise, or goes on after its end, is no key", () => {
    const odd = ["", "a", "~@x", "/a~", "/a~2", "/a~s0041", "/a~sD800", "/a~@", "/a~@x!", "/a~=x"];
    const more = ["/a~=/b", "/a~+", "/a~+01", "/a~+0", "/a~+Z", "/a~+1/b", "/a~-zzzzzzzzzzzz"];
    for (const key of [...odd, ...more]) expect(parseKey(key), key).toBeUndefined();
  });

  test("a path of too many steps is no key, so that reading cannot overflow the stack", () => {
    expect(parseKey("/a".repeat(STEPS_MAX))?.length).toBe(STEPS_MAX);
    expect(parseKey("/a".repeat(STEPS_MAX + 1))).toBeUndefined();
  });
});
