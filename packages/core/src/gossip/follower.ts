/**
 * The receiving half of gossip: integrates each peer's changes in order and confirms them.
 *
 * An item that builds on something missing here is a gap: its session is fetched whole from the
 * same peer, and nothing is confirmed until every gap is filled. Nothing is parked, so nothing that
 * was confirmed can be dropped. Where a confirmation means the disk, it waits for that.
 *
 * Not here: sending changes (pusher.ts).
 */
import type { Limits } from "../config.js";
import type { EventBody } from "../events.js";
import type { NodeId, SessionId, WriterId } from "../ids.js";
import type { Item } from "../session-state.js";
import type { Message, PushMessage } from "../wire/messages.js";

/** What following needs. */
export interface FollowerPort {
  readonly limits: Limits;
  send(peer: NodeId, message: Message): void;
  emit(event: EventBody): void;
  integrate(peer: NodeId, item: Item): "ok" | "gap";
  fetch(peer: NodeId, session: SessionId): void;
  /** The point by which all that was integrated so far may be confirmed. */
  confirmablePoint(): number;
  isConfirmable(point: number): boolean;
  /** What is to be confirmed may wait for long: the disk fails, or is as good as that. */
  isStorageStuck(): boolean;
}

interface Following {
  readonly writer: WriterId;
  /** The last change received in order on this link. */
  receivedSeq: number;
  readonly gaps: Set<SessionId>;
  /** Integrated, and not yet to be confirmed: the last change of each point. */
  readonly unconfirmed: { seq: number; readonly point: number }[];
  /** How far the peer was told that this node has come. */
  toldSeq: number;
}

/** Follows every linked peer. */
export class Follower {
  readonly #port: FollowerPort;
  readonly #followings = new Map<NodeId, Following>();
  /** How far each writer was followed and integrated; outlives links. */
  readonly #have = new Map<WriterId, number>();

  constructor(port: FollowerPort) {
    this.#port = port;
  }

  /** Begins to follow; returns how far this writer was followed before. */
  peerUp(peer: NodeId, writer: WriterId): number {
    const receivedSeq = this.#have.get(writer) ?? 0;
    const nothing = { gaps: new Set<SessionId>(), unconfirmed: [] };
    this.#followings.set(peer, { writer, receivedSeq, ...nothing, toldSeq: receivedSeq });
    return receivedSeq;
  }

  peerDown(peer: NodeId): void {
    this.#followings.delete(peer);
  }

  haveOf(peer: NodeId): number {
    const following = this.#followings.get(peer);
    return following ? (this.#have.get(following.writer) ?? 0) : 0;
  }

  onPush(peer: NodeId, push: PushMessage): void {
    const following = this.#followings.get(peer);
    if (!following) return;
    if (push.fromSeqExclusive > following.receivedSeq) {
      // Something before it is missing: begin again from what is integrated.
      this.#port.send(peer, { type: "resume", haveSeq: this.#beginAgain(following) });
      return;
    }
    for (const item of push.items) {
      if (this.#port.integrate(peer, item) === "ok") continue;
      this.#port.emit({ type: "gap-found", session: item.session, peer });
      if (following.gaps.has(item.session)) continue;
      following.gaps.add(item.session);
      this.#port.fetch(peer, item.session);
    }
    following.receivedSeq = Math.max(following.receivedSeq, push.toSeqInclusive);
    this.#confirm(peer, following);
  }

  gapFilled(peer: NodeId, session: SessionId): void {
    const following = this.#followings.get(peer);
    if (following?.gaps.delete(session)) this.#confirm(peer, following);
  }

  /** More may be confirmed than before. */
  review(): void {
    for (const [peer, following] of this.#followings) this.#confirmDurable(peer, following);
  }

  #beginAgain(following: Following): number {
    const haveSeq = this.#have.get(following.writer) ?? 0;
    following.receivedSeq = haveSeq;
    following.gaps.clear();
    following.unconfirmed.length = 0;
    return haveSeq;
  }

  #confirm(peer: NodeId, following: Following): void {
    const { gaps, unconfirmed, receivedSeq: seq } = following;
    if (gaps.size > 0) return;
    const point = this.#port.confirmablePoint();
    const last = unconfirmed.at(-1);
    if (last?.point === point) last.seq = seq;
    else unconfirmed.push({ seq, point });
    this.#confirmDurable(peer, following);
  }

  #confirmDurable(peer: NodeId, following: Following): void {
    const { writer, unconfirmed } = following;
    let seq: number | undefined;
    for (let next = unconfirmed[0]; next && this.#port.isConfirmable(next.point);) {
      seq = next.seq;
      unconfirmed.shift();
      next = unconfirmed[0];
    }
    if (seq === undefined) return this.#tellIntegrated(peer, following);
    following.toldSeq = seq;
    this.#have.delete(writer);
    this.#have.set(writer, seq);
    this.#forgetOldest();
    this.#port.send(peer, { type: "ack", seq });
  }

  /** The peer sends on, though nothing is promised to it. */
  #tellIntegrated(peer: NodeId, following: Following): void {
    const seq = following.unconfirmed.at(-1)?.seq ?? 0;
    if (seq <= following.toldSeq || !this.#port.isStorageStuck()) return;
    following.toldSeq = seq;
    this.#port.send(peer, { type: "integrated", seq });
  }

  /** Writers of processes long gone are forgotten, the longest unheard first. */
  #forgetOldest(): void {
    if (this.#have.size <= this.#port.limits.membersMax * 4) return;
    for (const writer of this.#have.keys()) {
      this.#have.delete(writer);
      return;
    }
  }
}
