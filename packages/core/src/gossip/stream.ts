/**
 * One peer's stream of this process's changes: how far it was sent, integrated and confirmed.
 *
 * Not here: what is sent next (pusher.ts).
 */
import type { Bytes, Millis, SessionId } from "../ids.js";
import type { Acker } from "./acks.js";
import type { Cursor } from "./batches.js";

/** How a peer stands as a holder of changes. */
export interface PeerStanding {
  /** Linked and not suspected. */
  readonly isTrusted: boolean;
  /** It has said that it will leave. */
  readonly isDraining: boolean;
}

/** A stream; `sentSeq ≥ ackedSeq ≥ confirmedSeq`. */
export class Stream implements Acker, Cursor {
  readonly #standing: () => PeerStanding;
  readonly #wasSkipped: (seq: number) => boolean;
  sentSeq: number;
  /** Everything up to here is integrated there: it flows on. */
  ackedSeq: number;
  /** Everything up to here is confirmed, which may mean the disk there: a promise. */
  #confirmedSeq: number;
  isLate = false;
  inFlight: { toSeq: number; bytes: Bytes }[] = [];
  inFlightBytes: Bytes = 0;
  /** The shortest delay after which a flush was scheduled that has not come yet. */
  flushDelayMs: Millis = Number.POSITIVE_INFINITY;
  wholesToSeq = 0;
  readonly wholes: Map<SessionId, number> = new Map<SessionId, number>();

  constructor(haveSeq: number, standing: () => PeerStanding, wasSkipped: (seq: number) => boolean) {
    this.sentSeq = haveSeq;
    this.ackedSeq = haveSeq;
    this.#confirmedSeq = haveSeq;
    this.#standing = standing;
    this.#wasSkipped = wasSkipped;
  }

  hasConfirmed(seq: number): boolean {
    return seq <= this.#confirmedSeq && !this.#wasSkipped(seq);
  }

  get isTrusted(): boolean {
    return this.#standing().isTrusted;
  }

  get isDraining(): boolean {
    return this.#standing().isDraining;
  }

  /** The peer has integrated everything up to there; whether that was news. */
  integrated(seq: number): boolean {
    if (seq > this.sentSeq || seq <= this.ackedSeq) return false;
    this.ackedSeq = seq;
    const isDone = (batch: { toSeq: number }): boolean => batch.toSeq <= seq;
    for (const batch of this.inFlight) if (isDone(batch)) this.inFlightBytes -= batch.bytes;
    this.inFlight = this.inFlight.filter((batch) => !isDone(batch));
    return true;
  }

  /** The peer confirms everything up to there; whether that was news. */
  confirmed(seq: number): boolean {
    if (seq > this.sentSeq || seq <= this.#confirmedSeq) return false;
    this.isLate = false;
    this.#confirmedSeq = seq;
    this.integrated(seq);
    return true;
  }
}
