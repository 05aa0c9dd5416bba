/**
 * Numbers and bytes written one after another into a record, and read again: small integers small,
 * every other number as it is.
 *
 * Not here: what a record holds (held-record.ts).
 */
import { assert } from "../assert.js";
import type { RecordView } from "./slab.js";

const CAPACITY_MIN = 512;
/** Two bytes that no integer is written as: a float follows. */
const FLOAT_HEAD = [0x80, 0] as const;

/** How many bytes an integer from 0 takes. */
export function sizeOf(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** Writes a record; the same one writes many, one after another. */
export class RecordWriter {
  #bytes = new Uint8Array(CAPACITY_MIN);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Begins another record. */
  begin(): this {
    this.#at = 0;
    return this;
  }

  /** What was written, good until the next record begins. */
  end(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  /** An integer below 2^32 in four bytes. */
  uint32(value: number): this {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
    return this;
  }

  /** Any number in eight bytes. */
  float(value: number): this {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value);
    this.#at += 8;
    return this;
  }

  /** Any number; integers from 0 take a byte for each seven bits. */
  number(value: number): this {
    this.#reserve(10);
    if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
      this.#bytes.set(FLOAT_HEAD, this.#at);
      this.#at += 2;
      return this.float(value);
    }
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest = rest > 0x7fff_ffff ? Math.floor(rest / 128) : rest >>> 7;
    }
    this.#bytes[this.#at++] = rest;
    return this;
  }

  /** Bytes, without their length. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + count));
    bytes.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Reads a record in the order in which it was written. */
export class RecordReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #toExclusive: number;
  #at: number;

  constructor({ bytes, view, fromInclusive, toExclusive }: RecordView) {
    this.#bytes = bytes;
    this.#view = view;
    this.#at = fromInclusive;
    this.#toExclusive = toExclusive;
  }

  uint32(): number {
    const value = this.#view.getUint32(this.#at);
    this.#at += 4;
    return value;
  }

  float(): number {
    const value = this.#view.getFloat64(this.#at);
    this.#at += 8;
    return value;
  }

  number(): number {
    let value = this.#bytes[this.#at++] as number;
    if (value < 0x80) return value;
    if (value === FLOAT_HEAD[0] && this.#bytes[this.#at] === FLOAT_HEAD[1]) {
      this.#at += 1;
      return this.float();
    }
    value -= 0x80;
    for (let factor = 128; ; factor *= 128) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    assert(this.#at <= this.#toExclusive, "a record ends early");
    return value;
  }

  /** A reader of bytes that are a record of their own. */
  static of(bytes: Uint8Array<ArrayBuffer>): RecordReader {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return new RecordReader({ bytes, view, fromInclusive: 0, toExclusive: bytes.length });
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#toExclusive;
  }

  /** The next `count` bytes themselves. */
  view(count: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    assert(this.#at <= this.#toExclusive, "a record ends early");
    return bytes;
  }

  /** A copy of the next `count` bytes. */
  raw(count: number): Uint8Array<ArrayBuffer> {
    return this.view(count).slice();
  }
}
