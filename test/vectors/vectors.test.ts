/**
 * Golden frames: what this version says and understands, byte for byte, so that no change of code
 * changes the protocol unseen (P11). A vector of a released version is never changed or removed.
 *
 * In a vector bytes are `{ "hex": … }` and the unknown fields of an envelope an object by name.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeFrame, encodeMessage, type Message } from "@session-mesh/core";
import { describe, expect, test } from "vitest";

interface Vector {
  readonly name: string;
  /** What it shows, where that is not obvious. */
  readonly note?: string;
  readonly message: unknown;
  readonly frame: string;
  /** A frame of a newer version: it decodes to the message, but nobody encodes it so yet. */
  readonly isNewer?: boolean;
}

const DIRECTORY = new URL(".", import.meta.url).pathname;

const vectors = readdirSync(DIRECTORY)
  .filter((file) => file.endsWith(".json"))
  .flatMap((file) => JSON.parse(readFileSync(join(DIRECTORY, file), "utf8")) as Vector[]);

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

function messageOf({ message }: Vector): Message {
  const revive = (name: string, value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if ("hex" in value) return bytesOf(String(value.hex));
    return name === "unknown" ? new Map(Object.entries(value)) : value;
  };
  return JSON.parse(JSON.stringify(message), revive) as Message;
}

describe("each vector", () => {
  test.each(vectors)("$name decodes to its message", (vector) => {
    expect(decodeFrame(bytesOf(vector.frame))).toEqual(messageOf(vector));
  });

  test.each(vectors.filter(({ isNewer }) => !isNewer))("$name encodes to its frame", (vector) => {
    const frame = encodeMessage(messageOf(vector));
    expect(Buffer.from(frame).toString("hex")).toBe(vector.frame);
  });

  test("has a name of its own", () => {
    const names = vectors.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });
});

describe("together they cover", () => {
  const protocol = readFileSync(join(DIRECTORY, "../../docs/PROTOCOL.md"), "utf8");
  const grammar = [...protocol.matchAll(/^(?:message +=| +\|) \[(\d+)[^;]*; ([a-z-]+)$/gm)].map(
    ([, code, type]) => ({ code: Number(code), type: type as Message["type"] }),
  );
  const current = vectors.filter(({ isNewer }) => !isNewer).map(messageOf);
  const typeOf = new Map(
    vectors.map((vector) => [bytesOf(vector.frame)[1], messageOf(vector).type] as const),
  );

  test("every type of the grammar in PROTOCOL.md, under the number that it names", () => {
    expect(grammar.length).toBeGreaterThanOrEqual(18);
    for (const { code, type } of grammar) expect(typeOf.get(code), `number ${code}`).toBe(type);
    expect(typeOf.size).toBe(grammar.length);
  });

  test("as many fields as the grammar names", () => {
    const fields = [...protocol.matchAll(/^(?:message +=| +\|) (\[.*\]) +; ([a-z-]+)$/gm)];
    for (const [, text = "", type] of fields) {
      const flat = text.slice(1, -1).replace(/\[[^\]]*\]\]|\[[^\]]*\]/g, "list");
      const count = flat.split(",").length;
      const ofType = vectors.filter((each) => messageOf(each).type === type && !each.isNewer);
      const counts = ofType.map(({ frame }) => (bytesOf(frame)[0] as number) & 0x0f);
      // Fields that came later are missing in older vectors.
      expect(Math.max(...counts), `fields of ${type}`).toBe(count);
    }
  });

  test("every kind of item, every state of a member, every join", () => {
    const text = JSON.stringify(current, (_, value: unknown) =>
      value instanceof Map ? Object.fromEntries(value) : value,
    );
    for (const kind of ["tombstone", "state", "delta"]) expect(text).toContain(`"kind":"${kind}"`);
    for (const state of ["alive", "suspect", "down", "left", "gone"]) {
      expect(text).toContain(`"state":"${state}"`);
    }
    for (const join of ["max", "min", "or", "last"]) expect(text).toContain(`"join":"${join}"`);
  });
});
