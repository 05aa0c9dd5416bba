/**
 * Filling a node that joins with little or nothing: several members are asked at once, each for other
 * partitions, while requests are served already and what they miss is pulled (P9).
 *
 *   A ──range(partitions, after)──▶ B, C, D …   at most `IN_FLIGHT_MAX` unanswered to each
 *   A ◀─ranged(last, items)──────── each        a chunk; A asks again from `last` on
 *
 * What a donor leaves undone that dies, is suspected, leaves, is joining itself or is slow, goes to
 * another; whoever has nothing to do takes half of what another has before it. A member of an older
 * version never answers. Where nobody is left to ask, audits bring the rest, as they prove the whole
 * when the bulk is here: so audits, own ones and donors', wait until then.
 *
 * Invariants: 1. A range is asked of one donor at most. 2. Only answers to what was asked are taken.
 *
 * Not here: giving (range-donor.ts), the account of ranges (join-ranges.ts), audits (auditor.ts).
 */
import type { Limits } from "../config.js";
import type { EventBody } from "../events.js";
import { type Bytes, type Millis, type NodeId, PARTITION_COUNT } from "../ids.js";
import type { WholeItem } from "../session-state.js";
import type { AuditMessage, Message, RangedMessage } from "../wire/messages.js";
import { JoinRanges, type Range } from "./join-ranges.js";
import { sizeOf } from "./sync-sender.js";

/** Who holds at most this many sessions when the first peer comes is filled in bulk. */
const LITTLE_COUNT = 1_000;

/** How many chunks may be unanswered by one donor; until its first answer it is one. */
const IN_FLIGHT_MAX = 4;

/** Who alone is still waited for, while others have nothing to do, may take this part of the deadline. */
const LAST_SHARE = 1 / 4;

/** Ticks further apart than this: the node stood still, and answers waited here and not there. */
const STALLED_MS: Millis = 500;

/** Longer than this no join holds audits up, however well it goes. */
const JOIN_MS_MAX: Millis = 5 * 60_000;

/** How many events a join tells its progress with. */
const PROGRESS_STEPS = 16;

/** What joining needs of its replica. */
export interface BulkJoinPort {
  readonly limits: Limits;
  elapsedMs(): Millis;
  send(peer: NodeId, message: Message): void;
  emit(event: EventBody): void;
  /** How many sessions and tombstones are held here. */
  heldCount(): number;
  /** Whether a member is linked, not suspected, not leaving, and can be compared with afterwards. */
  isDonor(peer: NodeId): boolean;
  linkedPeers(): readonly NodeId[];
  /** This node is about to go: it only gives from now on. */
  isLeaving(): boolean;
  integrate(peer: NodeId, item: WholeItem): void;
  /** Answers an audit of a peer. */
  answerAudit(peer: NodeId, audit: AuditMessage): void;
  /** Compares everything with a donor. */
  audit(peer: NodeId): void;
  /** Audits that waited may go on. */
  finished(): void;
}

interface Donor {
  inFlightMax: number;
  /** What was asked and not answered, oldest first. */
  readonly asked: Map<number, { readonly range: Range; askedAtMs: Millis }>;
  heardAtMs: Millis;
  /** Its audit of this node, which waits for the bulk. */
  audit: { readonly message: AuditMessage; readonly atMs: Millis } | undefined;
}

interface Join {
  readonly startedAtMs: Millis;
  readonly donors: Map<NodeId, Donor>;
  /** Who gave nothing, or not in time: not asked again in this join. */
  readonly dismissed: Set<NodeId>;
  /** Somebody gave something. */
  isFruitful: boolean;
  sessions: number;
  bytes: Bytes;
  /** How much of the way was told. */
  steps: number;
}

/** The machine. */
export class BulkJoin {
  readonly #port: BulkJoinPort;
  readonly #ranges = new JoinRanges();
  #join: Join | undefined;
  /** A join broke off half done, and what is left was not found here since. */
  #isHalfDone = false;
  /** No join will begin any more. */
  #isOver = false;
  #requests = 0;
  #tickedAtMs: Millis;

  constructor(port: BulkJoinPort) {
    this.#port = port;
    this.#tickedAtMs = port.elapsedMs();
  }

  /** Whether the bulk is being fetched. */
  get isJoining(): boolean {
    return this.#join !== undefined;
  }

