/**
 * Asking peers for one session: for a request that missed here, and to fill a gap in a push.
 *
 *   A ──pull(session)──▶ every linked peer
 *   A ◀─pulled(item)──── B
 *
 * A miss is absent only when every member that is neither left nor gone has answered no; else it is
 * unknown (P9). The first copy found ends the wait; later ones are merged all the same. Only who asks
 * what everyone has waits for all answers.
 */
import type { Limits } from "../config.js";
import type { EventBody } from "../events.js";
import type { Millis, NodeId, SessionId } from "../ids.js";
import type { PullOutcome, Ticket } from "../runtime.js";
import type { WholeItem } from "../session-state.js";
import type { Message, PulledMessage } from "../wire/messages.js";

/** What pulling needs of its replica. */
export interface PullerPort {
  readonly limits: Limits;
  elapsedMs(): Millis;
  send(peer: NodeId, message: Message): void;
  emit(event: EventBody): void;
  scheduleDeadline(request: number, delayMs: Millis): void;
  settle(ticket: Ticket, outcome: PullOutcome): void;
  integrate(peer: NodeId, item: WholeItem): void;
  wholeItem(session: SessionId): WholeItem | undefined;
  linkedPeers(): readonly NodeId[];
  /** Whether every member that is neither left nor gone is among those who answered. */
  isCertain(answered: ReadonlySet<NodeId>): boolean;
  gapFilled(peer: NodeId, session: SessionId): void;
}

/** How asking everyone ended. */
export interface PullEnd {
  /** Everyone asked has answered or is not linked any more; else time ran out. */
  readonly isComplete: boolean;
  /** Every member that is neither left nor gone has answered. */
  readonly isCertain: boolean;
}

interface Pull {
  readonly session: SessionId;
  readonly tickets: Ticket[];
  /** Hears of the end, in place of a ticket. */
  readonly ended: ((end: PullEnd) => void) | undefined;
  readonly waitingFor: Set<NodeId>;
  /** Who does not hold it. */
  readonly answered: Set<NodeId>;
  readonly startedAtMs: Millis;
  /** The peer whose push had a gap here; no one waits for the outcome. */
  readonly gapOf: NodeId | undefined;
  /** Waits for all answers, whatever the first ones are. */
  readonly isThorough: boolean;
  isFound: boolean;
}

/** The machine. */
export class Puller {
  readonly #port: PullerPort;
  readonly #pulls = new Map<number, Pull>();
  readonly #bySession = new Map<SessionId, number>();
  #requests = 0;
  #gapCount = 0;

  constructor(port: PullerPort) {
    this.#port = port;
  }

  /** How many someone waits for: gaps of pushes are bounded by what their peer may push. */
  get pullCount(): number {
    return this.#pulls.size - this.#gapCount;
  }

  /**
   * Asks every linked peer. Until one has it, or, if `thorough`, until all have answered. A session
   * already asked for is asked for once; not if `thorough`: an answer under way may be too old.
   */
  pull(ticket: Ticket, session: SessionId, options: { thorough: boolean }): void {
    const isThorough = options.thorough;
    const known = this.#pulls.get(this.#bySession.get(session) ?? -1);
    if (known && !isThorough) {
      known.tickets.push(ticket);
      return;
    }
    if (this.#isFull()) {
      this.#port.settle(ticket, { kind: "pull", status: "unknown" });
      return;
    }
    const peers = this.#port.linkedPeers();
    const request = this.#start(session, peers, { isThorough });
    this.#pulls.get(request)?.tickets.push(ticket);
    if (!isThorough) this.#bySession.set(session, request);
    this.#port.scheduleDeadline(request, this.#port.limits.pullDeadlineMs);
    if (peers.length === 0) this.#finish(request);
  }

