/**
 * Finding and repairing every difference between two nodes, whatever caused it (P8).
 *
 *   A ──audit(root)──────────▶ B
 *   A ◀─partitions(sums)────── B    empty where the roots are equal: done
 *   A ──list(partitions, …)──▶ B    what A holds in the partitions that differ
 *   A ◀─sync(…), listed(want)─ B    what A lacks, and what B lacks
 *   A ──sync(…)──────────────▶ B
 *
 * One round at a time is begun by a node; rounds of others are answered at any time. Unless the
 * round is thorough, sessions changed a moment ago are not compared, their push being in flight, and
 * dead ones are not sent to who lacks them, who may have dropped them.
 *
 * Not here: sums (partition-sums.ts), sending (sync-sender.ts), and when to audit (the replica).
 */
import type { Limits } from "../config.js";
import type { EventBody } from "../events.js";
import type { Millis, NodeId, SessionId } from "../ids.js";
import type { WholeItem } from "../session-state.js";
import type {
  AuditMessage,
  DigestEntry,
  ListedMessage,
  ListMessage,
  Message,
  PartitionsMessage,
} from "../wire/messages.js";
import {
  type AuditOutcome,
  type AuditRound,
  beginRound,
  type FinishedRound,
} from "./audit-round.js";
import type { Lanes, PartitionSums } from "./partition-sums.js";
import { SyncSender } from "./sync-sender.js";

/** How many entries a list message carries. */
const LIST_ENTRIES_MAX = 5_000;

/** One session or tombstone as an audit sees it. */
export interface AuditElement {
  readonly session: SessionId;
  readonly digest: Lanes;
  readonly changedAtMs: Millis;
}

/** What auditing needs of its replica. */
export interface AuditorPort {
  readonly limits: Limits;
  readonly sums: PartitionSums;
  elapsedMs(): Millis;
  send(peer: NodeId, message: Message): void;
  emit(event: EventBody): void;
  elementsOf(partition: number): Iterable<AuditElement>;
  wholeItem(session: SessionId): WholeItem | undefined;
  /** Whether a session is dead for all that is known here: whoever lacks it does not need it. */
  isExpired(session: SessionId): boolean;
  /** The peer holds the same copy of a session, or none. */
  foundSameOrNone(peer: NodeId, session: SessionId): void;
  /** Merges a whole copy. */
  integrate(peer: NodeId, item: WholeItem): void;
  /** Whether the peer computes digests as this node does. */
  isComparable(peer: NodeId): boolean;
  /** These partitions were equal on both nodes at this moment; all of them where undefined. */
  foundEqual(peer: NodeId, differing: ReadonlySet<number> | undefined): void;
  finished(peer: NodeId, round: FinishedRound): void;
}

/** The machine. */
export class Auditor {
  readonly #port: AuditorPort;
  readonly #sender: SyncSender;
  #round: AuditRound | undefined;
  #rounds = 0;

