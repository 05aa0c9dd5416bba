/**
 * Which sessions have changed since they were stored, and what goes to the disk next.
 *
 *   changed ──▶ rest, or urgent if someone waits ──persistDelayMs──▶ a batch ──▶ the disk
 *               (names only, so a slow disk costs no bytes)          one at a time
 *
 * While one batch is written the next gathers, so a slow disk gets larger batches. What a user or a
 * peer waits for goes first; what repairs and bulk brought fills up the batch.
 *
 * A *point* is a number for "everything that had changed by then". Points are made when a sweep takes
 * all that is urgent, so there are at most two at any time, and waiting for one is comparing numbers.
 *
 * Invariants: 1. A session that changed is urgent, in the rest, in the sweep, or in the batch under
 * way, until the disk has it. 2. A point is durable only when every session that was urgent when it
 * was given, or before, is on the disk.
 *
 * Not here: how a session becomes bytes (wire/record.ts), and what they are written to (the shell).
 */
import { assert } from "../assert.js";
import type { Durability, Limits } from "../config.js";
import type { EventBody } from "../events.js";
import type { Bytes, Millis, SessionId } from "../ids.js";
import type { StorageBatch, StoredRecord } from "../runtime.js";

/** What storing needs of its replica. */
export interface PersisterPort {
  readonly limits: Limits;
  readonly durability: Durability;
  elapsedMs(): Millis;
  schedule(delayMs: Millis): void;
  emit(event: EventBody): void;
  persist(batch: StorageBatch): void;
  /** The record of a session, dead or alive; undefined where it is not held any more. */
  recordOf(session: SessionId): Uint8Array | undefined;
  /** More is durable than before. */
  advanced(): void;
  /** The disk failed. */
  failed(): void;
}

/** How storing stands. */
export interface PersisterStatus {
  /** Sessions that changed since they were stored. */
  readonly waiting: number;
  /** Bytes handed to the disk and not yet durable. */
  readonly inFlightBytes: Bytes;
  /** The last write failed. */
  readonly isFailing: boolean;
}

interface InFlight {
  readonly sessions: readonly SessionId[];
  readonly bytes: Bytes;
  readonly startedAtMs: Millis;
}

/** The sessions on their way to the disk. */
export class Persister {
  readonly #port: PersisterPort;
  #urgent = new Set<SessionId>();
  readonly #rest = new Set<SessionId>();
  /** What was urgent when the point `#sweepPoint` was closed. */
  #sweep = new Set<SessionId>();
  #sweepPoint = 0;
  #durablePoint = 0;
  #inFlight: InFlight | undefined;
  #isScheduled = false;
  #isFailing = false;
  /** No change counts as one: what is taken in comes from the disk. */
  #isRestoring = false;

  constructor(port: PersisterPort) {
    this.#port = port;
  }

  /** Whether acknowledgements wait for the disk. */
  get isAwaited(): boolean {
    return this.#port.durability === "disk";
  }

  /** The disk fails, or takes longer for a batch than one that fails would be left alone. */
  get isStuck(): boolean {
    if (this.#isFailing) return true;
    const waitedMs =
      this.#port.elapsedMs() - (this.#inFlight?.startedAtMs ?? Number.POSITIVE_INFINITY);
    return waitedMs > this.#port.limits.persistRetryMs;
  }

  get status(): PersisterStatus {
    const inFlight = this.#inFlight?.sessions.length ?? 0;
    return {
      waiting: this.#urgent.size + this.#rest.size + this.#sweep.size + inFlight,
      inFlightBytes: this.#inFlight?.bytes ?? 0,
      isFailing: this.#isFailing,
    };
  }

  /** Runs what takes sessions in from the disk itself. */
  restoring(run: () => void): void {
    this.#isRestoring = true;
    run();
    this.#isRestoring = false;
  }

  /** A session changed in any way, or is not held any more. */
  changed(session: SessionId): void {
    if (this.#port.durability === "none" || this.#isRestoring) return;
    if (!this.#urgent.has(session)) this.#rest.add(session);
    this.#wake();
  }

  /** Someone waits for what has changed in this session. */
  urge(session: SessionId): void {
    if (this.#rest.delete(session)) this.#urgent.add(session);
  }

  /** Someone waits for everything, and nothing more is to gather. */
  hurry(): void {
    for (const session of this.#rest) this.#urgent.add(session);
    this.#rest.clear();
    if (!this.#isFailing) this.#flush();
  }

  /** The point by which everything urgent so far will be durable. */
  get point(): number {
    if (this.#urgent.size > 0) return this.#sweepPoint + 1;
    return this.#isSweeping ? this.#sweepPoint : this.#durablePoint;
  }

  isDurable(point: number): boolean {
    return point <= this.#durablePoint;
  }

  /** Changes have gathered for long enough, or a failed write may be tried again. */
  fire(): void {
    this.#isScheduled = false;
    this.#flush();
  }

  /** The batch under way is on the disk. */
  persisted(): void {
    const done = this.#inFlight;
    assert(done !== undefined, "nothing was being written");
    this.#inFlight = undefined;
    this.#isFailing = false;
    const tookMs = this.#port.elapsedMs() - done.startedAtMs;
    const { bytes, sessions } = done;
    this.#port.emit({ type: "persisted", records: sessions.length, bytes, tookMs });
    if (this.#sweep.size === 0) this.#durablePoint = this.#sweepPoint;
    if (this.isAwaited || this.#sweep.size > 0) this.#flush();
    else this.#wake();
    this.#port.advanced();
  }

  /** The batch under way is not, or not all of it: it is tried again. */
  failed(reason: string): void {
    const failed = this.#inFlight;
    assert(failed !== undefined, "nothing was being written");
    this.#inFlight = undefined;
    this.#isFailing = true;
    this.#sweep = new Set([...failed.sessions, ...this.#sweep]);
    this.#port.emit({ type: "persist-failed", reason, waiting: this.status.waiting });
    this.#isScheduled = true;
    this.#port.schedule(this.#port.limits.persistRetryMs);
    this.#port.failed();
  }

  get #isSweeping(): boolean {
    return this.#inFlight !== undefined || this.#sweep.size > 0;
  }

  #wake(): void {
    if (this.#isScheduled || this.#inFlight || this.status.waiting === 0) return;
    this.#isScheduled = true;
    this.#port.schedule(this.#port.limits.persistDelayMs);
  }

  #flush(): void {
    if (this.#inFlight) return;
    if (this.#sweep.size === 0) {
      this.#sweep = this.#urgent;
      this.#urgent = new Set();
      this.#sweepPoint += 1;
    }
    const puts: StoredRecord[] = [];
    const removals: SessionId[] = [];
    let bytes = 0;
    for (const set of [this.#sweep, this.#rest]) {
      for (const session of set) {
        if (bytes >= this.#port.limits.persistBatchBytesMax) break;
        set.delete(session);
        const record = this.#port.recordOf(session);
        bytes += session.length + (record?.length ?? 0);
        if (record) puts.push({ session, bytes: record });
        else removals.push(session);
      }
    }
    if (bytes === 0) {
      this.#durablePoint = this.#sweepPoint;
      return;
    }
    const sessions = [...puts.map(({ session }) => session), ...removals];
    this.#inFlight = { sessions, bytes, startedAtMs: this.#port.elapsedMs() };
    this.#port.persist({ puts, removals });
  }
}
