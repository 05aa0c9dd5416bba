/**
 * Every message that replicas exchange, once the shell has proved the cluster's secret on the link.
 * docs/PROTOCOL.md draws the exchanges and gives the grammar.
 *
 * Not here: bytes (codec.ts), and what an untrusted value must look like (validate.ts).
 */
import type { MemberState, RefusalCode } from "../events.js";
import type { Hlc } from "../hlc.js";
import type { Millis, NodeId, SessionId, WriterId } from "../ids.js";
import type { Item, WholeItem } from "../session-state.js";

/** The oldest protocol that this build speaks. */
export const PROTOCOL_MIN = 1;
/** The newest protocol that this build speaks; peers settle on the newest in common. */
export const PROTOCOL_MAX = 1;

/** What one node knows of a member. */
export interface MemberFact {
  readonly node: NodeId;
  readonly incarnation: number;
  readonly state: MemberState;
  readonly draining: boolean;
  readonly writer: WriterId;
  readonly address: string;
}

/** A session and its digest in two 32-bit lanes; both 0 where it was changed a moment ago. */
export interface DigestEntry {
  readonly session: SessionId;
  readonly a: number;
  readonly b: number;
}

/** The first message on a link, from both ends. */
export interface HelloMessage {
  readonly type: "hello";
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly digestVersion: number;
  readonly cluster: string;
  readonly member: MemberFact;
  readonly wallMs: Millis;
  readonly hlc: Hlc;
  /** Sums over the sender's table of members, by parts; undefined from versions that have none. */
  readonly memberSums?: readonly number[] | undefined;
}

/** Says how far the receiver of the link has followed the other's changes; the stream begins there. */
export interface ResumeMessage {
  readonly type: "resume";
  readonly haveSeq: number;
}

/** Membership as the sender sees it. */
export interface MembersMessage {
  readonly type: "members";
  readonly members: readonly MemberFact[];
}

/** A sign of life on a link that had nothing else to say; repeats the last acknowledgement. */
export interface HeartbeatMessage {
  readonly type: "heartbeat";
  readonly wallMs: Millis;
  readonly haveSeq: number;
}

/** Asks a peer whether it reaches `node`. */
export interface ProbeMessage {
  readonly type: "probe";
  readonly node: NodeId;
}

/** The answer to a probe. */
export interface ProbeResultMessage {
  readonly type: "probe-result";
  readonly node: NodeId;
  readonly isReached: boolean;
}

/** The sender's changes after `fromSeqExclusive` up to `toSeqInclusive`. */
export interface PushMessage {
  readonly type: "push";
  readonly fromSeqExclusive: number;
  readonly toSeqInclusive: number;
  readonly items: readonly Item[];
}

/** Everything up to `seq` is integrated. */
export interface AckMessage {
  readonly type: "ack";
  readonly seq: number;
}

/** Everything up to `seq` is integrated, and not promised: the sender's disk does not keep up. */
export interface IntegratedMessage {
  readonly type: "integrated";
  readonly seq: number;
}

/** Opens an audit round with the sender's sum over everything. */
export interface AuditMessage {
  readonly type: "audit";
  readonly round: number;
  readonly a: number;
  readonly b: number;
  readonly count: number;
}

/** The sender's sums by partition, `[a, b, a, b, …]`; empty where the roots were equal. */
export interface PartitionsMessage {
  readonly type: "partitions";
  readonly round: number;
  readonly sums: readonly number[];
}

/** What the sender holds in some partitions: asks for what differs and is answered with `listed`. */
export interface ListMessage {
  readonly type: "list";
  readonly round: number;
  /** Compare what was changed a moment ago too. */
  readonly isThorough: boolean;
  readonly partitions: readonly number[];
  readonly entries: readonly DigestEntry[];
  /** All partitions that differ in this round, so that the receiver knows which are equal. */
  readonly differing: readonly number[];
}

/** The list was compared; what the lister lacks follows as `sync`. */
export interface ListedMessage {
  readonly type: "listed";
  readonly round: number;
  /** Sessions of which the sender holds another copy. */
  readonly wanted: readonly SessionId[];
  /** Sessions that the sender does not hold. */
  readonly lacking: readonly SessionId[];
}

/** Whole sessions that repair a difference; confirmed by `synced`. */
export interface SyncMessage {
  readonly type: "sync";
  readonly request: number;
  readonly items: readonly WholeItem[];
}

/** The sync of this number is integrated. */
export interface SyncedMessage {
  readonly type: "synced";
  readonly request: number;
}

/** Asks for one session. */
export interface PullMessage {
  readonly type: "pull";
  readonly request: number;
  readonly session: SessionId;
}

/** The answer to a pull; no item means that the sender does not hold it. */
export interface PulledMessage {
  readonly type: "pulled";
  readonly request: number;
  readonly item: WholeItem | undefined;
}

/**
 * Asks for everything held in the partitions from `fromInclusive` to `toExclusive`, a chunk at a time
 * and in order: by partition, then by session. `after` is where the last chunk ended, in the first of
 * these partitions.
 */
export interface RangeMessage {
  readonly type: "range";
  readonly request: number;
  readonly fromInclusive: number;
  readonly toExclusive: number;
  readonly after: SessionId | undefined;
}

/** The answer to a range. */
export interface RangedMessage {
  readonly type: "ranged";
  readonly request: number;
  /** False where the sender is joining itself and gives nothing: the receiver asks someone else. */
  readonly isGiven: boolean;
  /** How far the chunk reaches; undefined where it reaches the range's end. */
  readonly last: SessionId | undefined;
  readonly items: readonly WholeItem[];
}

/** The sender leaves for good and will not come back under this incarnation. */
export interface LeaveMessage {
  readonly type: "leave";
}

/** The sender will have nothing to do with the receiver; it closes the link. */
export interface RefuseMessage {
  readonly type: "refuse";
  readonly code: RefusalCode;
  readonly detail: string;
}

/** A decoded message. */
export type Message =
  | HelloMessage
  | ResumeMessage
  | MembersMessage
  | HeartbeatMessage
  | ProbeMessage
  | ProbeResultMessage
  | PushMessage
  | AckMessage
  | IntegratedMessage
  | AuditMessage
  | PartitionsMessage
  | ListMessage
  | ListedMessage
  | SyncMessage
  | SyncedMessage
  | PullMessage
  | PulledMessage
  | RangeMessage
  | RangedMessage
  | LeaveMessage
  | RefuseMessage;
