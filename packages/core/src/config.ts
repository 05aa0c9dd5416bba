/**
 * Every tunable of a replica: meaning, unit, default, and what a larger or smaller value costs.
 *
 * Not here: options of sockets, cookies or HTTP, which belong to the shell.
 */
import type { Bytes, Millis, NodeId, WriterId } from "./ids.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KIB = 1_024;
const MIB = 1_024 * KIB;

/** The bounds and periods that have defaults; see {@link DEFAULT_LIMITS} for the values. */
export interface Limits {
  /** How often a link with nothing else to say says that its node lives. */
  readonly heartbeatIntervalMs: Millis;
  /** Silence below this never suspects a peer, however regular it was before. */
  readonly suspectFloorMs: Millis;
  /** How long a suspect may take to be reached again before it is down. */
  readonly suspicionMs: Millis;
  /**
   * How long a member may be down before it is gone: no longer waited for by expiry and misses, and
   * its address no longer dialled. Larger survives longer partitions without a user losing the
   * session held on the other side; smaller settles sooner after a machine is removed.
   */
  readonly goneAfterMs: Millis;
  /** The longest pause between two attempts to reach a member that is down. */
  readonly redialDelayMsMax: Millis;
  /** How many members are remembered; a further one is refused. */
  readonly membersMax: number;
  /** How often a fingerprint is compared with one random peer. */
  readonly auditIntervalMs: Millis;
  /** Sessions changed this recently are left out of a periodic audit: their push is still in flight. */
  readonly auditGraceMs: Millis;
  /** How long an audit round may make no progress before it is given up. */
  readonly auditDeadlineMs: Millis;
  /** How large a batch of pushed updates grows before it is sent at once. */
  readonly pushBatchBytesMax: Bytes;
  /** How many pushed bytes may be unacknowledged on one link; the rest waits in the change log. */
  readonly pushWindowBytesMax: Bytes;
  /** How long a batch may wait for the acknowledgement of the one before it. */
  readonly pushDelayMs: Millis;
  /** Changes whose session is remembered, for peers that fell behind. Beyond it: audit. */
  readonly changeLogEntriesMax: number;
  /** Bytes of deltas kept for peers that fell behind. Beyond it they get whole sessions. */
  readonly changeLogBytesMax: Bytes;
  /** How long a response waits for the acknowledgements it asked for. */
  readonly ackDeadlineMs: Millis;
  /** How many responses may wait for acknowledgements at once; a further one is not awaited. */
  readonly ackWaitersMax: number;
  /** How long a miss waits for the answers of peers. */
  readonly pullDeadlineMs: Millis;
  /** How many sessions may be asked for at once; a further one is answered "unknown". */
  readonly pullsMax: number;
  /** How long a request waits for what its user has seen on another node (P5). */
  readonly tokenDeadlineMs: Millis;
  /** How many requests may wait so at once; a further one is served what is here, marked stale. */
  readonly tokenWaitersMax: number;
  /** Revisions remembered as waited for in vain; a forgotten one costs another wait. */
  readonly unreachedRevisionsMax: number;
  /** Largest frame sent or accepted. */
  readonly frameBytesMax: Bytes;
  /** How large a chunk of repaired sessions grows before it is sent. */
  readonly syncChunkBytesMax: Bytes;
  /** How large a chunk of a joining node's bulk grows before it is sent; four are in flight per donor. */
  readonly rangeChunkBytesMax: Bytes;
  /** How long a donor may be silent before a joining node asks others for what is left. */
  readonly rangeDeadlineMs: Millis;
  /** How far clocks may disagree before expiry is unsafe; a node further off is not ready. */
  readonly clockMarginMs: Millis;
  /** Updates stamped further ahead than this are refused, and their sender is not ready. */
  readonly clockAheadMsMax: Millis;
  /** How long after its last touch a session expires, unless it says otherwise. */
  readonly idleMs: Millis;
  /** How long after its creation a session expires whatever happens. Never infinite. */
  readonly absoluteMs: Millis;
  /** How long a request with a regenerated id is answered with an empty session and no cookie. */
  readonly regenerateGraceMs: Millis;
  /** Sessions held; creating a further one fails, merging never does. */
  readonly sessionsMax: number;
  /** Bytes of sessions held; creating or growing beyond it fails, merging never does. */
  readonly sessionsBytesMax: Bytes;
  /** Tombstones held; creating a session beyond it fails, destroying never does. */
  readonly tombstonesMax: number;
  /** Size of one session's plain value; growing beyond it is refused, shrinking never. */
  readonly sessionBytesMax: Bytes;
  /** Sessions kept as live documents; the least recently used becomes bytes. About 6 KB each. */
  readonly hotSessionsMax: number;
  /** Deltas appended to a cold session before they are folded into its bytes, however small they are. */
  readonly coldDeltasMax: number;
  /** How often expired sessions and tombstones are looked for. */
  readonly collectIntervalMs: Millis;
  /** How long changes gather before they are stored; larger writes less, and confirms later. */
  readonly persistDelayMs: Millis;
  /** How large a batch grows before it is stored. One is under way at a time; the rest waits as names. */
  readonly persistBatchBytesMax: Bytes;
  /** How long after the disk failed it is tried again. */
  readonly persistRetryMs: Millis;
}

