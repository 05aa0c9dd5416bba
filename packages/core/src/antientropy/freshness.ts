/**
 * Waiting until this node holds what a reader has seen elsewhere (P5).
 *
 *   A ──pull(session)──▶ every linked peer     a push that is under way may come first
 *   A ◀─pulled(copy)──── each                  whatever brings the rest ends the wait
 *
 * Who lacked it a moment ago may have got it meanwhile, so all are asked again as long as somebody has
 * not answered, after pauses that double. A wait also ends when nobody reachable has it: everyone
 * linked has answered, and no member is doubted that may be back in a moment. What every member lacks
 * is lost, and is not waited for again; what was waited for in vain costs later waits an exchange with
 * the linked peers, no more.
 *
 * Not here: the asking (puller.ts), and who else may lack a revision (sharing.ts).
 */
import type { Limits } from "../config.js";
import type { EventBody } from "../events.js";
import type { Millis, SessionId } from "../ids.js";
import type { FreshnessOutcome, Ticket } from "../runtime.js";
import type { VersionVector } from "../session-state.js";
import type { PullEnd } from "./puller.js";
import { UnreachedRevisions } from "./unreached-revisions.js";

/** What waiting needs of its replica. */
export interface FreshnessPort {
  readonly limits: Limits;
  elapsedMs(): Millis;
  emit(event: EventBody): void;
  settle(ticket: Ticket, outcome: FreshnessOutcome): void;
  scheduleDeadline(ticket: Ticket, delayMs: Millis): void;
  scheduleRetry(ask: number, delayMs: Millis): void;
  /** Those of `wanted` that are not held here; none of a session that was destroyed. */
  missing(session: SessionId, wanted: VersionVector): VersionVector;
  /** Asks every linked peer; `ended` is called once, perhaps at once. */
  ask(session: SessionId, ended: (end: PullEnd) => void): void;
  /** Whether a member without a link may be back in a moment. */
  mayReturn(): boolean;
}

/** What a reader has seen. */
export interface WantedRevisions {
  readonly revisions: VersionVector;
  /** How long to wait at most. Default: `tokenDeadlineMs`. */
  readonly deadlineMs?: Millis | undefined;
}

interface Waiter {
  readonly ticket: Ticket;
  readonly session: SessionId;
  readonly wanted: VersionVector;
  /** Seen by the reader, and known to be lost before this wait. */
  readonly lost: VersionVector;
  readonly startedAtMs: Millis;
  ask: Ask | undefined;
}

/** One question to the peers; an answer to it holds for everyone who waits for no more than this. */
interface Ask {
  readonly number: number;
  readonly session: SessionId;
  readonly wanted: VersionVector;
  readonly waiters: Set<Waiter>;
  isAnswered: boolean;
  retryDelayMs: Millis;
}

/** A round trip between data centres next door; nearer ones are answered before the first retry. */
const FIRST_RETRY_MS: Millis = 10;

const NOTHING: VersionVector = [];

/** The machine. */
export class Freshness {
  readonly #port: FreshnessPort;
  readonly #asks = new Map<SessionId, Ask[]>();
  readonly #waiters = new Map<Ticket, Waiter>();
  #askCount = 0;
  #isChanging = false;
  readonly #unreached: UnreachedRevisions;

  constructor(port: FreshnessPort) {
    this.#port = port;
    this.#unreached = new UnreachedRevisions(port.limits.unreachedRevisionsMax);
  }

  /** How many readers wait. */
  get waiterCount(): number {
    return this.#waiters.size;
  }

  /** Settles `ticket` when all that is wanted is held here, or nobody reachable has it. */
  wait(ticket: Ticket, session: SessionId, { revisions, deadlineMs }: WantedRevisions): void {
    const absent = this.#port.missing(session, revisions);
    const { lost, wanted } = this.#unreached.split(session, absent);
    const startedAtMs = this.#port.elapsedMs();
    const waiter: Waiter = { ticket, session, wanted, lost, startedAtMs, ask: undefined };
    const { tokenWaitersMax, tokenDeadlineMs } = this.#port.limits;
    if (wanted.length === 0) {
      this.#port.settle(ticket, { kind: "freshness", status: "fresh", missing: NOTHING, lost });
    } else if (this.#waiters.size >= tokenWaitersMax) {
      const value = this.#waiters.size;
      this.#port.emit({ type: "limit-refused", limit: "tokenWaitersMax", value });
      this.#settle(waiter, wanted);
    } else {
      this.#waiters.set(ticket, waiter);
      this.#port.scheduleDeadline(ticket, deadlineMs ?? tokenDeadlineMs);
      this.#askFor(waiter);
    }
  }

