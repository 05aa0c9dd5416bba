/** P12: no bytes of a peer make decoding throw, allocate without bound, or pass as what they are not. */
import * as fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { encodeMessage } from "./codec.js";
import { MESSAGE } from "./model/arbitraries.suite.js";
import { decodeFrame } from "./validate.js";

const packr = new Packr({ useRecords: false });
const pack = (value: unknown): Uint8Array => packr.pack(value);

/** What decoding says of `frame`, the frame untouched and the verdict an error or a message. */
function verdictOn(frame: Uint8Array): string {
  const before = Uint8Array.from(frame);
  const message = decodeFrame(frame);
  expect(Uint8Array.from(frame)).toEqual(before);
  if (message.type === "decode-error") return "error";
  // What decoded is a message of ours: it can be encoded, and is then the same.
  expect(decodeFrame(encodeMessage(message))).toEqual(message);
  return "message";
}

describe("hostile bytes", () => {
  test("random bytes are an error or a message, never a throw", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      verdictOn(bytes);
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  test("every truncated frame is an error", () => {
    const property = fc.property(MESSAGE, fc.nat(), (message, cut) => {
      const frame = encodeMessage(message);
      expect(verdictOn(frame.subarray(0, cut % frame.length))).toBe("error");
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("bytes after a frame's end are an error", () => {
    const property = fc.property(MESSAGE, fc.nat(255), (message, byte) => {
      expect(verdictOn(Uint8Array.of(...encodeMessage(message), byte))).toBe("error");
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("changed bytes in a frame are an error, or what a peer could have sent", () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    const changes = fc.array(change, { minLength: 1, maxLength: 4 });
    const verdicts = new Map<string, number>();
    const property = fc.property(MESSAGE, changes, (message, flips) => {
      const frame = Uint8Array.from(encodeMessage(message));
      for (const [at, flip] of flips) {
        const index = at % frame.length;
        frame[index] = (frame[index] as number) ^ flip;
      }
      const verdict = verdictOn(frame);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    });
    fc.assert(property, { numRuns: 2_000 });
    expect(verdicts.get("error")).toBeGreaterThan(100);
    expect(verdicts.get("message")).toBeGreaterThan(100);
  });

  test.each([
    ["array of 2^32 - 1", [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ["map of 2^32 - 1", [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ["bytes of 2^32 - 1", [0xc6, 0xff, 0xff, 0xff, 0xff]],
    ["text of 2^32 - 1", [0xdb, 0xff, 0xff, 0xff, 0xff]],
    ["array of 65,535", [0xdc, 0xff, 0xff]],
    ["map of 65,535", [0xde, 0xff, 0xff]],
  ])("a header that claims an %s is refused before the decoder sees it", (_, header) => {
    for (const frame of [header, [0x92, 3, ...header], [0x93, 7, ...header, 0xc0]]) {
      expect(decodeFrame(Uint8Array.from(frame))).toMatchObject({
        reason: "not one well-formed MessagePack value",
      });
    }
  });

  test("arrays within arrays that each claim all that is left are refused", () => {
    const headers = Array.from({ length: 20 }, () => [0xdc, 0x03, 0x84]).flat();
    const frame = Uint8Array.from([...headers, ...Array<number>(900).fill(0xc0)]);
    expect(decodeFrame(frame)).toMatchObject({ type: "decode-error" });
  });

  test("deep nesting is refused, whatever is nested", () => {
    for (const opening of [[0x91], [0x81, 0xa0], [0xdc, 0, 1], [0xdf, 0, 0, 0, 1, 0]]) {
      const frame = [0x92, 99, ...Array.from({ length: 100_000 }, () => opening).flat(), 0xc0];
      expect(decodeFrame(Uint8Array.from(frame))).toMatchObject({ type: "decode-error" });
    }
  });

  test.each([0xc1, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8])(
    "the extension or reserved code %i is refused",
    (code) => {
      expect(verdictOn(Uint8Array.from([0x92, 99, code, 1, 0xff, 0, 0, 0, 0, 0, 0]))).toBe("error");
      expect(verdictOn(pack([99, new Date(0)]))).toBe("error");
    },
  );

  test("a key named after the prototype changes no prototype", () => {
    const wire = JSON.parse('[99, {"__proto__": {"isAdmin": true}}]') as unknown;
    expect(decodeFrame(pack(wire))).toMatchObject({ unknownType: 99 });
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });
});

describe("a frame of a known type", () => {
  const id = "A".repeat(22);
  const member = ["n1", 0, 0, false, 5, ""];
  const whole = [0, 9, 9, 0, 0, 9, []];
  test.each([
    ["is not an array", 8],
    ["has a negative count", [8, -1]],
    ["has a fraction for a count", [8, 0.5]],
    ["has a count beyond 2^53", [8, 2n ** 60n]],
    ["has a text for a count", [8, "9"]],
    ["has a time that is no number", [4, Number.NaN, 0]],
    ["has a time without end", [4, Number.POSITIVE_INFINITY, 0]],
    ["has a time before 1970", [4, -1, 0]],
    ["names a node with nothing", [5, ""]],
    ["names a node with 65 characters", [5, "n".repeat(65)]],
    ["has no list of members", [3, null]],
    ["has a member of an unknown state", [3, [["n1", 0, 5, false, 5, ""]]]],
    ["has a member with the writer 0", [3, [["n1", 0, 0, false, 0, ""]]]],
    ["has a text that is too long", [18, "clock", "x".repeat(1_025)]],
    ["pushes backwards", [7, 5, 4, []]],
    ["pushes what is no item", [7, 0, 1, [7]]],
    ["names a session with 21 characters", [15, 1, "A".repeat(21)]],
    ["names a session with other characters", [15, 1, "+".repeat(22)]],
    [
      "has a vector of half a pair",
      [13, 1, [[id, 1, [0, 9, 9, 0, 0, 9, [4]], 1, new Uint8Array()]]],
    ],
    [
      "has a vector that counts nothing",
      [13, 1, [[id, 1, [0, 9, 9, 0, 0, 9, [4, 0]], 1, new Uint8Array()]]],
    ],
    [
      "has a vector out of order",
      [13, 1, [[id, 1, [0, 9, 9, 0, 0, 9, [4, 1, 4, 2]], 1, new Uint8Array()]]],
    ],
    ["has a document that is no bytes", [13, 1, [[id, 1, whole, 1, "bytes"]]]],
    ["has an envelope with holes", [13, 1, [[id, 1, [0, 9, 9], 1, new Uint8Array()]]]],
    ["has an idle time without a stamp", [7, 0, 1, [[id, 2, [null, null, 5], null]]]],
    [
      "has an unknown field of an unknown join",
      [
        7,
        0,
        1,
        [[id, 2, [null, null, null, null, null, null, null, [["f", "xor", 1, 0, 0]]], null]],
      ],
    ],
    ["answers a pull with a delta", [16, 1, [id, 2, [], null]]],
    ["introduces itself without a member", [1, 1, 1, 1, "c", null, 5, 5]],
    ["introduces itself with a clock beyond 2^53", [1, 1, 1, 1, "c", member, 5, 2n ** 53n]],
    ["introduces itself with sums that are none", [1, 1, 1, 1, "c", member, 5, 5, "sums"]],
    ["introduces itself with a sum beyond 2^32", [1, 1, 1, 1, "c", member, 5, 5, [2 ** 32]]],
    [
      "introduces itself with more sums than any table has",
      [1, 1, 1, 1, "c", member, 5, 5, Array<number>(1_025).fill(1)],
    ],
  ])("that %s is malformed", (_, wire) => {
    expect(decodeFrame(pack(wire))).toMatchObject({ type: "decode-error", unknownType: undefined });
  });

  test("P11: a hello without sums, as old versions say it, or with nil for them, has none", () => {
    const hello = [1, 1, 1, 1, "c", member, 5, 5];
    for (const wire of [hello, [...hello, null]]) {
      expect(decodeFrame(pack(wire))).toMatchObject({ type: "hello", memberSums: undefined });
    }
  });

  test("a delta does not pass as a repair", () => {
    const frame = pack([13, 1, [[id, 2, [], null]]]);
    expect(decodeFrame(frame)).toEqual({ type: "sync", request: 1, items: [] });
  });
});
