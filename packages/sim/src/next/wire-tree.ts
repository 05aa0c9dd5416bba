/**
 * A frame as the tree of its arrays, whose leaves stay the bytes that they are: enough to put more
 * into a message than this version knows, and nothing of what it knows is changed on the way.
 *
 * Not a codec: what the leaves mean is the business of core/wire.
 * The format: https://github.com/msgpack/msgpack/blob/master/spec.md.
 */
import { assert } from "@session-mesh/core";

/** An array, or the bytes of anything else. */
export type Wire = Uint8Array | Wire[];

/** Plain data that is small enough for the shortest formats. */
export type Small = number | string | null | readonly Small[] | { readonly [key: string]: Small };

const NIL = 0xc0;
const ARRAY_16 = 0xdc;
const ARRAY_32 = 0xdd;

/** How many bytes follow the first one, by the first byte from 0xc0 on; negative: sized by so many. */
const TAILS: readonly number[] = [
  ...[0, 0, 0, 0, -1, -2, -4, -1, -2, -4, 4, 8, 1, 2, 4, 8],
  ...[1, 2, 4, 8, 2, 3, 5, 9, 17, -1, -2, -4],
];

/** The tree of a frame, which must be whole. */
export function wireOf(frame: Uint8Array): Wire[] {
  const [tree] = readWire(frame, 0);
  assert(Array.isArray(tree), "a message is an array");
  return tree;
}

/** The frame of a tree. */
export function frameOf(tree: Wire): Uint8Array {
  const parts: Uint8Array[] = [];
  collect(tree, parts);
  const frame = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

/** The bytes of small plain data. */
export function small(value: Small): Uint8Array {
  return Uint8Array.from(smallBytes(value));
}

/** The number that a leaf of one byte is; undefined of everything else. */
export function numberIn(wire: Wire | undefined): number | undefined {
  const isNumber = wire instanceof Uint8Array && wire.length === 1 && Number(wire[0]) < 0x80;
  return isNumber ? wire[0] : undefined;
}

/** Whether a leaf is the absence of a value. */
export function isNil(wire: Wire | undefined): boolean {
  return wire instanceof Uint8Array && wire[0] === NIL;
}

function readWire(bytes: Uint8Array, at: number): [Wire, number] {
  const first = bytes[at] as number;
  const isArray = (first & 0xf0) === 0x90 || first === ARRAY_16 || first === ARRAY_32;
  if (!isArray) {
    const end = endOf(bytes, at);
    return [bytes.subarray(at, end), end];
  }
  const sizeBytes = first === ARRAY_16 ? 2 : first === ARRAY_32 ? 4 : 0;
  const count = sizeBytes === 0 ? first & 0x0f : sizeAt(bytes, at + 1, sizeBytes);
  let next = at + 1 + sizeBytes;
  const items: Wire[] = [];
  for (let i = 0; i < count; i++) {
    const [item, end] = readWire(bytes, next);
    items.push(item);
    next = end;
  }
  return [items, next];
}

/** Where the value that begins at `at` ends. */
function endOf(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80 || first >= 0xe0) return at + 1;
  if (first < 0x90) return endOfMany(bytes, at + 1, (first & 0x0f) * 2);
  if (first < 0xa0) return endOfMany(bytes, at + 1, first & 0x0f);
  if (first < 0xc0) return at + 1 + (first & 0x1f);
  if (first === ARRAY_16) return endOfMany(bytes, at + 3, sizeAt(bytes, at + 1, 2));
  if (first === ARRAY_32) return endOfMany(bytes, at + 5, sizeAt(bytes, at + 1, 4));
  if (first === 0xde) return endOfMany(bytes, at + 3, sizeAt(bytes, at + 1, 2) * 2);
  if (first === 0xdf) return endOfMany(bytes, at + 5, sizeAt(bytes, at + 1, 4) * 2);
  const tail = TAILS[first - 0xc0] as number;
  if (tail >= 0) return at + 1 + tail;
  // Extensions carry a byte more, their type.
  const type = first >= 0xc7 && first <= 0xc9 ? 1 : 0;
  return at + 1 - tail + type + sizeAt(bytes, at + 1, -tail);
}

function endOfMany(bytes: Uint8Array, at: number, count: number): number {
  let end = at;
  for (let i = 0; i < count; i++) end = endOf(bytes, end);
  return end;
}

function sizeAt(bytes: Uint8Array, at: number, sizeBytes: number): number {
  let size = 0;
  for (let i = 0; i < sizeBytes; i++) size = size * 256 + (bytes[at + i] as number);
  return size;
}

function collect(tree: Wire, parts: Uint8Array[]): void {
  if (tree instanceof Uint8Array) {
    parts.push(tree);
    return;
  }
  const { length } = tree;
  const isShort = length < 16;
  const size = [24, 16, 8, 0].map((shift) => (length >>> shift) & 0xff);
  parts.push(Uint8Array.from(isShort ? [0x90 | length] : [ARRAY_32, ...size]));
  for (const item of tree) collect(item, parts);
}

function smallBytes(value: Small): number[] {
  if (value === null) return [NIL];
  if (typeof value === "number") return [value & 0x7f];
  if (typeof value === "string") {
    return [0xa0 | value.length, ...Array.from(value, (char) => char.charCodeAt(0))];
  }
  if (isList(value)) return [0x90 | value.length, ...value.flatMap(smallBytes)];
  const entries = Object.entries(value);
  const bytes = entries.flatMap(([key, inner]) => [...smallBytes(key), ...smallBytes(inner)]);
  return [0x80 | entries.length, ...bytes];
}

const isList = (value: Small): value is readonly Small[] => Array.isArray(value);