  /** Asks every linked peer for what it has, and says when all have answered or cannot any more. */
  ask(session: SessionId, ended: (end: PullEnd) => void): void {
    if (this.#isFull()) {
      ended({ isComplete: true, isCertain: false });
      return;
    }
    const peers = this.#port.linkedPeers();
    const request = this.#start(session, peers, { isThorough: true, ended });
    this.#port.scheduleDeadline(request, this.#port.limits.pullDeadlineMs);
    if (peers.length === 0) this.#finish(request);
  }

  /** Asks one peer for the session that its push built on; has no deadline but the link's end. */
  fetch(peer: NodeId, session: SessionId): void {
    this.#start(session, [peer], { gapOf: peer });
  }

  onPull(peer: NodeId, request: number, session: SessionId): void {
    this.#port.send(peer, { type: "pulled", request, item: this.#port.wholeItem(session) });
  }

  onPulled(peer: NodeId, { request, item }: PulledMessage): void {
    const pull = this.#pulls.get(request);
    const isAsked = pull?.waitingFor.delete(peer) === true;
    if (item && (!isAsked || item.session === pull.session)) this.#port.integrate(peer, item);
    if (!isAsked) return;
    pull.answered.add(peer);
    if (pull.gapOf !== undefined) {
      this.#endFetch(request);
      this.#port.gapFilled(peer, pull.session);
      return;
    }
    if (item) pull.isFound = true;
    if (pull.waitingFor.size === 0 || (item && !pull.isThorough)) this.#finish(request);
  }

  fireDeadline(request: number): void {
    this.#finish(request);
  }

  /** Someone more can be asked. */
  peerUp(peer: NodeId): void {
    for (const [request, { session, waitingFor, gapOf }] of this.#pulls) {
      if (gapOf !== undefined) continue;
      waitingFor.add(peer);
      this.#port.send(peer, { type: "pull", request, session });
    }
  }

  peerDown(peer: NodeId): void {
    for (const [request, pull] of [...this.#pulls]) {
      if (!pull.waitingFor.delete(peer)) continue;
      if (pull.gapOf !== undefined) this.#endFetch(request);
      else if (pull.waitingFor.size === 0) this.#finish(request);
    }
  }

  #isFull(): boolean {
    const value = this.pullCount;
    if (value < this.#port.limits.pullsMax) return false;
    this.#port.emit({ type: "limit-refused", limit: "pullsMax", value });
    return true;
  }

  #start(
    session: SessionId,
    peers: readonly NodeId[],
    { gapOf, ended, isThorough = false }: Partial<Pick<Pull, "gapOf" | "ended" | "isThorough">>,
  ): number {
    if (gapOf !== undefined) this.#gapCount += 1;
    this.#requests += 1;
    const request = this.#requests;
    this.#pulls.set(request, {
      session,
      tickets: [],
      ended,
      waitingFor: new Set(peers),
      answered: new Set(),
      startedAtMs: this.#port.elapsedMs(),
      gapOf,
      isThorough,
      isFound: false,
    });
    for (const peer of peers) this.#port.send(peer, { type: "pull", request, session });
    return request;
  }

  #endFetch(request: number): void {
    if (this.#pulls.delete(request)) this.#gapCount -= 1;
  }

  #finish(request: number): void {
    const pull = this.#pulls.get(request);
    if (!pull) return;
    this.#pulls.delete(request);
    const { session, answered, waitingFor, isFound } = pull;
    if (this.#bySession.get(session) === request) this.#bySession.delete(session);
    const isCertain = this.#port.isCertain(answered);
    const status = isFound ? "found" : isCertain ? "absent" : "unknown";
    const tookMs = this.#port.elapsedMs() - pull.startedAtMs;
    const asked = answered.size + waitingFor.size;
    const end = { isComplete: waitingFor.size === 0, isCertain };
    if (pull.ended) pull.ended(end);
    else this.#port.emit({ type: "pull-finished", session, outcome: status, asked, tookMs });
    for (const ticket of pull.tickets) this.#port.settle(ticket, { kind: "pull", status });
  }
}
