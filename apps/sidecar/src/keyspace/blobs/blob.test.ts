/** What is taken apart is put together to the same bytes; what cannot be is left whole. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BlobFormat, decodeOrder, encodeOrder, joinBlob, splitBlob } from "./blob.js";

const SAMPLES: readonly [BlobFormat, string, string[]][] = [
  [
    "json",
    '{"cookie":{"path":"/","a":[1,"}"]},"n":1,"q\\"uote":null}',
    ["cookie", "n", 'q\\"uote'],
  ],
  ["json", "{}", []],
  ["php", 'a|i:1;cart|a:1:{s:1:"x";O:4:"Item":1:{s:2:"id";i:7;}}n|N;', ["a", "cart", "n"]],
  ["php", 'f|d:1.5E-7;b|b:0;s|s:3:"a|;";', ["f", "b", "s"]],
  ["php_serialize", 'a:2:{s:4:"user";s:3:"Ada";i:5;a:0:{}}', ['s:4:"user";', "i:5;"]],
  ["php_serialize", "a:0:{}", []],
  ["msgpack", "\x82\xa1a\x01\xa1b\x92\x01\xc0", ["\xa1a", "\xa1b"]],
  ["msgpack", "\x81\x01\xd9\x03abc", ["\x01"]],
];

describe("a blob", () => {
  test.each(SAMPLES)("of %s is its fields: %s", (format, text, names) => {
    const bytes = Buffer.from(text, "latin1");
    const fields = splitBlob(bytes, format);
    expect([...(fields?.keys() ?? ["none"])]).toEqual(names);
    expect(fields && joinBlob(fields, format)).toEqual(bytes);
  });

  test.each<[BlobFormat, string]>([
    ["json", '{ "a": 1 }'],
    ["json", '{"a":1,"a":2}'],
    ["json", "[1]"],
    ["json", '{"a":1'],
    ["json", '"text"'],
    ["php", 'a|R:1;b|s:1:"x";'],
    ["php", 'a|C:3:"Own":3:{abc}'],
    ["php", "a|i:1"],
    ["php", "!gone|"],
    ["php", "a|a:9999999999:{i:0;i:0;}"],
    ["php_serialize", "a:1:{i:0;r:1;}"],
    ["php_serialize", 'O:1:"A":0:{}'],
    ["php_serialize", 'a:1:{s:1:"a";i:1;}x'],
    ["msgpack", "\x92\x01\x02"],
    ["msgpack", "\x81\xa1a"],
    ["msgpack", "\xde\x00\x01\xa1a\x01"],
    ["msgpack", ""],
  ])("of %s that would not come back the same stays whole: %s", (format, text) => {
    expect(splitBlob(Buffer.from(text, "latin1"), format)).toBeUndefined();
  });

  test("of any bytes breaks nothing", () => {
    const formats = fc.constantFrom<BlobFormat>("json", "php", "php_serialize", "msgpack");
    const property = fc.property(fc.uint8Array({ maxLength: 60 }), formats, (bytes, format) => {
      const fields = splitBlob(bytes, format);
      if (fields) expect(joinBlob(fields, format)).toEqual(Buffer.from(bytes));
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  test("of any JSON object comes back", () => {
    const property = fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const fields = splitBlob(bytes, "json");
      expect(fields?.size).toBe(Object.keys(value).length);
      expect(fields && joinBlob(fields, "json")).toEqual(bytes);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

test("an order is read as it was written, and nonsense is none", () => {
  const order = { format: "php", names: ["a", "", "b:1", "\xff"] } as const;
  expect(decodeOrder(encodeOrder(order.names, order.format))).toEqual(order);
  for (const text of ["", "x1:a", "j1", "j-1:a", "jx:a"]) {
    expect(decodeOrder(Buffer.from(text))).toBeUndefined();
  }
});
