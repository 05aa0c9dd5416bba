/**
 * What a request left untouched is passed over, and nothing else is: the operations are those of a
 * look at every attribute.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Hlc, HLC_ZERO } from "../hlc.js";
import type { WriterId } from "../ids.js";
import {
  type JsonObject,
  SessionDocument,
  type Snapshot,
  declareCounter,
  diff,
  resetCounter,
} from "./document.js";

const LIMITS = { bytesMax: 10_000 };
const name = fc.constantFrom("a", "b", "c", "__proto__", "toJSON", "constructor", "");
const leaf = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.constantFrom("x", "", null, true),
  fc.uint8Array({ maxLength: 2 }),
);
const { value: attribute } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    leaf,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: false }),
  ),
}));
const session = fc.dictionary(name, attribute, { maxKeys: 5, noNullPrototype: false });

/** A session that holds `value`, as a request reads it. */
function reading(value: Record<string, unknown>): Snapshot {
  const document = SessionDocument.create("s");
  const { base } = document.read();
  const stamp = { hlc: (HLC_ZERO + 1_000_000) as Hlc, writer: 7 as WriterId };
  document.commit(diff(base, value, LIMITS), stamp, 1);
  return document.read();
}

/** The operations of a value that cannot be told untouched, since it is made when it is looked at. */
function withALookAtAll({ base, value }: Snapshot): unknown {
  return diff(base, { toJSON: () => value }, LIMITS);
}

const intent = fc.constantFrom(
  () => undefined,
  (read: Snapshot) => declareCounter(read, ["a"]),
  (read: Snapshot) => resetCounter(read, ["a"]),
);

test("the operations are those of a look at every attribute", () => {
  const edits = fc.array(fc.tuple(name, fc.option(attribute)), { maxLength: 4 });
  fc.assert(
    fc.property(session, edits, intent, (before, changes, intended) => {
      const read = reading(before);
      for (const [key, value] of changes) {
        if (value === null) Reflect.deleteProperty(read.value, key);
        else {
          const own = { value, writable: true, enumerable: true, configurable: true };
          Object.defineProperty(read.value, key, own);
        }
      }
      if (typeof read.value["a"] === "number") intended(read);
      fc.pre(typeof read.value["toJSON"] !== "function");
      expect(diff(read.base, read.value, LIMITS)).toEqual(withALookAtAll(read));
    }),
  );
});

test("an attribute that only seems to be there is gone", () => {
  const read = reading(JSON.parse('{ "__proto__": {}, "kept": 1 }') as JsonObject);
  Reflect.deleteProperty(read.value, "__proto__");
  expect(diff(read.base, read.value, LIMITS)).toEqual([{ kind: "clear", key: "/__proto__" }]);
  const hidden = reading({ a: 1 });
  Object.defineProperty(hidden.value, "a", { enumerable: false });
  expect(diff(hidden.base, hidden.value, LIMITS)).toHaveLength(1);
});

test("P14: what was not touched counts for the size too", () => {
  const read = reading({ large: "x".repeat(9_000), small: 1 });
  Object.assign(read.value, { small: "y".repeat(2_000) });
  expect(() => diff(read.base, read.value, LIMITS)).toThrow("would grow to");
});

test("M8: a counter that is reset to the number that it shows is reset all the same", () => {
  const read = reading({ a: 3, b: 1 });
  resetCounter(read, ["a"], 3);
  expect(diff(read.base, read.value, LIMITS)).toContainEqual({
    kind: "start",
    key: "/a",
    value: 3,
  });
});
