/**
 * Reads Yjs updates from peers, and lets only those through that have the layout of a session.
 *
 * In that layout every writer has one root array, named after it, and only ever appends to it. So an
 * update holds, for each of some writers, a run of entries or of nothing (where they were deleted),
 * each of which follows the one before; an item that depends on anything else, or has any other
 * content, is not ours. What passes here, and begins where the document ends, cannot fail in Yjs.
 *
 * The delete set is dropped: only dominated entries are ever deleted, and every replica deletes them
 * in its own time.
 *
 * Not here: what the entries say (entry.ts).
 */
import * as Y from "yjs";
import type { Hlc } from "../hlc.js";
import { type WriterId, isWriterId } from "../ids.js";
import { HLC_LIMIT, rawClock } from "./entry.js";

/** Format 1 for single commits, 2 for whole documents. */
export type UpdateFormat = 1 | 2;

/** Which of a writer's entries an update holds. */
interface ClockRange {
  readonly fromInclusive: number;
  readonly toExclusive: number;
}

/** Some of a writer's entries in a row; `entries` is undefined where they were deleted. */
interface EntryRun {
  readonly writer: WriterId;
  readonly clock: number;
  readonly length: number;
  readonly entries: readonly unknown[] | undefined;
}

/** An update that has the layout of a session. */
export interface ParsedUpdate {
  readonly runs: readonly EntryRun[];
  readonly ranges: ReadonlyMap<WriterId, ClockRange>;
  readonly format: UpdateFormat;
  /** The same update without its delete set. */
  readonly bytes: Uint8Array;
}

const CONTENT_DELETED = 1;
/** How Yjs marks an item that holds plain values. */
export const CONTENT_ANY = 8;
/** How Yjs marks an item that follows another. */
export const HAS_ORIGIN = 0x80;

/** The root array of a writer. */
export function rootName(writer: WriterId): string {
  return writer.toString(36);
}

/**
 * Which entries of whom an update holds; undefined when it is malformed, or has a clock above `hlcMax`.
 * Neither throws, nor makes a document, nor takes longer than the update is long, whatever the bytes.
 */
export function inspectUpdate(
  update: Uint8Array,
  format: UpdateFormat,
  hlcMax?: Hlc,
): ReadonlyMap<WriterId, ClockRange> | undefined {
  return parseUpdate(update, format, hlcMax)?.ranges;
}

/** Reads an update; undefined when it is malformed, not laid out as a session, or above `hlcMax`. */
export function parseUpdate(
  update: Uint8Array,
  format: UpdateFormat,
  hlcMax: Hlc = HLC_LIMIT,
): ParsedUpdate | undefined {
  // A copy of its own: Yjs' decoders would read on in whatever memory lies behind a slice.
  const bytes = new Uint8Array(update);
  try {
    const parsed = new UpdateReader(bytes, format).read();
    const isTooFar = (raw: unknown): boolean => rawClock(raw) > hlcMax;
    return parsed?.runs.some(({ entries }) => entries?.some(isTooFar)) ? undefined : parsed;
  } catch {
    // Yjs' decoders throw on bytes that end early or carry unknown tags.
    return undefined;
  }
}

class UpdateReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #format: UpdateFormat;
  readonly #rest: { arr: Uint8Array<ArrayBuffer>; pos: number };
  readonly #decoder: Y.UpdateDecoderV1 | Y.UpdateDecoderV2;
  /** Run-length coding lets few bytes claim many structs; honest ones take more than a byte each. */
  #structsLeft: number;

  constructor(bytes: Uint8Array<ArrayBuffer>, format: UpdateFormat) {
    this.#bytes = bytes;
    this.#format = format;
    this.#rest = { arr: bytes, pos: 0 };
    this.#decoder =
      format === 1 ? new Y.UpdateDecoderV1(this.#rest) : new Y.UpdateDecoderV2(this.#rest);
    this.#structsLeft = 2 * bytes.length + 16;
  }

  read(): ParsedUpdate | undefined {
    const runs: EntryRun[] = [];
    const ranges = new Map<WriterId, ClockRange>();
    const writerCount = this.#varUint();
    for (let i = 0; i < writerCount; i++) {
      const structCount = this.#varUint();
      const writer: unknown = this.#decoder.readClient();
      const fromInclusive = this.#varUint();
      if (!isWriterId(writer) || ranges.has(writer) || structCount < 1) return undefined;
      let clock = fromInclusive;
      for (let s = 0; s < structCount; s++) {
        const run = this.#run(writer, clock);
        if (!run) return undefined;
        runs.push(run);
        clock += run.length;
      }
      if (!Number.isSafeInteger(clock)) return undefined;
      ranges.set(writer, { fromInclusive, toExclusive: clock });
    }
    const bytes = new Uint8Array(this.#rest.pos + 1);
    bytes.set(this.#bytes.subarray(0, this.#rest.pos));
    if (!this.#endsWithDeleteSet()) return undefined;
    return { runs, ranges, format: this.#format, bytes };
  }

  #run(writer: WriterId, clock: number): EntryRun | undefined {
    const info = this.#decoder.readInfo();
    const isFirst = clock === 0;
    const content = isFirst ? info : info ^ HAS_ORIGIN;
    if (this.#structsLeft-- === 0) return undefined;
    if (content !== CONTENT_ANY && content !== CONTENT_DELETED) return undefined;
    if (isFirst) {
      if (!this.#decoder.readParentInfo()) return undefined;
      if (this.#decoder.readString() !== rootName(writer)) return undefined;
    } else {
      const origin = this.#decoder.readLeftID();
      if (origin.client !== writer || origin.clock !== clock - 1) return undefined;
    }
    const length: number = this.#decoder.readLen();
    if (!Number.isSafeInteger(length) || length < 1) return undefined;
    if (content === CONTENT_DELETED) return { writer, clock, length, entries: undefined };
    const entries: unknown[] = [];
    for (let i = 0; i < length; i++) {
      entries.push(this.#decoder.readAny());
      if (this.#rest.pos > this.#bytes.length) return undefined;
    }
    return { writer, clock, length, entries };
  }

  #endsWithDeleteSet(): boolean {
    const writerCount = this.#varUint();
    for (let i = 0; i < writerCount; i++) {
      this.#varUint();
      const rangeCount = this.#varUint();
      for (let r = 0; r < rangeCount; r++) {
        this.#varUint();
        this.#varUint();
      }
    }
    return this.#rest.pos === this.#bytes.length;
  }

  #varUint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#rest.pos++];
      if (byte === undefined) throw new RangeError("the update ends early");
      value += (byte & 0x7f) * factor;
      if (!Number.isSafeInteger(value)) throw new RangeError("a number is too large");
      if (byte < 0x80) return value;
    }
  }
}
