/**
 * Updates as they lie in memory while nobody reads them: the entries' keys without what they share
 * with the key before, their clocks without what they share with the clock before.
 *
 * Of a fresh session's update more than half is that. What is recognised is only how Yjs writes an
 * entry `[key, hlc, …]`: a byte string that looks so by chance is replaced and restored like any
 * other, so unpacking gives back the very bytes that were packed, whatever they are.
 *
 *   packed   = varint(2 × length + 1), { literals, entry }, literals   or   varint(2 × length), bytes
 *   literals = varint(count), bytes
 *   entry    = suffixLength × 4 + isSameClock × 2 + isTriple, [varint(suffixLength)],
 *              varint(prefixLength), suffix, [sharedClockBytes, rest of the clock]
 *
 * Not here: what the entries say (entry.ts), and where packed bytes lie (slab.ts).
 */
import { assert } from "../assert.js";
import type { Bytes } from "../ids.js";

/** How Yjs' encoding of a plain value begins with its kind: an array, a text, a 64-bit float. */
const ARRAY = 117;
const TEXT = 119;
const FLOAT = 123;

const CLOCK_BYTES = 8;
const KEY_BYTES_MAX = 127;
/** From here on a suffix' length does not fit into the entry's first byte. */
const LONG_SUFFIX = 63;
/** The least that an entry takes: kind, arity, kind, length, kind, clock. */
const ENTRY_BYTES_MIN = 5 + CLOCK_BYTES;

/** The bytes of `update`, smaller by what its entries repeat. */
export function packUpdate(update: Uint8Array): Uint8Array {
  return new Packer(update).pack();
}

/** The bytes that were packed. Throws an InvariantError for bytes that `packUpdate` did not make. */
export function unpackUpdate(packed: Uint8Array): Uint8Array {
  return new Unpacker(packed).unpack();
}

class Packer {
  readonly #in: Uint8Array;
  readonly #out: Uint8Array;
  #at = 0;
  #literalsFrom = 0;
  #keyAt = 0;
  #keyLength = 0;
  #clockAt = -1;

  constructor(update: Uint8Array) {
    this.#in = update;
    // What does not fit is written nowhere, and then the bytes are kept as they are.
    this.#out = new Uint8Array(update.length + 16);
  }

  pack(): Uint8Array {
    const { length } = this.#in;
    this.#varint(2 * length + 1);
    const last = length - ENTRY_BYTES_MIN;
    for (let i = 0; i <= last;) {
      const keyLength = this.#keyLengthAt(i);
      if (keyLength < 0) i += 1;
      else i = this.#entry(i, keyLength);
    }
    this.#literals(length);
    return this.#at < length ? this.#out.slice(0, this.#at) : raw(this.#in);
  }

  /** The length of the key of an entry that begins here; -1 where none does. */
  #keyLengthAt(i: number): number {
    const bytes = this.#in;
    if (bytes[i] !== ARRAY || bytes[i + 2] !== TEXT) return -1;
    const arity = bytes[i + 1];
    const keyLength = bytes[i + 3] as number;
    const clockAt = i + 5 + keyLength;
    if ((arity !== 2 && arity !== 3) || keyLength > KEY_BYTES_MAX) return -1;
    return bytes[clockAt - 1] === FLOAT && clockAt + CLOCK_BYTES <= bytes.length ? keyLength : -1;
  }

  #entry(i: number, keyLength: number): number {
    this.#literals(i);
    const keyAt = i + 4;
    const clockAt = keyAt + keyLength + 1;
    const prefix = this.#shared(this.#keyAt, keyAt, Math.min(this.#keyLength, keyLength));
    const shared = this.#clockAt < 0 ? 0 : this.#shared(this.#clockAt, clockAt, CLOCK_BYTES);
    const suffix = keyLength - prefix;
    const flags = (shared === CLOCK_BYTES ? 2 : 0) + (this.#in[i + 1] === 3 ? 1 : 0);
    this.#out[this.#at++] = Math.min(suffix, LONG_SUFFIX) * 4 + flags;
    if (suffix >= LONG_SUFFIX) this.#varint(suffix);
    this.#varint(prefix);
    this.#copy(keyAt + prefix, suffix);
    if (shared < CLOCK_BYTES) {
      this.#out[this.#at++] = shared;
      this.#copy(clockAt + shared, CLOCK_BYTES - shared);
    }
    this.#keyAt = keyAt;
    this.#keyLength = keyLength;
    this.#clockAt = clockAt;
    this.#literalsFrom = clockAt + CLOCK_BYTES;
    return this.#literalsFrom;
  }

  #literals(toExclusive: number): void {
    const count = toExclusive - this.#literalsFrom;
    this.#varint(count);
    this.#copy(this.#literalsFrom, count);
  }

  #shared(a: number, b: number, lengthMax: number): number {
    let length = 0;
    while (length < lengthMax && this.#in[a + length] === this.#in[b + length]) length += 1;
    return length;
  }

  #copy(from: number, count: number): void {
    for (let i = 0; i < count; i++) this.#out[this.#at + i] = this.#in[from + i] as number;
    this.#at += count;
  }

  #varint(value: number): void {
    this.#at = writeVarint(this.#out, this.#at, value);
  }
}

class Unpacker {
  readonly #in: Uint8Array;
  #at = 0;

  constructor(packed: Uint8Array) {
    this.#in = packed;
  }

  unpack(): Uint8Array {
    const head = this.#varint();
    const length = Math.floor(head / 2);
    if (head % 2 === 0) return this.#in.slice(this.#at, this.#at + length);
    const out = new Uint8Array(length);
    let to = 0;
    let keyAt = 0;
    let clockAt = 0;
    for (;;) {
      const count = this.#varint();
      this.#copy(out, to, count);
      to += count;
      if (to >= length) break;
      const first = this.#in[this.#at++] as number;
      const suffix = first >> 2 === LONG_SUFFIX ? this.#varint() : first >> 2;
      const prefix = this.#varint();
      out[to] = ARRAY;
      out[to + 1] = 2 + (first & 1);
      out[to + 2] = TEXT;
      out[to + 3] = prefix + suffix;
      to += 4;
      out.copyWithin(to, keyAt, keyAt + prefix);
      keyAt = to;
      this.#copy(out, to + prefix, suffix);
      to += prefix + suffix;
      out[to++] = FLOAT;
      const shared = (first & 2) > 0 ? CLOCK_BYTES : (this.#in[this.#at++] as number);
      out.copyWithin(to, clockAt, clockAt + shared);
      clockAt = to;
      this.#copy(out, to + shared, CLOCK_BYTES - shared);
      to += CLOCK_BYTES;
    }
    assert(to === length, `unpacked ${to} bytes of ${length}`);
    return out;
  }

  #copy(out: Uint8Array, to: number, count: number): void {
    for (let i = 0; i < count; i++) out[to + i] = this.#in[this.#at + i] as number;
    this.#at += count;
  }

  #varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#in[this.#at++];
      assert(byte !== undefined, "packed bytes end early");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }
}

function raw(update: Uint8Array): Uint8Array {
  const head = new Uint8Array(8);
  const at = writeVarint(head, 0, 2 * update.length);
  const packed = new Uint8Array(at + update.length);
  packed.set(head.subarray(0, at));
  packed.set(update, at);
  return packed;
}

function writeVarint(out: Uint8Array, start: Bytes, value: number): Bytes {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    out[at++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  out[at++] = rest;
  return at;
}
