/** Every message survives the way through bytes, and so does what a newer version added. */
import * as fc from "fast-check";
import { Packr, Unpackr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { encodeMessage, MESSAGE_CODES } from "./codec.js";
import type { Message } from "./messages.js";
import {
  ENVELOPE,
  MESSAGE,
  MESSAGE_TYPES,
  messageOf,
  PLAIN,
  SESSION,
} from "./model/arbitraries.suite.js";
import { decodeFrame } from "./validate.js";

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

const toWire = (message: Message): unknown[] => unpackr.unpack(encodeMessage(message)) as unknown[];

function decoded(frame: Uint8Array): Message {
  const message = decodeFrame(frame);
  if (message.type === "decode-error") throw new Error(message.reason);
  return message;
}

describe("a message", () => {
  test.each(MESSAGE_TYPES)("%s comes out of its frame as it went in", (type) => {
    const property = fc.property(messageOf(type), (message) => {
      const frame = encodeMessage(message);
      expect(decodeFrame(frame)).toEqual(message);
      expect(encodeMessage(decoded(frame))).toEqual(frame);
    });
    fc.assert(property, { numRuns: 60 });
  });

  test("has a number of its own", () => {
    const codes = Object.values(MESSAGE_CODES);
    expect(new Set(codes).size).toBe(codes.length);
    expect(Object.keys(MESSAGE_CODES).sort()).toEqual([...MESSAGE_TYPES].sort());
  });

  test("keeps nothing of its frame alive", () => {
    const unknown = new Map([
      ["f", { join: "last", value: [Uint8Array.of(1, 2)], stamp: { hlc: 1, writer: 1 } }],
    ]);
    const property = fc.property(ENVELOPE, SESSION, (envelope, session) => {
      const update = new Uint8Array(3);
      const item = {
        kind: "state",
        session,
        envelope: { ...envelope, unknown },
        hlcMax: 1,
        update,
      };
      const frame = encodeMessage({ type: "sync", request: 1, items: [item] } as never);
      const copy = decoded(frame);
      const before = structuredClone(copy);
      frame.fill(0xff);
      expect(copy).toEqual(before);
    });
    fc.assert(property, { numRuns: 10 });
  });
});

describe("P11: of a newer version", () => {
  test("trailing fields of any message are ignored", () => {
    const property = fc.property(MESSAGE, PLAIN, (message, extra) => {
      expect(decodeFrame(packr.pack([...toWire(message), extra]))).toEqual(message);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("trailing fields of items, envelopes, commits and members are ignored", () => {
    const grown = (value: unknown): unknown =>
      Array.isArray(value) && value.length > 0 ? [...value.map(grown), "newer"] : value;
    const property = fc.property(messageOf("push"), SESSION, (message, session) => {
      const wire = toWire(message) as [number, number, number, unknown[][]];
      for (const item of wire[3]) {
        const [envelope, commit] = [item[2], item[3]];
        // Vectors are flat lists of pairs and have no room for more.
        if (item[1] === 2 && Array.isArray(commit)) item[3] = [...commit, "newer"];
        if (Array.isArray(envelope) && envelope.length === 8) item[2] = [...envelope, "newer"];
        item.push(grown([session]));
      }
      expect(decodeFrame(packr.pack(wire))).toEqual(message);
    });
    fc.assert(property, { numRuns: 100 });
    const members = fc.property(messageOf("members"), (message) => {
      const [code, facts] = toWire(message) as [number, unknown[][]];
      const newer = facts.map((fact) => [...fact, { zone: "eu" }]);
      expect(decodeFrame(packr.pack([code, newer]))).toEqual(message);
    });
    fc.assert(members, { numRuns: 50 });
  });

  test("a message of an unknown type is told apart from a malformed one", () => {
    const property = fc.property(fc.integer({ min: 100, max: 2 ** 40 }), PLAIN, (code, field) => {
      expect(decodeFrame(packr.pack([code, field]))).toMatchObject({
        type: "decode-error",
        unknownType: code,
      });
    });
    fc.assert(property, { numRuns: 50 });
    expect(decodeFrame(packr.pack([-1]))).toMatchObject({ unknownType: undefined });
    expect(decodeFrame(packr.pack([1.5]))).toMatchObject({ unknownType: undefined });
    expect(decodeFrame(packr.pack(["hello"]))).toMatchObject({ unknownType: undefined });
    expect(decodeFrame(packr.pack([]))).toMatchObject({ unknownType: undefined });
  });

  test("items of an unknown kind are left out of a message", () => {
    const types = fc.constantFrom("push" as const, "sync" as const).chain(messageOf);
    const property = fc.property(types, SESSION, PLAIN, (message, session, field) => {
      const wire = toWire(message);
      const items = wire.at(-1) as unknown[];
      const newer = [[session, 77, field], ...items, [session, 3]];
      expect(decodeFrame(packr.pack([...wire.slice(0, -1), newer]))).toEqual(message);
    });
    fc.assert(property, { numRuns: 100 });
  });

  test("unknown fields of an envelope come out as they went in, with values of any shape", () => {
    const property = fc.property(ENVELOPE, PLAIN, SESSION, (envelope, value, session) => {
      const stamp = { hlc: 7, writer: 9 };
      const unknown = new Map([...envelope.unknown, ["newer", { join: "last", value, stamp }]]);
      const item = { kind: "state", session, envelope: { ...envelope, unknown } };
      const whole = { ...item, hlcMax: 7, update: Uint8Array.of(0, 0) };
      const message = { type: "sync", request: 1, items: [whole] } as unknown as Message;
      expect(decodeFrame(encodeMessage(message))).toEqual(message);
    });
    fc.assert(property, { numRuns: 100 });
  });
});