  constructor(port: AuditorPort) {
    this.#port = port;
    this.#sender = new SyncSender({
      limits: port.limits,
      send: (peer, message) => port.send(peer, message),
      wholeItem: (session) => port.wholeItem(session),
      drained: (peer) => this.#tryFinish(peer),
    });
  }

  get isBusy(): boolean {
    return this.#round !== undefined;
  }

  /** Begins a round; the caller sees to it that none is under way. */
  start(peer: NodeId, options: { thorough: boolean }): void {
    this.#rounds += 1;
    this.#round = beginRound({
      number: this.#rounds,
      peer,
      isThorough: options.thorough,
      startedAtMs: this.#port.elapsedMs(),
      sentBytesBefore: this.#sender.sentBytes,
    });
    if (!this.#port.isComparable(peer)) {
      this.#startIncomparable(this.#round);
      return;
    }
    const { a, b } = this.#port.sums.root();
    const { count } = this.#port.sums;
    this.#port.send(peer, { type: "audit", round: this.#rounds, a, b, count });
  }

  /** Gives up a round that makes no progress. */
  tick(): void {
    const round = this.#round;
    if (!round) return;
    const idleMs = this.#port.elapsedMs() - round.progressAtMs;
    if (idleMs > this.#port.limits.auditDeadlineMs) this.#finish(round, "abandoned");
  }

  peerDown(peer: NodeId): void {
    this.#sender.peerDown(peer);
    if (this.#round?.peer === peer) this.#finish(this.#round, "abandoned");
  }

  onAudit(peer: NodeId, { round, a, b, count }: AuditMessage): void {
    const { sums } = this.#port;
    const root = sums.root();
    const isEqual = root.a === a && root.b === b && count === sums.count;
    if (isEqual) this.#port.foundEqual(peer, undefined);
    this.#port.send(peer, { type: "partitions", round, sums: isEqual ? [] : sums.toArray() });
  }

  onPartitions(peer: NodeId, { round: number, sums }: PartitionsMessage): void {
    const round = this.#roundOf(peer, number);
    if (!round) return;
    if (sums.length === 0) {
      this.#port.foundEqual(peer, undefined);
      this.#finish(round, "equal");
      return;
    }
    const differing = this.#port.sums.differing(sums);
    this.#port.foundEqual(peer, new Set(differing));
    this.#sendLists(round, differing);
    round.isListed = true;
    this.#tryFinish(peer);
  }

  onList(peer: NodeId, list: ListMessage): void {
    this.#port.foundEqual(peer, new Set(list.differing));
    const theirs = new Map(list.entries.map((entry) => [entry.session, entry]));
    const surplus: SessionId[] = [];
    const wanted: SessionId[] = [];
    for (const partition of new Set(list.partitions)) {
      for (const mine of this.#port.elementsOf(partition)) {
        const entry = theirs.get(mine.session);
        theirs.delete(mine.session);
        if (!this.#isToBeSent(peer, { mine, entry, isThorough: list.isThorough })) continue;
        surplus.push(mine.session);
        if (entry) wanted.push(mine.session);
      }
    }
    const missing = [...theirs.values()].filter((entry) => !isInFlight(entry));
    const lacking = missing.map((entry) => entry.session);
    this.#sender.enqueue(peer, surplus);
    this.#port.send(peer, { type: "listed", round: list.round, wanted, lacking });
  }

  onListed(peer: NodeId, { round: number, wanted, lacking }: ListedMessage): void {
    const round = this.#roundOf(peer, number);
    if (!round) return;
    round.listsPending -= 1;
    const isNeeded = (session: SessionId): boolean =>
      round.isThorough || !this.#isDoneWith(peer, session);
    const needed = [...wanted, ...lacking.filter(isNeeded)];
    round.sent += needed.length;
    this.#sender.enqueue(peer, needed);
    this.#tryFinish(peer);
  }

  /** Sends sessions unasked: news that the peer seems not to have heard. */
  offer(peer: NodeId, sessions: readonly SessionId[]): void {
    this.#sender.enqueue(peer, sessions);
  }

  onSync(peer: NodeId, request: number, items: readonly WholeItem[]): void {
    for (const item of items) this.#port.integrate(peer, item);
    if (this.#round?.peer === peer) {
      this.#round.received += items.length;
      this.#round.progressAtMs = this.#port.elapsedMs();
    }
    this.#port.send(peer, { type: "synced", request });
  }

  onSynced(peer: NodeId, request: number): void {
    if (this.#round?.peer === peer) this.#round.progressAtMs = this.#port.elapsedMs();
    this.#sender.onSynced(peer, request);
  }

  #isToBeSent(
    peer: NodeId,
    {
      mine,
      entry,
      isThorough,
    }: { mine: AuditElement; entry: DigestEntry | undefined; isThorough: boolean },
  ): boolean {
    const { session, digest, changedAtMs } = mine;
    if (entry && entry.a === digest.a && entry.b === digest.b) {
      if (this.#port.isExpired(session)) this.#port.foundSameOrNone(peer, session);
      return false;
    }
    if (isThorough) return true;
    if ((entry && isInFlight(entry)) || this.#isFresh(changedAtMs)) return false;
    return entry !== undefined || !this.#isDoneWith(peer, session);
  }

  /** The peer lacks a session; where that is dead for all that is known here, so be it. */
  #isDoneWith(peer: NodeId, session: SessionId): boolean {
    if (!this.#port.isExpired(session)) return false;
    this.#port.foundSameOrNone(peer, session);
    return true;
  }

  #isFresh(changedAtMs: Millis): boolean {
    return this.#port.elapsedMs() - changedAtMs < this.#port.limits.auditGraceMs;
  }

  #roundOf(peer: NodeId, number: number): AuditRound | undefined {
    const round = this.#round;
    if (round?.peer !== peer || round.number !== number) return undefined;
    round.progressAtMs = this.#port.elapsedMs();
    return round;
  }

  /** Digests of another version look all different: send everything instead of comparing. */
  #startIncomparable(round: AuditRound): void {
    if (!round.isThorough) {
      this.#finish(round, "incomparable");
      return;
    }
    const all: SessionId[] = [];
    for (const partition of this.#port.sums.partitions()) {
      for (const { session } of this.#port.elementsOf(partition)) all.push(session);
    }
    round.sent = all.length;
    round.isListed = true;
    this.#sender.enqueue(round.peer, all);
    this.#tryFinish(round.peer);
  }

  #sendLists(round: AuditRound, partitions: readonly number[]): void {
    let named: number[] = [];
    let entries: DigestEntry[] = [];
    const flush = (): void => {
      if (named.length === 0) return;
      const { number, isThorough } = round;
      const head = { type: "list", round: number, isThorough } as const;
      const list = { ...head, partitions: named, entries, differing: partitions };
      this.#port.send(round.peer, list);
      round.listsPending += 1;
      named = [];
      entries = [];
    };
    for (const partition of partitions) {
      named.push(partition);
      for (const { session, digest, changedAtMs } of this.#port.elementsOf(partition)) {
        const isFresh = !round.isThorough && this.#isFresh(changedAtMs);
        entries.push(isFresh ? { session, a: 0, b: 0 } : { session, a: digest.a, b: digest.b });
      }
      if (entries.length >= LIST_ENTRIES_MAX) flush();
    }
    flush();
  }

  #tryFinish(peer: NodeId): void {
    const round = this.#round;
    if (round?.peer !== peer || !round.isListed || round.listsPending > 0) return;
    if (this.#sender.isIdle(peer)) this.#finish(round, "repaired");
  }

  #finish(round: AuditRound, outcome: AuditOutcome): void {
    this.#round = undefined;
    const { peer, sent, received, sentBytesBefore, startedAtMs } = round;
    const bytes = this.#sender.sentBytes - sentBytesBefore;
    const tookMs = this.#port.elapsedMs() - startedAtMs;
    const report = { peer, outcome, sent, received, bytes, tookMs };
    this.#port.emit({ type: "audit-finished", ...report });
    this.#port.finished(peer, { outcome, isThorough: round.isThorough, startedAtMs });
  }
}

function isInFlight({ a, b }: DigestEntry): boolean {
  return a === 0 && b === 0;
}
