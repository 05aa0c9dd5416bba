/**
 * Pushing this process's changes to every peer, and following theirs.
 *
 *   A ──resume(have)──▶ B           how far A has followed B; B's stream to A begins there
 *   B ──push(from, to, items)──▶ A  in order, a window of bytes unacknowledged
 *   A ──ack(to)──▶ B                everything up to there is integrated
 *   A ──pull(session)──▶ B          an item builds on something A lacks: the ack waits for the whole
 *
 * Nothing is relayed: the origin pushes to all, and audits repair what a dead origin left half done.
 *
 * Invariants: 1. `ackedSeq ≤ sentSeq ≤ headSeq` for each stream. 2. `have` of a writer grows only
 * past what is integrated here, or left to an audit; the latter no acknowledgement confirms (P1).
 *
 * Not here: who waits for acknowledgements (acks.ts), and merging (the session table).
 */
import { assert } from "../assert.js";
import type { Limits } from "../config.js";
import type { EventBody } from "../events.js";
import type { Bytes, Millis, NodeId, SessionId, WriterId } from "../ids.js";
import type { Item, WholeItem } from "../session-state.js";
import type { Message, PushMessage } from "../wire/messages.js";
import type { Acker } from "./acks.js";
import { Batches } from "./batches.js";
import { ChangeLog, itemBytes } from "./change-log.js";
import { Follower } from "./follower.js";
import { SkippedChanges } from "./skipped-changes.js";
import { type PeerStanding, Stream } from "./stream.js";

/** What pushing needs of its replica. */
export interface PusherPort {
  readonly limits: Limits;
  send(peer: NodeId, message: Message): void;
  emit(event: EventBody): void;
  scheduleFlush(peer: NodeId, delayMs: Millis): void;
  standingOf(peer: NodeId): PeerStanding;
  /** The whole copy of a session, for a peer whose deltas were dropped. */
  wholeItem(session: SessionId): WholeItem | undefined;
  /** Merges an item; `gap` where it builds on something that is missing here. */
  integrate(peer: NodeId, item: Item): "ok" | "gap";
  /** Asks `peer` for a whole session; `gapFilled` follows. */
  fetch(peer: NodeId, session: SessionId): void;
  /** `peer` fell behind further than the log reaches. */
  needsAudit(peer: NodeId): void;
  acked(): void;
  /** The point by which all that was integrated so far may be confirmed (see FollowerPort). */
  confirmablePoint(): number;
  isConfirmable(point: number): boolean;
  isStorageStuck(): boolean;
}

/** The pushing half of gossip, with its following half beside it. */
export class Pusher {
  readonly #port: PusherPort;
  readonly #log: ChangeLog;
  readonly #batches: Batches;
  readonly #streams = new Map<NodeId, Stream>();
  /** To be waited for, though nothing flows yet: no link so far, or no word how far they followed. */
  readonly #coming = new Map<NodeId, Stream>();
  readonly #skipped: SkippedChanges;
  readonly #follower: Follower;

  constructor(port: PusherPort) {
    this.#port = port;
    this.#log = new ChangeLog(port.limits);
    this.#batches = new Batches(this.#log, port);
    this.#skipped = new SkippedChanges(port.limits.membersMax * 4);
    this.#follower = new Follower(port);
  }

  get headSeq(): number {
    return this.#log.headSeq;
  }

  get fill(): { entries: number; bytes: number } {
    return this.#log.fill;
  }

