/**
 * A picture of a node at a moment: for readiness, metrics and people. Changes nothing.
 */
import type { Parts } from "./parts.js";
import type { ReplicaConfig } from "./config.js";
import type { MemberState } from "./events.js";
import type { Bytes, Millis, NodeId, WriterId } from "./ids.js";
import type { PersisterStatus } from "./storage/persister.js";
import type { Refusal } from "./membership/refusals.js";

/** A member as this node sees it. */
export interface MemberStatus {
  readonly node: NodeId;
  /** Which process it is. */
  readonly writer: WriterId;
  readonly state: MemberState;
  readonly address: string;
  readonly incarnation: number;
  readonly isDraining: boolean;
  readonly isLinked: boolean;
  readonly isSelf: boolean;
  /** How many of this node's changes it has confirmed; undefined without a link, and of oneself. */
  readonly ackedSeq: number | undefined;
  /** Bytes pushed to it and not confirmed yet; undefined without a link, and of oneself. */
  readonly inFlightBytes: Bytes | undefined;
}

/** What a node holds and whom it knows. */
export interface ReplicaStatus {
  readonly node: NodeId;
  readonly writer: WriterId;
  readonly isDraining: boolean;
  /** Whether it was ever linked to every member that a member told it of. */
  readonly hasJoined: boolean;
  /** Refusals of this node or by it that still stand. */
  readonly refusals: readonly Refusal[];
  /** How far the median of own and peers' clocks is ahead of the own one. */
  readonly clockOffsetMs: Millis;
  /** Whether the own clock is within the margin in which expiry is safe. */
  readonly isClockSafe: boolean;
  readonly members: readonly MemberStatus[];
  /** How many changes this process has made. */
  readonly seq: number;
  readonly sessions: {
    readonly hot: number;
    readonly cold: number;
    readonly tombstones: number;
    readonly bytes: Bytes;
  };
  /** How full the change log is, each from 0 to 1. */
  readonly logFill: { readonly entries: number; readonly bytes: number };
  /** What is on its way to the disk; nothing where nothing is stored. */
  readonly storage: PersisterStatus;
  readonly ackWaiterCount: number;
  readonly pullCount: number;
  readonly tokenWaiterCount: number;
  /** The sum over everything held: equal on equal nodes. */
  readonly fingerprint: string;
}

/** Takes the picture. */
export function statusOf(config: ReplicaConfig, parts: Parts): ReplicaStatus {
  const { membership, pusher, acks, puller, freshness, table, sums, refusals, drain, persister } =
    parts;
  const { node, writer, limits } = config;
  const clockOffsetMs = membership.clockOffsetMs();
  const { a, b } = sums.root();
  const members = [...membership.members()].map(({ fact, link }): MemberStatus => ({
    node: fact.node,
    writer: fact.writer,
    state: fact.state,
    address: fact.address,
    incarnation: fact.incarnation,
    isDraining: fact.draining,
    isLinked: link !== undefined,
    isSelf: false,
    ackedSeq: pusher.ackedBy(fact.node),
    inFlightBytes: pusher.inFlightBytesTo(fact.node),
  }));
  const { self } = membership;
  members.unshift({
    node,
    writer,
    state: self.state,
    address: self.address,
    incarnation: self.incarnation,
    isDraining: self.draining,
    isLinked: false,
    isSelf: true,
    ackedSeq: undefined,
    inFlightBytes: undefined,
  });
  return {
    node,
    writer,
    isDraining: drain.isStarted,
    hasJoined: membership.hasJoined,
    refusals: refusals.all(),
    clockOffsetMs,
    isClockSafe: Math.abs(clockOffsetMs) <= limits.clockMarginMs,
    members,
    seq: pusher.headSeq,
    sessions: table.counts,
    logFill: pusher.fill,
    storage: persister.status,
    ackWaiterCount: acks.waiterCount,
    pullCount: puller.pullCount,
    tokenWaiterCount: freshness.waiterCount,
    fingerprint: `${a.toString(16).padStart(8, "0")}${b.toString(16).padStart(8, "0")}`,
  };
}
