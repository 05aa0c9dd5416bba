/**
 * What of a replica is on its disk: takes in what was stored, has changes stored, and says what is
 * durable to those who wait for it (P10).
 *
 * Without storage everything counts as durable, and nothing here costs anything.
 *
 * Not here: which sessions go to the disk next (persister.ts), and the bytes (wire/record.ts).
 */
import type { EventBody } from "../events.js";
import type { Hlc } from "../hlc.js";
import type { SessionId } from "../ids.js";
import type { StoredOutcome, StoredRecord, Ticket } from "../runtime.js";
import type { WholeItem } from "../session-state.js";
import type { ApplyVerdict } from "../session/held.js";
import type { RecordProblem } from "../wire/record.js";
import type { Persister } from "./persister.js";

/** What storage needs of its replica. */
export interface StoragePort {
  readonly persister: Persister;
  decode(record: StoredRecord): WholeItem | RecordProblem;
  /** Merges a copy that was stored. */
  take(item: WholeItem): ApplyVerdict;
  sawClock(hlc: Hlc): void;
  settle(ticket: Ticket, outcome: StoredOutcome): void;
  emit(event: EventBody): void;
}

/** What came of the records that were stored. */
export interface Restored {
  readonly sessions: number;
  readonly tombstones: number;
  /** Torn, altered, or of another cluster: left out. */
  readonly damaged: number;
  /** Of a newer version: left out. */
  readonly newer: number;
}

const NOTHING: Restored = { sessions: 0, tombstones: 0, damaged: 0, newer: 0 };

/** See the file's comment. */
export class Storage {
  readonly #port: StoragePort;
  /** Own changes that are not durable: the last one of each point, two at most. */
  #own: { seq: number; readonly point: number }[] = [];
  #storedSeq = 0;
  #waits: { readonly ticket: Ticket; readonly point: number }[] = [];
  #restored: Restored | undefined;

  constructor(port: StoragePort) {
    this.#port = port;
  }

  /** Whether anything was taken back from the disk. */
  get hasRestored(): boolean {
    return this.#restored !== undefined;
  }

  /**
   * Takes back what was stored. What cannot be read is left out, and stays where it is. Says what
   * came of all that was taken back so far.
   */
  restore(records: Iterable<StoredRecord>): Restored {
    const counts = { ...(this.#restored ?? NOTHING) };
    this.#port.persister.restoring(() => {
      for (const record of records) {
        counts[this.#take(record)] += 1;
        this.#restored = counts;
      }
    });
    return counts;
  }

  /** Tells what was taken back, if anything was there. */
  start(): void {
    if (this.#restored) this.#port.emit({ type: "restored", ...this.#restored });
  }

  /** An own change of this number was made to a session. */
  changedHere(session: SessionId, seq: number): void {
    const { persister } = this.#port;
    if (!persister.isAwaited) return;
    persister.urge(session);
    const { point } = persister;
    const last = this.#own.at(-1);
    if (last?.point === point) last.seq = seq;
    else this.#own.push({ seq, point });
    this.#review();
  }

  /** Whether the own change of this number, and all before it, need not be waited for any more. */
  isStored(seq: number): boolean {
    return !this.#port.persister.isAwaited || this.#own.length === 0 || seq <= this.#storedSeq;
  }

  /** What a peer changed in a session is about to be confirmed to it. */
  confirming(session: SessionId): void {
    if (this.#port.persister.isAwaited) this.#port.persister.urge(session);
  }

  /** The point by which all that is to be confirmed so far is durable. */
  get point(): number {
    return this.#port.persister.isAwaited ? this.#port.persister.point : 0;
  }

  isDurable(point: number): boolean {
    return this.#port.persister.isDurable(point);
  }

  /** Settles `ticket` when all that has changed so far is durable, or the disk fails. */
  store(ticket: Ticket): void {
    const { persister } = this.#port;
    persister.hurry();
    const { point } = persister;
    const { isFailing } = persister.status;
    if (isFailing || persister.isDurable(point)) return this.#settle(ticket, !isFailing);
    this.#waits.push({ ticket, point });
  }

  /** More is durable than before. */
  advanced(): void {
    this.#review();
    const waits = this.#waits;
    this.#waits = waits.filter(({ point }) => !this.isDurable(point));
    for (const { ticket, point } of waits) if (this.isDurable(point)) this.#settle(ticket, true);
  }

  /** The disk failed; who waits for all of it waits in vain. */
  failed(): void {
    const waits = this.#waits;
    this.#waits = [];
    for (const { ticket } of waits) this.#settle(ticket, false);
  }

  #settle(ticket: Ticket, isStored: boolean): void {
    this.#port.settle(ticket, { kind: "stored", isStored });
  }

  #review(): void {
    let first = this.#own[0];
    while (first && this.isDurable(first.point)) {
      this.#storedSeq = first.seq;
      this.#own.shift();
      first = this.#own[0];
    }
  }

  #take(record: StoredRecord): keyof Restored {
    const item = this.#port.decode(record);
    if (typeof item === "string") return item;
    const verdict = this.#port.take(item);
    if (verdict === "gap" || verdict === "rejected") return "damaged";
    if (item.kind === "tombstone") return "tombstones";
    this.#port.sawClock(item.hlcMax);
    return "sessions";
  }
}
