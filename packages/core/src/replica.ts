/**
 * The replica: composes the machines of sessions, membership, gossip and anti-entropy, and is the
 * only one that knows more than one of them.
 *
 * A pure function of its seed and its ordered inputs: what comes in are links, frames, timers and
 * local calls; what goes out passes through the {@link Runtime}. No call throws on what a peer sent.
 *
 * Not here: clocks, sockets and disks (the shell, the simulator).
 */
import type { WantedRevisions } from "./antientropy/freshness.js";
import { assemble } from "./assemble.js";
import type { ReplicaConfig } from "./config.js";
import type { WantedAcks } from "./gossip/acks.js";
import { dispatch } from "./dispatch.js";
import { Heartbeats } from "./heartbeats.js";
import type { LinkId, Millis, SessionId } from "./ids.js";
import { type Inspection, inspect } from "./inspection.js";
import type {
  CommitResult,
  LocalCommit,
  LocalDestroy,
  LookResult,
  ReadResult,
  SessionDescription,
} from "./local-sessions.js";
import { ClockAlarm } from "./membership/clock-offsets.js";
import { TICK_MS } from "./membership/membership.js";
import type { DialFailure } from "./membership/refusals.js";
import type { Parts } from "./parts.js";
import type { AckOutcome, Runtime, StoredRecord, Ticket, Timer } from "./runtime.js";
import type { VersionVector } from "./session-state.js";
import type { Snapshot } from "./session/document.js";
import type { Unshared } from "./sharing.js";
import type { Restored } from "./storage/storage.js";
import { type ReplicaStatus, statusOf } from "./status.js";
import type { RefuseMessage } from "./wire/messages.js";
import { decodeFrame } from "./wire/validate.js";

/** The sans-I/O heart of a node. */
export class Replica {
  readonly #config: ReplicaConfig;
  readonly #runtime: Runtime;
  readonly #parts: Parts;
  readonly #clockAlarm: ClockAlarm;
  readonly #heartbeats: Heartbeats;
  #isStopped = false;

  constructor(config: ReplicaConfig, runtime: Runtime) {
    this.#config = config;
    this.#runtime = runtime;
    this.#parts = assemble(config, runtime);
    const { clockMarginMs, heartbeatIntervalMs } = config.limits;
    this.#heartbeats = new Heartbeats(this.#parts, runtime, heartbeatIntervalMs);
    this.#clockAlarm = new ClockAlarm(clockMarginMs, (event) => runtime.emit(event));
  }

  /**
   * Takes back what this node, or another of the cluster, had stored; before {@link Replica.start},
   * in as many calls as one likes. What cannot be read is left out; says what came of them all.
   */
  restore(records: Iterable<StoredRecord>): Restored {
    return this.#parts.storage.restore(records);
  }

  /** Begins to dial, tick and audit. */
  start(): void {
    const { node, writer } = this.#config;
    this.#runtime.emit({ type: "started", node, writer });
    this.#parts.storage.start();
    this.fire({ kind: "tick" });
    this.#scheduleAudit();
    this.#scheduleCollect();
  }

