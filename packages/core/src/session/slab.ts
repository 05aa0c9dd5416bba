/**
 * Memory for many small records in a few large pieces: a record costs four bytes and its rounding,
 * and nothing that the garbage collector must look at.
 *
 * A record stays where it is until it is freed, or until its segment is cleared out because too much
 * of the whole is dead; `moved` hears where it went. So an address or a view is good until the next
 * call of `allocate` or `free`.
 *
 *   segment = { size, bytes … }      size: of the record with this word, and whether it is dead
 *
 * Invariants:
 * 1. The dead bytes of full segments never exceed `DEAD_SHARE_MAX` of all for longer than a call,
 *    but for `SEGMENT_BYTES`.
 * 2. One call clears out one segment at most.
 *
 * Not here: which record is whose (record-map.ts).
 */
import { assert } from "../assert.js";
import type { Bytes } from "../ids.js";

/** Where a record lies: its segment and its place there, in one number below 2^32. */
export type Address = number;

/** A record's bytes; good until the slab is next changed. */
export interface RecordView {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  readonly fromInclusive: number;
  readonly toExclusive: number;
}

interface Segment extends Pick<RecordView, "bytes" | "view"> {
  usedBytes: Bytes;
  deadBytes: Bytes;
}

const UNIT_BYTES = 8;
const SEGMENT_BYTES = 256 * 1_024;
const UNITS_PER_SEGMENT = SEGMENT_BYTES / UNIT_BYTES;
/** The first segments are small: a table of three sessions needs no more. */
const SEGMENT_BYTES_MIN = 4_096;
/** A larger record has a segment of its own. */
const SHARED_BYTES_MAX = SEGMENT_BYTES / 8;
const SPARE_MAX = 4;
const SIZE_BYTES = 4;
const DEAD = 1;
/** Of this share of all bytes that are dead, memory is cleared out: it moves five live for one dead. */
const DEAD_SHARE_MAX = 1 / 6;

/** The memory. */
export class Slab {
  readonly #moved: (from: Address, to: Address) => void;
  readonly #segments: (Segment | undefined)[] = [];
  readonly #vacant: number[] = [];
  /** Memory of segments that were released: new memory must be cleared by the system first. */
  readonly #spare: Segment[] = [];
  #open = -1;
  #totalBytes: Bytes = 0;
  #deadBytes: Bytes = 0;

  /** `moved` hears, within `free`, of every record that lies elsewhere now. */
  constructor(moved: (from: Address, to: Address) => void) {
    this.#moved = moved;
  }

  /** All memory taken, live and dead. */
  get totalBytes(): Bytes {
    return this.#totalBytes;
  }

  /** Takes memory for a record; its bytes are whatever they are. */
  allocate(bytes: Bytes): Address {
    const size = roundUp(SIZE_BYTES + bytes);
    const isShared = size <= SHARED_BYTES_MAX;
    const index = isShared ? this.#withRoom(size) : this.#addSegment(size);
    const segment = this.#segments[index] as Segment;
    const at = segment.usedBytes;
    segment.usedBytes += size;
    segment.view.setUint32(at, size);
    return index * UNITS_PER_SEGMENT + at / UNIT_BYTES;
  }

  /** Gives a record's memory back. */
  free(address: Address): void {
    const index = segmentOf(address);
    const segment = this.#segmentAt(index);
    const at = offsetOf(address);
    const size = segment.view.getUint32(at);
    assert(size % UNIT_BYTES === 0, `record ${address} was freed twice`);
    segment.view.setUint32(at, size + DEAD);
    segment.deadBytes += size;
    this.#deadBytes += size;
    if (segment.deadBytes === segment.usedBytes && index !== this.#open) this.#release(index);
    else if (this.#deadBytes > SEGMENT_BYTES + this.#totalBytes * DEAD_SHARE_MAX) this.#clearOut();
  }

  /** How many bytes fit where a record lies. */
  roomOf(address: Address): Bytes {
    return this.#segmentAt(segmentOf(address)).view.getUint32(offsetOf(address)) - SIZE_BYTES;
  }

  /** A record's bytes, up to seven more than were asked for. */
  viewOf(address: Address): RecordView {
    const { bytes, view } = this.#segmentAt(segmentOf(address));
    const at = offsetOf(address);
    return {
      bytes,
      view,
      fromInclusive: at + SIZE_BYTES,
      toExclusive: at + view.getUint32(at),
    };
  }

  #segmentAt(index: number): Segment {
    const segment = this.#segments[index];
    assert(segment !== undefined, `there is no segment ${index}`);
    return segment;
  }

  #withRoom(size: Bytes): number {
    const open = this.#segments[this.#open];
    if (open && open.usedBytes + size <= open.bytes.length) return this.#open;
    const former = this.#open;
    const wanted = Math.min(SEGMENT_BYTES, Math.max(SEGMENT_BYTES_MIN, this.#totalBytes / 4));
    this.#open = this.#addSegment(Math.max(roundUp(wanted), size));
    if (open && open.deadBytes === open.usedBytes) this.#release(former);
    return this.#open;
  }

  #addSegment(bytesMax: Bytes): number {
    const spare = bytesMax === SEGMENT_BYTES ? this.#spare.pop() : undefined;
    const bytes = spare?.bytes ?? new Uint8Array(bytesMax);
    const view = spare?.view ?? new DataView(bytes.buffer);
    const index = this.#vacant.pop() ?? this.#segments.length;
    this.#segments[index] = { bytes, view, usedBytes: 0, deadBytes: 0 };
    this.#totalBytes += bytesMax;
    return index;
  }

  #release(index: number): void {
    const segment = this.#segmentAt(index);
    this.#totalBytes -= segment.bytes.length;
    this.#deadBytes -= segment.deadBytes;
    this.#segments[index] = undefined;
    this.#vacant.push(index);
    const isSpare = segment.bytes.length === SEGMENT_BYTES && this.#spare.length < SPARE_MAX;
    if (isSpare) this.#spare.push(segment);
  }

  /** Moves what lives in the segment where least does. */
  #clearOut(): void {
    let index = -1;
    let most = 0;
    this.#segments.forEach((segment, i) => {
      if (!segment || i === this.#open || segment.deadBytes <= most) return;
      index = i;
      most = segment.deadBytes;
    });
    if (index < 0) return;
    const { bytes, view, usedBytes } = this.#segmentAt(index);
    for (let at = 0; at < usedBytes;) {
      const size = view.getUint32(at);
      if (size % UNIT_BYTES === 0) {
        const to = this.allocate(size - SIZE_BYTES);
        const record = this.viewOf(to);
        record.bytes.set(bytes.subarray(at + SIZE_BYTES, at + size), record.fromInclusive);
        this.#moved(index * UNITS_PER_SEGMENT + at / UNIT_BYTES, to);
      }
      at += size - (size % UNIT_BYTES);
    }
    this.#release(index);
  }
}

function segmentOf(address: Address): number {
  return Math.floor(address / UNITS_PER_SEGMENT);
}

function offsetOf(address: Address): number {
  return (address % UNITS_PER_SEGMENT) * UNIT_BYTES;
}

function roundUp(bytes: Bytes): Bytes {
  return Math.ceil(bytes / UNIT_BYTES) * UNIT_BYTES;
}
