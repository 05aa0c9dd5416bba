/**
 * Who waits for how many peers to have integrated a change (P1).
 *
 * A wait ends when this node has stored the change (where it must) and enough peers have confirmed,
 * when too few that could are left, or at its deadline; a peer, or the own disk, that missed a
 * deadline is not waited for again until it answers.
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
  /** Whether this node has stored its own change of this number, or need not. */
  isStored(seq: number): boolean;
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
  /** The own disk let a deadline pass and has stored nothing since. */
  #isDiskLate = false;
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
    const ackers = this.#port.ackers();
    if (this.#trySettle(waiter, ackers)) return;
    if (this.#waiters.length >= this.#port.limits.ackWaitersMax) {
      this.#port.emit({
        type: "limit-refused",
        limit: "ackWaitersMax",
        value: this.#waiters.length,
      });
      this.#giveUp(waiter, ackers);
      return;
    }
    this.#waiters.push(waiter);
    this.#scheduleFor(deadlineAtMs);
  }

  /** A peer confirmed, or whom to wait for has changed. */
  review(): void {
    if (this.#waiters.length === 0) return;
    const ackers = this.#port.ackers();
    this.#waiters = this.#waiters.filter((waiter) => !this.#trySettle(waiter, ackers));
  }

  /** More is stored here than before. */
  stored(): void {
    this.#isDiskLate = false;
    this.review();
  }

  /** Gives up what is past its deadline. */
  fireDeadline(): void {
    const nowMs = this.#port.elapsedMs();
    this.#scheduledAtMs = Number.POSITIVE_INFINITY;
    const isOver = (waiter: Waiter): boolean => waiter.deadlineAtMs <= nowMs;
    const over = this.#waiters.filter(isOver);
    this.#waiters = this.#waiters.filter((waiter) => !isOver(waiter));
    const ackers = this.#port.ackers();
    for (const waiter of over) {
      if (!this.#port.isStored(waiter.wanted.seq)) this.#isDiskLate = true;
      for (const acker of ackers) {
        if (acker.isTrusted && !acker.hasConfirmed(waiter.wanted.seq)) acker.isLate = true;
      }
      this.#giveUp(waiter, ackers);
    }
    this.review();
    let nextAtMs = Number.POSITIVE_INFINITY;
    for (const { deadlineAtMs } of this.#waiters) nextAtMs = Math.min(nextAtMs, deadlineAtMs);
    this.#scheduleFor(nextAtMs);
  }

  /** The outcome of a wish that need not be waited for: nobody is told of it. Else undefined. */
  settled(wanted: WantedAcks): AckOutcome | undefined {
    const outcome = this.#port.isStored(wanted.seq)
      ? countAcks(wanted, this.#port.ackers())
      : undefined;
    return outcome && { kind: "acks", ...outcome };
  }

  #trySettle(waiter: Waiter, ackers: readonly Acker[]): boolean {
    if (!this.#port.isStored(waiter.wanted.seq)) {
      if (this.#isDiskLate) this.#giveUp(waiter, ackers);
      return this.#isDiskLate;
    }
    const outcome = countAcks(waiter.wanted, ackers);
    if (outcome) this.#settle(waiter, outcome.acks, outcome.degraded);
    return outcome !== undefined;
  }
  /** Settles with those who have confirmed so far. */
  #giveUp(waiter: Waiter, ackers: readonly Acker[]): void {
    const { seq } = waiter.wanted;
    const isConfirmed = (acker: Acker): boolean => acker.hasConfirmed(seq) && !acker.isDraining;
    this.#settle(waiter, ackers.filter(isConfirmed).length, true);
  }

  #settle({ ticket, wanted, startedAtMs }: Waiter, got: number, degraded: boolean): void {
    const waitedMs = this.#port.elapsedMs() - startedAtMs;
    this.#port.settle(ticket, { kind: "acks", acks: got, degraded });
    this.#port.emit({ type: "acks-settled", wanted: wanted.acks, got, degraded, waitedMs });
  }

  #scheduleFor(atMs: Millis): void {
    if (atMs >= this.#scheduledAtMs) return;
    this.#scheduledAtMs = atMs;
    this.#port.schedule(Math.max(0, atMs - this.#port.elapsedMs()));
  }
}

/** How a wish ends as the peers stand; undefined while it may still come true. */
function countAcks(
  { seq, acks }: WantedAcks,
  ackers: readonly Acker[],
): { acks: number; degraded: boolean } | undefined {
  let confirmed = 0;
  let awaited = 0;
  let late = 0;
  for (const acker of ackers) {
    if (acker.hasConfirmed(seq)) {
      if (!acker.isDraining) confirmed += 1;
    } else if (acks !== "all" && acker.isDraining) {
      continue;
    } else if (acker.isTrusted) {
      if (acker.isLate) late += 1;
      else awaited += 1;
    }
  }
  if (acks === "all") return awaited > 0 ? undefined : { acks: confirmed, degraded: late > 0 };
  if (confirmed < acks && confirmed + awaited >= acks) return undefined;
  return { acks: confirmed, degraded: confirmed < acks };
}