  /** A link to `peer` is up, or a better one replaced it: what was asked there is not answered. */
  peerUp(peer: NodeId): void {
    this.#release(peer);
    if (!this.#join) {
      if (this.#port.heldCount() > LITTLE_COUNT && !this.#isHalfDone) this.#isOver = true;
      if (this.#isOver || this.#port.isLeaving() || !this.#port.isDonor(peer)) return;
      this.#begin();
    }
    this.#review();
  }

  peerDown(peer: NodeId): void {
    this.#release(peer);
    this.#review();
  }

  /**
   * Everything held here was compared with a peer: there is nothing to fetch in bulk any more. That
   * two nodes hold nothing alike says nothing about those that are still to come.
   */
  proved(): void {
    if (!this.#join && this.#port.heldCount() > 0) this.#isOver = true;
  }

  /** Dismisses who is slow, and who is no donor any more. */
  tick(): void {
    const nowMs = this.#port.elapsedMs();
    const isStalled = nowMs - this.#tickedAtMs > STALLED_MS;
    this.#tickedAtMs = nowMs;
    const join = this.#join;
    if (!join) return;
    if (nowMs - join.startedAtMs > JOIN_MS_MAX) {
      this.#finish("incomplete");
      return;
    }
    const { rangeDeadlineMs } = this.#port.limits;
    const isAnyIdle = [...join.donors.values()].some(({ asked }) => asked.size === 0);
    for (const [peer, donor] of join.donors) {
      const [oldest] = donor.asked.values();
      if (!oldest) continue;
      if (isStalled) {
        donor.heardAtMs = nowMs;
        oldest.askedAtMs = nowMs;
      }
      const isSilent = nowMs - donor.heardAtMs > rangeDeadlineMs;
      const isLast = isAnyIdle && nowMs - oldest.askedAtMs > rangeDeadlineMs * LAST_SHARE;
      if (isSilent || isLast) join.dismissed.add(peer);
    }
    this.#review();
  }

  /** A peer's audit is answered: a donor's when the bulk is here. */
  onAudit(peer: NodeId, message: AuditMessage): void {
    const donor = this.#join?.donors.get(peer);
    if (donor) donor.audit = { message, atMs: this.#port.elapsedMs() };
    else this.#port.answerAudit(peer, message);
  }

  onRanged(peer: NodeId, { request, isGiven, last, items }: RangedMessage): void {
    const join = this.#join;
    const donor = join?.donors.get(peer);
    const range = donor?.asked.get(request)?.range;
    if (!join || !donor || !range) return;
    donor.asked.delete(request);
    donor.heardAtMs = this.#port.elapsedMs();
    donor.inFlightMax = IN_FLIGHT_MAX;
    for (const item of items) {
      this.#port.integrate(peer, item);
      join.bytes += sizeOf(item);
    }
    join.sessions += items.length;
    // A chunk of nothing that is not the last would let a donor hold the join up for ever.
    const isAnswer = isGiven && (items.length > 0 || last === undefined);
    if (!isAnswer) this.#ranges.giveBack(range);
    if (!isAnswer || !this.#ranges.advance(range, last)) join.dismissed.add(peer);
    else join.isFruitful = true;
    this.#report(join);
    if (!join.dismissed.has(peer)) this.#ask(peer, donor);
    this.#review();
  }

  #begin(): void {
    this.#join = {
      startedAtMs: this.#port.elapsedMs(),
      donors: new Map(),
      dismissed: new Set(),
      isFruitful: false,
      sessions: 0,
      bytes: 0,
      steps: this.#stepsDone(),
    };
    const donors = this.#port.linkedPeers().filter((peer) => this.#port.isDonor(peer)).length;
    this.#port.emit({ type: "join-started", donors });
  }

  /** Lets donors go that are none any more, takes new ones, gives everyone something to do. */
  #review(): void {
    const join = this.#join;
    if (!join) return;
    if (this.#ranges.isDone) {
      this.#finish("complete");
      return;
    }
    const isDonor = (peer: NodeId): boolean =>
      !join.dismissed.has(peer) && this.#port.isDonor(peer);
    for (const [peer, donor] of [...join.donors]) {
      if (isDonor(peer)) continue;
      this.#release(peer);
      this.#compare(peer, donor);
    }
    for (const peer of this.#port.linkedPeers()) {
      if (join.donors.has(peer) || !isDonor(peer)) continue;
      const heardAtMs = this.#port.elapsedMs();
      join.donors.set(peer, { inFlightMax: 1, asked: new Map(), heardAtMs, audit: undefined });
    }
    if (join.donors.size === 0 || this.#port.isLeaving()) this.#finish("incomplete");
    for (const [peer, donor] of join.donors) this.#ask(peer, donor);
  }

  #ask(peer: NodeId, donor: Donor): void {
    while (donor.asked.size < donor.inFlightMax) {
      const range = this.#ranges.take();
      if (!range) return;
      if (donor.asked.size === 0) donor.heardAtMs = this.#port.elapsedMs();
      this.#requests += 1;
      donor.asked.set(this.#requests, { range, askedAtMs: this.#port.elapsedMs() });
      this.#port.send(peer, { type: "range", request: this.#requests, ...range });
    }
  }

  /** What was asked of `peer` is there for others. */
  #release(peer: NodeId): void {
    const donor = this.#join?.donors.get(peer);
    this.#join?.donors.delete(peer);
    for (const { range } of donor?.asked.values() ?? []) this.#ranges.giveBack(range);
  }

  /** Answers a donor's audit that waited; begins one where it is not waited for any more. */
  #compare(peer: NodeId, { audit }: Donor): void {
    const sinceMs = this.#port.elapsedMs() - (audit?.atMs ?? Number.NEGATIVE_INFINITY);
    if (audit && sinceMs < this.#port.limits.auditDeadlineMs) {
      this.#port.answerAudit(peer, audit.message);
    } else this.#port.audit(peer);
  }

  #report(join: Join): void {
    const steps = this.#stepsDone();
    if (steps === join.steps) return;
    join.steps = steps;
    this.#port.emit({
      type: "join-progress",
      partitionsDone: this.#ranges.doneCount,
      partitionsTotal: PARTITION_COUNT,
      sessions: join.sessions,
      bytes: join.bytes,
      donors: join.donors.size,
    });
  }

  #stepsDone(): number {
    return Math.floor((this.#ranges.doneCount * PROGRESS_STEPS) / PARTITION_COUNT);
  }

  #finish(outcome: "complete" | "incomplete"): void {
    const join = this.#join;
    if (!join) return;
    const donors = [...join.donors];
    for (const [peer] of donors) this.#release(peer);
    this.#join = undefined;
    if (outcome === "complete") this.#isOver = true;
    else if (join.isFruitful) this.#isHalfDone = true;
    const { sessions, bytes, startedAtMs } = join;
    const durationMs = this.#port.elapsedMs() - startedAtMs;
    this.#port.emit({ type: "join-finished", outcome, sessions, bytes, durationMs });
    for (const [peer, donor] of donors) this.#compare(peer, donor);
    this.#port.finished();
  }
}