  /** Something of `session` arrived. */
  review(session: SessionId): void {
    for (const ask of this.#asks.get(session) ?? []) {
      for (const waiter of ask.waiters) {
        const missing = this.#port.missing(session, waiter.wanted);
        if (missing.length === 0) this.#end(waiter, missing);
      }
    }
  }

  fireDeadline(ticket: Ticket): void {
    const waiter = this.#waiters.get(ticket);
    if (!waiter) return;
    const missing = this.#port.missing(waiter.session, waiter.wanted);
    this.#unreached.add(waiter.session, missing, { isLost: false });
    this.#end(waiter, missing);
  }

  /** Time to ask again, if anybody still waits for this. */
  fireRetry(number: number): void {
    for (const ask of [...this.#asks.values()].flat()) {
      if (ask.number !== number) continue;
      ask.retryDelayMs *= 2;
      this.#port.scheduleRetry(number, ask.retryDelayMs);
      this.#ask(ask);
    }
  }

  /**
   * Someone can be asked, or asked by a better link. What `change` ends for want of the link before
   * decides nothing: whoever waits is asked for again.
   */
  peerUp(change: () => void): void {
    this.#isChanging = true;
    change();
    this.#isChanging = false;
    this.#unreached.peerUp();
    for (const ask of [...this.#asks.values()].flat()) if (ask.isAnswered) this.#ask(ask);
  }

  #askFor(waiter: Waiter): void {
    const { session, wanted } = waiter;
    const asks = this.#asks.get(session) ?? [];
    const underWay = asks.find((ask) => !ask.isAnswered && covers(ask.wanted, wanted));
    waiter.ask = underWay ?? this.#createAsk(session, wanted);
    waiter.ask.waiters.add(waiter);
    if (underWay) return;
    this.#asks.set(session, [...asks, waiter.ask]);
    this.#port.scheduleRetry(waiter.ask.number, FIRST_RETRY_MS);
    this.#ask(waiter.ask);
  }

  #createAsk(session: SessionId, wanted: VersionVector): Ask {
    this.#askCount += 1;
    const progress = { isAnswered: false, retryDelayMs: FIRST_RETRY_MS };
    return { number: this.#askCount, session, wanted, waiters: new Set(), ...progress };
  }

  #ask(ask: Ask): void {
    ask.isAnswered = false;
    this.#port.ask(ask.session, (end) => this.#answered(ask, end));
  }

  #answered(ask: Ask, { isCertain, isComplete }: PullEnd): void {
    ask.isAnswered = true;
    if (this.#isChanging) return;
    const { session } = ask;
    for (const waiter of ask.waiters) {
      const missing = this.#port.missing(session, waiter.wanted);
      const isHopeful =
        !isCertain &&
        (!isComplete ||
          (this.#port.mayReturn() && !this.#unreached.wasWaitedFor(session, missing)));
      if (isHopeful) continue;
      this.#unreached.add(session, missing, { isLost: isCertain });
      this.#end(waiter, missing);
    }
  }

  #end(waiter: Waiter, missing: VersionVector): void {
    const { ask, session, ticket } = waiter;
    ask?.waiters.delete(waiter);
    if (ask?.waiters.size === 0) {
      const others = (this.#asks.get(session) ?? []).filter((each) => each !== ask);
      if (others.length === 0) this.#asks.delete(session);
      else this.#asks.set(session, others);
    }
    this.#waiters.delete(ticket);
    this.#settle(waiter, missing);
  }

  #settle({ ticket, session, startedAtMs, lost: known }: Waiter, missing: VersionVector): void {
    const outcome = missing.length === 0 ? "fresh" : "stale";
    const { lost: found } = this.#unreached.split(session, missing);
    const lost = [...known, ...found];
    const waitedMs = this.#port.elapsedMs() - startedAtMs;
    this.#port.settle(ticket, { kind: "freshness", status: outcome, missing, lost });
    this.#port.emit({
      type: "token-waited",
      session,
      outcome,
      missingCount: missing.length / 2,
      lostCount: lost.length / 2,
      waitedMs,
    });
  }
}

/** Whether `asked` includes all of `wanted`. */
function covers(asked: VersionVector, wanted: VersionVector): boolean {
  for (let i = 0; i < wanted.length; i += 2) {
    const at = asked.findIndex((writer, index) => index % 2 === 0 && writer === wanted[i]);
    if (at < 0 || (asked[at + 1] as number) < (wanted[i + 1] as number)) return false;
  }
  return true;
}
