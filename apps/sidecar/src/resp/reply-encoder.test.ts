import { describe, expect, test } from "vitest";
import * as reply from "./reply.js";
import type { Protocol, Reply } from "./reply.js";
import { ReplyEncoder } from "./reply-encoder.js";

function encode(written: Reply, protocol: Protocol): string {
  const encoder = new ReplyEncoder();
  encoder.write(written, protocol);
  return Buffer.concat(encoder.take()).toString("latin1");
}

const text = (value: string): Reply => reply.bulk(value);

const KINDS: readonly [string, Reply, string, string][] = [
  ["a status", reply.OK, "+OK\r\n", "+OK\r\n"],
  ["an error", reply.error("ERR no\r\nline"), "-ERR no  line\r\n", "-ERR no  line\r\n"],
  ["an integer", reply.integer(-12), ":-12\r\n", ":-12\r\n"],
  [
    "a wide integer",
    reply.integer(9223372036854775807n),
    ":9223372036854775807\r\n",
    ":9223372036854775807\r\n",
  ],
  ["bytes", reply.bulk(Buffer.from([0, 255, 13, 10])), "$4\r\n\0ÿ\r\n\r\n", "$4\r\n\0ÿ\r\n\r\n"],
  ["text, in UTF-8", text("ä"), "$2\r\nÃ¤\r\n", "$2\r\nÃ¤\r\n"],
  ["no value", reply.NULL, "$-1\r\n", "_\r\n"],
  ["no list", reply.NULL_ARRAY, "*-1\r\n", "_\r\n"],
  [
    "a list",
    reply.array([reply.ONE, reply.EMPTY_ARRAY]),
    "*2\r\n:1\r\n*0\r\n",
    "*2\r\n:1\r\n*0\r\n",
  ],
  [
    "a map",
    reply.map([text("a"), reply.ZERO]),
    "*2\r\n$1\r\na\r\n:0\r\n",
    "%1\r\n$1\r\na\r\n:0\r\n",
  ],
  ["a set", { kind: "set", items: [reply.ONE] }, "*1\r\n:1\r\n", "~1\r\n:1\r\n"],
  ["a push", { kind: "push", items: [text("m")] }, "*1\r\n$1\r\nm\r\n", ">1\r\n$1\r\nm\r\n"],
  ["a double", { kind: "double", value: 1.5 }, "$3\r\n1.5\r\n", ",1.5\r\n"],
  ["no end", { kind: "double", value: -Infinity }, "$4\r\n-inf\r\n", ",-inf\r\n"],
  ["true", { kind: "boolean", value: true }, ":1\r\n", "#t\r\n"],
  ["text for people", { kind: "verbatim", text: "hi" }, "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"],
];

describe("each kind in both protocols", () => {
  test.each(KINDS)("%s", (_name, written, second, third) => {
    expect(encode(written, 2)).toBe(second);
    expect(encode(written, 3)).toBe(third);
  });
});

test("what was written together is taken together, once", () => {
  const encoder = new ReplyEncoder();
  encoder.write(reply.OK, 2);
  encoder.write(reply.ONE, 3);
  expect(encoder.pendingBytes).toBe(9);
  expect(encoder.take()).toEqual([Buffer.from("+OK\r\n:1\r\n")]);
  expect(encoder.take()).toEqual([]);
});

test("bytes that were taken stay what they were while more is written", () => {
  const encoder = new ReplyEncoder();
  const taken: Buffer[] = [];
  const expected: string[] = [];
  for (let index = 0; index < 40_000; index++) {
    encoder.write(text(`value-${index}`), 2);
    expected.push(`$${`value-${index}`.length}\r\nvalue-${index}\r\n`);
    if (index % 7 === 0) taken.push(...encoder.take());
  }
  taken.push(...encoder.take());
  // Compared in one piece: showing how half a megabyte differs takes minutes.
  expect(Buffer.concat(taken).equals(Buffer.from(expected.join("")))).toBe(true);
});

test("a long value is handed on, not copied, and a long list fits as well", () => {
  const encoder = new ReplyEncoder();
  const long = Buffer.alloc(100_000, "v");
  encoder.write(reply.bulk(long), 2);
  const [, handedOn] = encoder.take();
  expect(handedOn?.buffer).toBe(long.buffer);
  const many = reply.array(Array.from({ length: 50_000 }, () => reply.OK));
  encoder.write(many, 2);
  expect(encoder.take().reduce((sum, { length }) => sum + length, 0)).toBe(8 + 50_000 * 5);
});
