/**
 * The changes made by this process, numbered from 1, shared by all peers: each has a cursor into it
 * instead of a queue of its own, so one bound holds for all.
 *
 * The newest changes keep their deltas; older ones only the name of their session, for a peer that
 * fell behind and gets whole sessions; those that fell out are left to audits.
 *
 * Not here: cursors and batches (pusher.ts).
 */
import type { Limits } from "../config.js";
import type { Bytes, SessionId } from "../ids.js";
import type { Item } from "../session-state.js";

/** Bytes that an item takes on the wire beside its update. Measured. */
const ITEM_OVERHEAD_BYTES = 110;

/**
 * Who has followed nothing, and would get more whole sessions than this from the log, gets none: they
 * come in bulk to who holds little, and an audit proves that all are there (P9).
 */
const NEWCOMER_STATES_MAX = 1_000;

interface Entry {
  readonly session: SessionId;
  readonly bytes: Bytes;
  /** Of this change and all before it. */
  readonly totalBytes: Bytes;
  item: Item | undefined;
}

/** About how many bytes an item takes on the wire. */
export function itemBytes(item: Item): Bytes {
  const update = item.kind === "delta" ? item.commit?.update : undefined;
  const whole = item.kind === "state" ? item.update : update;
  return ITEM_OVERHEAD_BYTES + (whole?.length ?? 0);
}

/** The log. */
export class ChangeLog {
  readonly #limits: Limits;
  readonly #ring: (Entry | undefined)[] = [];
  #headSeq = 0;
  /** Entries at or below are forgotten. */
  #floorSeq = 0;
  /** Entries at or below have lost their deltas. */
  #deltaFloorSeq = 0;
  #deltaBytes: Bytes = 0;
  #totalBytes: Bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** The number of the newest change; 0 when there is none. */
  get headSeq(): number {
    return this.#headSeq;
  }

  get floorSeq(): number {
    return this.#floorSeq;
  }

  get deltaFloorSeq(): number {
    return this.#deltaFloorSeq;
  }

  /** Above what the log serves who has followed up to `haveSeq`; what is below is left to audits. */
  floorFor(haveSeq: number): number {
    const isNewcomer = haveSeq === 0 && this.#deltaFloorSeq > NEWCOMER_STATES_MAX;
    return isNewcomer ? this.#deltaFloorSeq : this.#floorSeq;
  }

  /** How full the log is, each part from 0 to 1. */
  get fill(): { entries: number; bytes: number } {
    return {
      entries: (this.#headSeq - this.#floorSeq) / this.#limits.changeLogEntriesMax,
      bytes: this.#deltaBytes / this.#limits.changeLogBytesMax,
    };
  }

  /** Adds a change and returns its number. */
  append(item: Item): number {
    this.#headSeq += 1;
    const bytes = itemBytes(item);
    this.#totalBytes += bytes;
    const { session } = item;
    const entry: Entry = { session, bytes, totalBytes: this.#totalBytes, item };
    this.#ring[this.#slot(this.#headSeq)] = entry;
    this.#deltaBytes += bytes;
    this.#floorSeq = Math.max(this.#floorSeq, this.#headSeq - this.#limits.changeLogEntriesMax);
    if (this.#deltaFloorSeq < this.#floorSeq) this.#dropDeltasTo(this.#floorSeq);
    while (this.#deltaBytes > this.#limits.changeLogBytesMax) {
      this.#dropDeltasTo(this.#deltaFloorSeq + 1);
    }
    return this.#headSeq;
  }

  /** The delta of a change; undefined once it was dropped. */
  itemAt(seq: number): Item | undefined {
    return seq > this.#deltaFloorSeq ? this.#ring[this.#slot(seq)]?.item : undefined;
  }

  /** The bytes of all changes after this one; infinite where some have lost their deltas. */
  bytesAfter(seq: number): Bytes {
    if (seq < this.#deltaFloorSeq) return Number.POSITIVE_INFINITY;
    return this.#totalBytes - (this.#ring[this.#slot(seq)]?.totalBytes ?? 0);
  }

  /** The session of a change; undefined once it was forgotten. */
  sessionAt(seq: number): SessionId | undefined {
    return seq > this.#floorSeq ? this.#ring[this.#slot(seq)]?.session : undefined;
  }

  #slot(seq: number): number {
    return seq % (this.#limits.changeLogEntriesMax + 1);
  }

  #dropDeltasTo(seq: number): void {
    for (let each = this.#deltaFloorSeq + 1; each <= seq; each++) {
      const entry = this.#ring[this.#slot(each)];
      if (!entry?.item) continue;
      entry.item = undefined;
      this.#deltaBytes -= entry.bytes;
    }
    this.#deltaFloorSeq = seq;
  }
}