  /** Says farewell; later inputs are ignored. */
  stop(): void {
    if (this.#isStopped) return;
    this.#parts.pusher.flushAll();
    this.#parts.membership.leave();
    this.#isStopped = true;
    this.#runtime.emit({ type: "stopped" });
  }

  /** A link opened, the secret proved on it; `address` is what this node dialled, if it did. */
  linkOpened(link: LinkId, opened: { address: string | undefined }): void {
    if (!this.#isStopped) this.#parts.membership.linkOpened(link, opened.address);
  }

  linkClosed(link: LinkId, reason: string): void {
    if (!this.#isStopped) this.#parts.membership.linkClosed(link, reason);
  }

  /** Other addresses lead into the cluster now. Links and members stay as they are. */
  setSeeds(addresses: readonly string[]): void {
    if (this.#isStopped) return;
    const { membership, refusals } = this.#parts;
    for (const address of membership.setSeeds(addresses)) refusals.clear(address);
  }

  /** A dial came to nothing. Where nobody answers, nobody refuses any more. */
  dialFailed(address: string, failure: DialFailure): void {
    if (this.#isStopped) return;
    const { membership, refusals } = this.#parts;
    membership.dialFailed(address);
    if (failure.code === "unreachable") refusals.clear(address);
    else refusals.add({ address, ...failure });
  }

  /** A frame arrived on an open link. Never throws on its content. */
  receive(link: LinkId, frame: Uint8Array): void {
    if (this.#isStopped) return;
    const peer = this.#parts.membership.peerOf(link);
    const message = decodeFrame(frame);
    if (message.type === "decode-error") {
      const { reason, unknownType } = message;
      if (unknownType !== undefined) {
        this.#parts.membership.heard(link);
        this.#runtime.emit({ type: "message-unknown", peer, messageType: unknownType });
        return;
      }
      this.#runtime.emit({ type: "frame-rejected", peer, reason });
      this.#runtime.closeLink(link, `malformed frame: ${reason}`);
      return;
    }
    this.#parts.membership.heard(link);
    if (message.type === "hello") this.#parts.membership.onHello(link, message);
    else if (message.type === "refuse") this.#onRefuse(link, message);
    else if (peer !== undefined && this.#parts.membership.member(peer)?.link === link) {
      dispatch(this.#parts, { peer, link }, message);
    }
  }

  fire(timer: Timer): void {
    if (this.#isStopped) return;
    switch (timer.kind) {
      case "tick":
        return this.#tick();
      case "audit":
        this.#parts.audits.addNext();
        return this.#scheduleAudit();
      case "collect":
        this.#parts.retention.collect();
        return this.#scheduleCollect();
      case "ack-deadline":
        return this.#parts.acks.fireDeadline();
      case "push-flush":
        return this.#parts.pusher.fireFlush(timer.peer);
      case "pull-deadline":
        return this.#parts.puller.fireDeadline(timer.request);
      case "token-deadline":
        return this.#parts.freshness.fireDeadline(timer.ticket);
      case "token-retry":
        return this.#parts.freshness.fireRetry(timer.ask);
      case "drain-deadline":
        return this.#parts.drain.fireDeadline(timer.ticket);
      case "persist":
        return this.#parts.persister.fire();
    }
  }

  /** What an application reads of a session that does not exist yet. */
  blank(): Snapshot {
    return this.#parts.local.blank();
  }

  /** What is held here; hydrates a cold session. */
  read(session: SessionId): ReadResult {
    return this.#parts.local.read(session);
  }

  /** What is held here, by reference and whether expired or not; hydrates a cold session. */
  look(session: SessionId): LookResult {
    return this.#parts.local.look(session);
  }

  /** What is known of a session held here, expired or not, without hydrating it. */
  describe(session: SessionId): SessionDescription | undefined {
    return this.#parts.local.describe(session);
  }

  /** Commits a local change and pushes it. */
  commit(session: SessionId, change: LocalCommit): CommitResult {
    return this.#parts.local.commit(session, change);
  }

  /** Says that the session was used now; a write only when a quantum of its idle time has passed. */
  touch(session: SessionId): CommitResult {
    return this.#parts.local.touch(session);
  }

  /** Destroys for good (M9). */
  destroy(session: SessionId, options: LocalDestroy = {}): CommitResult {
    return this.#parts.local.destroy(session, options);
  }

  /** How `wanted` stands, where there is nothing to wait for; else undefined. */
  acknowledged(wanted: WantedAcks): AckOutcome | undefined {
    return this.#parts.acks.settled(wanted);
  }

  /** Settles `ticket` when the change numbered `seq` is acknowledged as wanted, or cannot be. */
  awaitAcks(ticket: Ticket, wanted: WantedAcks): void {
    this.#parts.acks.wait(ticket, wanted);
  }

  /**
   * Asks the peers for a session that is not held here, or whose idle time seems over. `thorough`
   * waits for all of them, so that what any has written before is held here then.
   */
  pull(ticket: Ticket, session: SessionId, options: { thorough?: boolean } = {}): void {
    this.#parts.puller.pull(ticket, session, { thorough: options.thorough === true });
  }

  /**
   * Settles `ticket` when these revisions of a session are held here, or nobody reachable has them, or
   * the deadline has passed. Asks the peers meanwhile (P5).
   */
  awaitRevisions(ticket: Ticket, session: SessionId, wanted: WantedRevisions): void {
    this.#parts.freshness.wait(ticket, session, wanted);
  }

  /** Which of these revisions of a session, read here, some member may lack (P5). */
  unshared(session: SessionId, revisions: VersionVector): Unshared {
    return this.#parts.sharing.unshared(this.#parts.table.get(session), revisions);
  }

  /** The sessions held here, expired ones included, tombstones not; of one of PARTITION_COUNT partitions. */
  held(partition?: number): SessionId[] {
    return [...this.#parts.table.ids(partition)];
  }

  /** The cluster's idea of the time, in which sessions expire. */
  nowMs(): Millis {
    return this.#parts.local.nowMs();
  }

  /** Announces that this node will go, and settles `ticket` when it may. */
  drain(ticket: Ticket, deadlineMs: Millis): void {
    if (!this.#parts.drain.isStarted) this.#parts.membership.startDraining();
    this.#parts.drain.start(ticket, deadlineMs);
  }

  /** The batch that was handed over last is durable. */
  persisted(): void {
    if (!this.#isStopped) this.#parts.persister.persisted();
  }

  /** The batch that was handed over last is not durable, or not all of it; it comes again. */
  persistFailed(reason: string): void {
    if (!this.#isStopped) this.#parts.persister.failed(reason);
  }

  /** Whether this node has its own change of this number on its disk, or need not. */
  isStored(seq: number): boolean {
    return this.#parts.storage.isStored(seq);
  }

  /** Settles `ticket` when all that has changed so far is durable, or the disk fails. */
  store(ticket: Ticket): void {
    this.#parts.storage.store(ticket);
  }

  /** A picture of this node for readiness, metrics and people. */
  status(): ReplicaStatus {
    return statusOf(this.#config, this.#parts);
  }

  /** What is kept incrementally, compared with what it is afresh. For simulations and tests. */
  inspect(): Inspection {
    return inspect(this.#config, this.#parts);
  }

  #onRefuse(link: LinkId, { code, detail }: RefuseMessage): void {
    const { membership, refusals } = this.#parts;
    refusals.add({ address: membership.addressOf(link), code, detail, byPeer: true });
    membership.refusedBy(link);
    this.#runtime.closeLink(link, `refused by the peer: ${detail}`);
  }

  #tick(): void {
    this.#parts.membership.tick();
    this.#clockAlarm.review(this.#parts.membership.clockOffsetMs());
    this.#parts.bulkJoin.tick();
    this.#parts.auditor.tick();
    this.#parts.drain.review();
    this.#parts.pusher.reviewConfirmations();
    this.#heartbeats.tick();
    this.#runtime.schedule({ kind: "tick" }, TICK_MS);
  }

  #scheduleAudit(): void {
    const { auditIntervalMs } = this.#config.limits;
    const jitterMs = this.#runtime.random.range(0, Math.max(1, Math.floor(auditIntervalMs / 2)));
    this.#runtime.schedule({ kind: "audit" }, auditIntervalMs * 0.75 + jitterMs);
  }

  #scheduleCollect(): void {
    this.#runtime.schedule({ kind: "collect" }, this.#config.limits.collectIntervalMs);
  }
}