  ackers(): readonly Acker[] {
    return [...this.#streams.values(), ...this.#coming.values()];
  }

  /** These members are alive and have no link yet: a logout is not known to all before they know. */
  expect(peers: readonly NodeId[]): void {
    for (const peer of this.#coming.keys()) {
      if (!this.#port.standingOf(peer).isTrusted) this.#coming.delete(peer);
    }
    for (const peer of peers) {
      if (this.#coming.has(peer)) continue;
      this.#coming.set(peer, this.#stream(peer, -1));
    }
  }

  /** Whether `peer` has integrated the change of this number, and said so. */
  hasConfirmed(peer: NodeId, seq: number): boolean {
    return this.#streams.get(peer)?.hasConfirmed(seq) ?? false;
  }

  /** How far `peer` follows, what was left to an audit included; undefined without a stream. */
  ackedBy(peer: NodeId): number | undefined {
    return this.#streams.get(peer)?.ackedSeq;
  }

  /** Bytes pushed to `peer` and not confirmed, against its window; undefined without a stream. */
  inFlightBytesTo(peer: NodeId): Bytes | undefined {
    return this.#streams.get(peer)?.inFlightBytes;
  }

  /** Adds a local change and pushes it to every peer. */
  push(item: Item): number {
    const seq = this.#log.append(item);
    for (const [peer, stream] of this.#streams) this.#flushOrWait(peer, stream);
    return seq;
  }

  /** A link is up: say how far this node has followed the peer. */
  peerUp(peer: NodeId, writer: WriterId): void {
    this.#streams.delete(peer);
    this.#coming.set(peer, this.#stream(peer, -1));
    const haveSeq = this.#follower.peerUp(peer, writer);
    this.#port.send(peer, { type: "resume", haveSeq });
  }

  peerDown(peer: NodeId): void {
    this.#streams.delete(peer);
    this.#coming.delete(peer);
    this.#follower.peerDown(peer);
  }

  onResume(peer: NodeId, haveSeq: number): void {
    const { headSeq, deltaFloorSeq } = this.#log;
    const fromSeq = Math.min(haveSeq, headSeq);
    const floorSeq = this.#log.floorFor(fromSeq);
    const known = this.#streams.get(peer) ?? this.#coming.get(peer);
    this.#coming.delete(peer);
    const stream = this.#stream(peer, fromSeq);
    if (known) stream.isLate = known.isLate;
    this.#streams.set(peer, stream);
    if (fromSeq < headSeq) {
      if (this.#batches.repeatItself(fromSeq)) stream.wholesToSeq = headSeq;
      const deltasFromSeq = Math.max(deltaFloorSeq, stream.wholesToSeq);
      const rung = fromSeq >= deltasFromSeq ? "deltas" : fromSeq >= floorSeq ? "states" : "audit";
      this.#port.emit({ type: "catch-up-started", peer, fromSeq, toSeq: headSeq, rung });
    }
    this.flush(peer);
    this.#port.acked();
  }

  onAck(peer: NodeId, seq: number): void {
    if (this.#streams.get(peer)?.confirmed(seq) !== true) return;
    this.#port.acked();
    this.flush(peer);
  }

  /** The peer has it and promises nothing: its disk does not keep up. */
  onIntegrated(peer: NodeId, seq: number): void {
    if (this.#streams.get(peer)?.integrated(seq) === true) this.flush(peer);
  }

  onPush(peer: NodeId, push: PushMessage): void {
    this.#follower.onPush(peer, push);
  }

  /** A fetched session arrived, or the peer no longer has it. */
  gapFilled(peer: NodeId, session: SessionId): void {
    this.#follower.gapFilled(peer, session);
  }

  /** More may be confirmed to peers than before. */
  reviewConfirmations(): void {
    this.#follower.review();
  }

  /** How far this node has followed `peer`. */
  haveOf(peer: NodeId): number {
    return this.#follower.haveOf(peer);
  }

  /** Sends what fits into the window. */
  flush(peer: NodeId): void {
    const stream = this.#streams.get(peer);
    if (!stream) return;
    const { pushWindowBytesMax } = this.#port.limits;
    while (stream.sentSeq < this.#log.headSeq && stream.inFlightBytes < pushWindowBytesMax) {
      const batch = this.#nextBatch(peer, stream);
      assert(batch.toSeqInclusive > stream.sentSeq, `a batch for ${peer} made no progress`);
      const bytes = batch.items.reduce((sum, item) => sum + itemBytes(item), 0);
      this.#port.send(peer, batch);
      stream.sentSeq = batch.toSeqInclusive;
      stream.inFlight.push({ toSeq: batch.toSeqInclusive, bytes });
      stream.inFlightBytes += bytes;
    }
  }

  /** The delay for an acknowledgement is over. */
  fireFlush(peer: NodeId): void {
    const stream = this.#streams.get(peer);
    if (stream) stream.flushDelayMs = Number.POSITIVE_INFINITY;
    this.flush(peer);
  }

  /** Sends to everyone what fits into the windows: no timer will fire any more. */
  flushAll(): void {
    for (const peer of this.#streams.keys()) this.flush(peer);
  }

  /**
   * Nothing in flight: what is written in this turn goes together, at its end. Else changes gather
   * until an acknowledgement, a delay, or a full batch.
   */
  #flushOrWait(peer: NodeId, stream: Stream): void {
    const isFull = this.#log.bytesAfter(stream.sentSeq) >= this.#port.limits.pushBatchBytesMax;
    if (isFull) {
      this.flush(peer);
      return;
    }
    const delayMs = stream.inFlight.length === 0 ? 0 : this.#port.limits.pushDelayMs;
    if (delayMs >= stream.flushDelayMs) return;
    stream.flushDelayMs = delayMs;
    this.#port.scheduleFlush(peer, delayMs);
  }

  #nextBatch(peer: NodeId, stream: Stream): PushMessage {
    const { sentSeq: fromSeqExclusive } = stream;
    const floorSeq = this.#log.floorFor(fromSeqExclusive);
    if (fromSeqExclusive < floorSeq) {
      this.#skipped.add(peer, { fromSeqExclusive, toSeqInclusive: floorSeq });
      this.#port.needsAudit(peer);
      return { type: "push", fromSeqExclusive, toSeqInclusive: floorSeq, items: [] };
    }
    return this.#batches.after(stream);
  }

  #stream(peer: NodeId, haveSeq: number): Stream {
    const standing = (): PeerStanding => this.#port.standingOf(peer);
    return new Stream(haveSeq, standing, (seq) => this.#skipped.has(peer, seq));
  }
}