/** The defaults of {@link Limits}. */
export const DEFAULT_LIMITS: Limits = {
  heartbeatIntervalMs: 1 * SECOND,
  suspectFloorMs: 2 * SECOND,
  suspicionMs: 3 * SECOND,
  goneAfterMs: 10 * MINUTE,
  redialDelayMsMax: 5 * SECOND,
  membersMax: 256,
  auditIntervalMs: 10 * SECOND,
  auditGraceMs: 2 * SECOND,
  auditDeadlineMs: 5 * SECOND,
  pushBatchBytesMax: 16 * KIB,
  pushWindowBytesMax: 512 * KIB,
  pushDelayMs: 2,
  changeLogEntriesMax: 131_072,
  changeLogBytesMax: 8 * MIB,
  ackDeadlineMs: 100,
  ackWaitersMax: 100_000,
  pullDeadlineMs: 150,
  pullsMax: 10_000,
  tokenDeadlineMs: 150,
  tokenWaitersMax: 10_000,
  unreachedRevisionsMax: 10_000,
  frameBytesMax: 16 * MIB,
  syncChunkBytesMax: 256 * KIB,
  rangeChunkBytesMax: 64 * KIB,
  rangeDeadlineMs: 1 * SECOND,
  clockMarginMs: 1 * MINUTE,
  clockAheadMsMax: 1 * DAY,
  idleMs: 1 * DAY,
  absoluteMs: 30 * DAY,
  regenerateGraceMs: 10 * SECOND,
  sessionsMax: 1_000_000,
  sessionsBytesMax: 1_024 * MIB,
  tombstonesMax: 4_000_000,
  sessionBytesMax: 1 * MIB,
  hotSessionsMax: 5_000,
  coldDeltasMax: 64,
  collectIntervalMs: 5 * SECOND,
  persistDelayMs: 2,
  persistBatchBytesMax: 256 * KIB,
  persistRetryMs: 1 * SECOND,
};

/**
 * What an acknowledgement of this node says of its own copy. `none`: nothing is stored. `memory`: it
 * is held; the disk follows. `disk`: it is on the disk, so it survives a power cut of all nodes (P10).
 */
export type Durability = "none" | "memory" | "disk";

/** What a replica is told at its birth. */
export interface ReplicaConfig {
  /** Nodes of another cluster are refused. 1 to 64 characters. */
  readonly cluster: string;
  readonly node: NodeId;
  /** Random, drawn anew by every process: reusing one after losing state diverges without a trace. */
  readonly writer: WriterId;
  /** Where peers can dial this node; empty when they cannot. */
  readonly address: string;
  /** Addresses dialled until a member answers there. */
  readonly seeds: readonly string[];
  /** Keys the fingerprints, so that nobody outside the cluster can craft colliding sessions. */
  readonly digestKey: readonly [number, number];
  readonly limits: Limits;
  /** Default: `none`. */
  readonly durability?: Durability;
}
