/**
 * Making sure that nothing is lost when this node goes: every unsuspected peer that is not itself
 * draining confirms everything held here (P7).
 *
 * A confirmation is one thorough audit round that began after the drain did, and every own change
 * acknowledged.
 *
 * Not here: finishing requests before (the shell), and leaving after (membership).
 */
import type { EventBody } from "./events.js";
import type { Millis, NodeId } from "./ids.js";
import type { DrainOutcome, Ticket } from "./runtime.js";

/** What draining needs of its replica. */
export interface DrainPort {
  elapsedMs(): Millis;
  emit(event: EventBody): void;
  settle(ticket: Ticket, outcome: DrainOutcome): void;
  scheduleDeadline(ticket: Ticket, delayMs: Millis): void;
  /** Unsuspected peers that are not draining. */
  targets(): readonly NodeId[];
  /** Whether a peer is doubted that may be back in a moment. */
  mayReturn(): boolean;
  /** Whether `peer` has acknowledged every change made here. */
  hasAcked(peer: NodeId): boolean;
  audit(peer: NodeId): void;
  sessionCount(): number;
}

/** The drain of one replica; it drains once. */
export class Drain {
  readonly #port: DrainPort;
  readonly #confirmed = new Set<NodeId>();
  readonly #audited = new Set<NodeId>();
  readonly #tickets = new Set<Ticket>();
  #isStarted = false;
  #startedAtMs: Millis = 0;

  constructor(port: DrainPort) {
    this.#port = port;
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  start(ticket: Ticket, deadlineMs: Millis): void {
    if (!this.#isStarted) {
      this.#port.emit({ type: "drain-started" });
      this.#startedAtMs = this.#port.elapsedMs();
    }
    this.#isStarted = true;
    this.#tickets.add(ticket);
    this.#port.scheduleDeadline(ticket, deadlineMs);
    this.review();
  }

  /** A round with `peer` that began at `startedAtMs` ended; it counts if it compared everything. */
  audited(peer: NodeId, round: { isComplete: boolean; startedAtMs: Millis }): void {
    if (!this.#isStarted) return;
    if (round.isComplete && round.startedAtMs >= this.#startedAtMs) this.#confirmed.add(peer);
    else this.#audited.delete(peer);
    this.review();
  }

  /** A peer that comes back may come back empty. */
  peerDown(peer: NodeId): void {
    this.#confirmed.delete(peer);
    this.#audited.delete(peer);
    this.review();
  }

  /** Peers came, went or confirmed. */
  review(): void {
    if (this.#tickets.size === 0) return;
    const targets = this.#port.targets();
    // An audit of a peer that was doubted meanwhile may have been dropped.
    for (const peer of this.#audited) if (!targets.includes(peer)) this.#audited.delete(peer);
    for (const peer of targets) {
      if (this.#audited.has(peer)) continue;
      this.#audited.add(peer);
      this.#port.audit(peer);
    }
    const isConfirmedBy = (peer: NodeId): boolean =>
      this.#confirmed.has(peer) && this.#port.hasAcked(peer);
    const isDone = targets.length > 0 ? targets.every(isConfirmedBy) : !this.#port.mayReturn();
    if (isDone) this.#finishAll();
  }

  fireDeadline(ticket: Ticket): void {
    if (this.#tickets.has(ticket)) this.#finish(ticket);
  }

  #finishAll(): void {
    for (const ticket of this.#tickets) this.#finish(ticket);
  }

  #finish(ticket: Ticket): void {
    this.#tickets.delete(ticket);
    const targets = this.#port.targets();
    const isConfirmedBy = (peer: NodeId): boolean =>
      this.#confirmed.has(peer) && this.#port.hasAcked(peer);
    const soleHeldCount = targets.some(isConfirmedBy) ? 0 : this.#port.sessionCount();
    const peers = targets.length;
    const confirmed = peers > 0 && targets.every(isConfirmedBy);
    this.#port.settle(ticket, { kind: "drain", confirmed, peers, soleHeldCount });
    this.#port.emit({ type: "drain-finished", confirmed, peers, soleHeldCount });
  }
}
