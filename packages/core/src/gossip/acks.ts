/**
 * Who waits for how many peers to have integrated a change (P1).
 *
 * A wait ends when enough peers have confirmed, when too few that could are left, or at its
 * deadline; a peer that missed a deadline is not waited for again until it answers.
 *
 * Not here: how far each peer has confirmed (pusher.ts).
 */
import type { Limits } from "../config.js";
import type { EventBody } from "../events.js";
import type { Millis } from "../ids.js";
import type { AckOutcome, Ticket } from "../runtime.js";

/** How a peer stands with respect to acknowledgements. */
export interface Acker {
  /** Whether it has integrated the change of this number, and said so. */
  hasConfirmed(seq: number): boolean;
  /** Alive and not suspected, linked or about to be. */
  readonly isTrusted: boolean;
  /** It is about to leave, so what it holds survives nothing: it never counts as one of k. */
  readonly isDraining: boolean;
  /** It let a deadline pass and has not confirmed anything since. */
  isLate: boolean;
}

/** What the waits need. */
export interface AcksPort {
  readonly limits: Limits;
  elapsedMs(): Millis;
  ackers(): readonly Acker[];
  schedule(delayMs: Millis): void;
  settle(ticket: Ticket, outcome: AckOutcome): void;
  emit(event: EventBody): void;
}

/** What a caller waits for. */
export interface WantedAcks {
  readonly seq: number;
  readonly acks: number | "all";
  readonly deadlineMs?: Millis | undefined;
}

interface Waiter {
  readonly ticket: Ticket;
  readonly wanted: WantedAcks;
  readonly startedAtMs: Millis;
  readonly deadlineAtMs: Millis;
}

/** The waits for acknowledgements. */
export class Acks {
  readonly #port: AcksPort;
  #waiters: Waiter[] = [];
  #scheduledAtMs = Number.POSITIVE_INFINITY;

  constructor(port: AcksPort) {
    this.#port = port;
  }

  get waiterCount(): number {
    return this.#waiters.length;
  }

  /** Settles `ticket` when the wish is met or cannot be. */
  wait(ticket: Ticket, wanted: WantedAcks): void {
    const nowMs = this.#port.elapsedMs();
    const deadlineAtMs = nowMs + (wanted.deadlineMs ?? this.#port.limits.ackDeadlineMs);
    const waiter: Waiter = { ticket, wanted, startedAtMs: nowMs, deadlineAtMs };
    if (this.#trySettle(waiter)) return;
    if (this.#waiters.length >= this.#port.limits.ackWaitersMax) {
      this.#port.emit({
        type: "limit-refused",
        limit: "ackWaitersMax",
        value: this.#waiters.length,
      });
      this.#settle(waiter, true);
      return;
    }
    this.#waiters.push(waiter);
    this.#scheduleFor(deadlineAtMs);
  }

  /** A peer confirmed, or whom to wait for has changed. */
  review(): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !this.#trySettle(waiter));
  }

  /** Gives up what is past its deadline. */
  fireDeadline(): void {
    const nowMs = this.#port.elapsedMs();
    this.#scheduledAtMs = Number.POSITIVE_INFINITY;
    const isOver = (waiter: Waiter): boolean => waiter.deadlineAtMs <= nowMs;
    const over = this.#waiters.filter(isOver);
    this.#waiters = this.#waiters.filter((waiter) => !isOver(waiter));
    for (const waiter of over) {
      for (const acker of this.#port.ackers()) {
        if (acker.isTrusted && !acker.hasConfirmed(waiter.wanted.seq)) acker.isLate = true;
      }
      this.#settle(waiter, true);
    }
    this.review();
    let nextAtMs = Number.POSITIVE_INFINITY;
    for (const { deadlineAtMs } of this.#waiters) nextAtMs = Math.min(nextAtMs, deadlineAtMs);
    this.#scheduleFor(nextAtMs);
  }

  #trySettle(waiter: Waiter): boolean {
    const { seq, acks } = waiter.wanted;
    let confirmed = 0;
    let awaited = 0;
    let late = 0;
    for (const acker of this.#port.ackers()) {
      if (acks !== "all" && acker.isDraining) continue;
      if (acker.hasConfirmed(seq)) confirmed += 1;
      else if (acker.isTrusted && acker.isLate) late += 1;
      else if (acker.isTrusted) awaited += 1;
    }
    if (acks === "all") {
      if (awaited > 0) return false;
      this.#settle(waiter, late > 0);
      return true;
    }
    if (confirmed < acks && confirmed + awaited >= acks) return false;
    this.#settle(waiter, confirmed < acks);
    return true;
  }

  #settle(waiter: Waiter, degraded: boolean): void {
    const { seq, acks: wanted } = waiter.wanted;
    const isConfirmed = (acker: Acker): boolean => acker.hasConfirmed(seq) && !acker.isDraining;
    const got = this.#port.ackers().filter(isConfirmed).length;
    const waitedMs = this.#port.elapsedMs() - waiter.startedAtMs;
    this.#port.settle(waiter.ticket, { kind: "acks", acks: got, degraded });
    this.#port.emit({ type: "acks-settled", wanted, got, degraded, waitedMs });
  }

  #scheduleFor(atMs: Millis): void {
    if (atMs >= this.#scheduledAtMs) return;
    this.#scheduledAtMs = atMs;
    this.#port.schedule(Math.max(0, atMs - this.#port.elapsedMs()));
  }
}
