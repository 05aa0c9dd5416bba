import { describe, expect, test } from "vitest";
import {
  CommandDecoder,
  type FrameLimits,
  ProtocolError,
  UNAUTHENTICATED,
} from "./command-decoder.js";

const LIMITS: FrameLimits = { bulkBytesMax: 1_000, argumentsMax: 100 };

function decode(chunks: readonly (string | Buffer)[], limits = LIMITS): unknown[] {
  const decoder = new CommandDecoder(limits);
  const found: unknown[] = [];
  for (const chunk of chunks) {
    decoder.push(Buffer.from(chunk as string, "latin1"));
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      if (next instanceof ProtocolError) return [...found, next.text];
      found.push(next.map((argument) => argument.toString("latin1")));
    }
  }
  return found;
}

describe("commands", () => {
  test("an array of bulk strings is a command, whatever bytes are in it", () => {
    expect(decode(["*3\r\n$3\r\nSET\r\n$4\r\n\r\n\0a\r\n$0\r\n\r\n"])).toEqual([
      ["SET", "\r\n\0a", ""],
    ]);
  });

  test("commands that came together are given one by one", () => {
    expect(decode(["*1\r\n$4\r\nPING\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n"])).toEqual([
      ["PING"],
      ["PING"],
      ["QUIT"],
    ]);
  });

  test("a frame that comes byte by byte is the same command", () => {
    const frame = "*2\r\n$4\r\nECHO\r\n$11\r\nhello world\r\n";
    expect(decode([...frame])).toEqual([["ECHO", "hello world"]]);
  });

  test("arrays without items and empty lines are passed over", () => {
    expect(decode(["*0\r\n*-1\r\n\r\n  \r\nPING\r\n"])).toEqual([["PING"]]);
  });

  test("a line typed by a person is a command, quotes and escapes read", () => {
    const line = String.raw`SET "a \x41\n" 'it\'s'  x` + "\n";
    expect(decode([line])).toEqual([["SET", "a A\n", "it's", "x"]]);
  });

  test("a value of many chunks is put together once, and held until then", () => {
    const decoder = new CommandDecoder({ bulkBytesMax: 1e6, argumentsMax: 10 });
    decoder.push(Buffer.from("*2\r\n$4\r\nECHO\r\n$300000\r\n"));
    for (let count = 0; count < 3; count++) {
      expect(decoder.next()).toBeUndefined();
      expect(decoder.isUnfinished).toBe(true);
      decoder.push(Buffer.alloc(100_000, "x"));
    }
    expect(decoder.heldBytes).toBe(300_000);
    expect(decoder.next()).toBeUndefined();
    decoder.push(Buffer.from("\r\n"));
    const [, value] = decoder.next() as Buffer[];
    expect(value?.equals(Buffer.alloc(300_000, "x"))).toBe(true);
    expect(decoder.isUnfinished).toBe(false);
    expect(decoder.heldBytes).toBe(0);
  });
});

describe("what is no frame gets the text of Redis, and nothing follows", () => {
  test.each([
    ["*x\r\n", "Protocol error: invalid multibulk length"],
    ["*101\r\n", "Protocol error: invalid multibulk length"],
    ["*99999999999999999999\r\n", "Protocol error: invalid multibulk length"],
    ["*1\r\n$-1\r\n", "Protocol error: invalid bulk length"],
    ["*1\r\n$1001\r\n", "Protocol error: invalid bulk length"],
    ["*1\r\n$536870912\r\n", "Protocol error: invalid bulk length"],
    ["*1\r\n$1x\r\nab\r\n", "Protocol error: invalid bulk length"],
    ["*1\r\n$01\r\na\r\n", "Protocol error: invalid bulk length"],
    ["*1\r\n:1\r\n", "Protocol error: expected '$', got ':'"],
    ['SET "a\r\n', "Protocol error: unbalanced quotes in request"],
    [`*${"1".repeat(70_000)}`, "Protocol error: too big mbulk count string"],
    [`*1\r\n$${"1".repeat(70_000)}`, "Protocol error: too big bulk count string"],
    ["x".repeat(70_000), "Protocol error: too big inline request"],
  ])("%.20s", (bytes, text) => {
    expect(decode([bytes, "*1\r\n$4\r\nPING\r\n"])).toEqual([text]);
  });

  test("before AUTH a frame may be small only", () => {
    expect(decode(["*11\r\n"], UNAUTHENTICATED)).toEqual([
      "Protocol error: unauthenticated multibulk length",
    ]);
    expect(decode(["*1\r\n$16385\r\n"], UNAUTHENTICATED)).toEqual([
      "Protocol error: unauthenticated bulk length",
    ]);
    expect(decode(["*1\r\n$16384\r\n"], UNAUTHENTICATED)).toEqual([]);
  });
});
