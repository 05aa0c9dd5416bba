/**
 * The one vocabulary of what happened in a replica: metrics, logs, the simulator and the visualizer
 * are readers of this union.
 *
 * Not commands, and no raw session ids or values: sessions are named by their keyed hash, paths by
 * a hash of the path.
 */
import type { Stamp } from "./hlc.js";
import type { Bytes, Millis, NodeId, SessionId, WriterId } from "./ids.js";

/** A merge law of the design: `M1` to `M13`. */
export type Law =
  | "M1"
  | "M2"
  | "M3"
  | "M4"
  | "M5"
  | "M6"
  | "M7"
  | "M8"
  | "M9"
  | "M10"
  | "M11"
  | "M12"
  | "M13";

/** How a member stands in the eyes of this node. */
export type MemberState = "alive" | "suspect" | "down" | "left" | "gone";

/** Why a peer was refused or refused us. */
export type RefusalCode = "cluster" | "protocol" | "clock" | "members-full" | "node-id" | "proof";

/** What happened; `atMs` is the node's wall clock. */
export type Event = { readonly atMs: Millis } & EventBody;

/** An {@link Event} without its time. */
export type EventBody =
  | { readonly type: "started"; readonly node: NodeId; readonly writer: WriterId }
  | { readonly type: "stopped" }
  | { readonly type: "link-opened"; readonly peer: NodeId; readonly address: string }
  | { readonly type: "link-closed"; readonly peer: NodeId; readonly reason: string }
  | {
      readonly type: "member-changed";
      readonly member: NodeId;
      readonly incarnation: number;
      readonly from: MemberState | undefined;
      readonly to: MemberState;
      readonly draining: boolean;
      readonly reason: string;
    }
  | { readonly type: "refuted"; readonly incarnation: number; readonly accuser: NodeId }
  | {
      readonly type: "peer-refused";
      readonly address: string;
      readonly code: RefusalCode;
      readonly byPeer: boolean;
      readonly detail: string;
    }
  | { readonly type: "frame-rejected"; readonly peer: NodeId | undefined; readonly reason: string }
  | {
      readonly type: "message-unknown";
      readonly peer: NodeId | undefined;
      readonly messageType: number;
    }
  | {
      /** Two live processes have this name, and replace each other's links. */
      readonly type: "node-name-taken";
      readonly member: NodeId;
      /** Where the one is that spoke last. */
      readonly address: string;
    }
  | { readonly type: "session-created"; readonly session: SessionId }
  | {
      readonly type: "session-committed";
      readonly session: SessionId;
      readonly stamp: Stamp;
      readonly rev: number;
      readonly operationCount: number;
      readonly deltaBytes: Bytes;
    }
  | { readonly type: "session-touched"; readonly session: SessionId; readonly touchedAtMs: Millis }
  | {
      readonly type: "session-destroyed";
      readonly session: SessionId;
      readonly origin: NodeId | undefined;
      readonly law: "M9" | "M13";
    }
  | {
      /** A user was logged out everywhere (P13): what he began before is over, wherever it was. */
      readonly type: "user-revoked";
      /** A keyed hash of the user. */
      readonly user: string;
      readonly cutoffMs: Millis;
      /** How many of the sessions held here it ended. */
      readonly destroyedCount: number;
    }
  | {
      readonly type: "session-integrated";
      readonly session: SessionId;
      readonly origin: NodeId;
      readonly path: "push" | "catch-up" | "audit" | "pull" | "join";
      readonly lagMs: Millis;
    }
  | {
      readonly type: "merged";
      readonly session: SessionId;
      readonly law: Law;
      readonly pathHash: string;
      readonly winner: Stamp;
      readonly loser: Stamp;
    }
  | {
      readonly type: "session-collected";
      readonly session: SessionId;
      readonly reason: "idle" | "absolute";
    }
  | { readonly type: "tombstones-collected"; readonly count: number }
  | { readonly type: "session-evicted"; readonly session: SessionId }
  | { readonly type: "limit-refused"; readonly limit: string; readonly value: number }
  | {
      readonly type: "acks-settled";
      readonly wanted: number | "all";
      readonly got: number;
      readonly degraded: boolean;
      readonly waitedMs: Millis;
    }
  | { readonly type: "gap-found"; readonly session: SessionId; readonly peer: NodeId }
  | {
      readonly type: "update-refused";
      readonly peer: NodeId;
      readonly session: SessionId;
      readonly reason: string;
    }
  | {
      readonly type: "catch-up-started";
      readonly peer: NodeId;
      readonly fromSeq: number;
      readonly toSeq: number;
      readonly rung: "deltas" | "states" | "audit";
    }
  | {
      readonly type: "audit-finished";
      readonly peer: NodeId;
      readonly outcome: "equal" | "repaired" | "abandoned" | "incomparable";
      readonly sent: number;
      readonly received: number;
      readonly bytes: Bytes;
      readonly tookMs: Millis;
    }
  | {
      /** A node that holds little begins to fetch everything from these members (P9). */
      readonly type: "join-started";
      readonly donors: number;
    }
  | {
      readonly type: "join-progress";
      readonly partitionsDone: number;
      readonly partitionsTotal: number;
      /** Sessions and tombstones received so far, and their bytes, about. */
      readonly sessions: number;
      readonly bytes: Bytes;
      /** Members that are asked at the moment. */
      readonly donors: number;
    }
  | {
      readonly type: "join-finished";
      /** `incomplete`: nobody was left to ask; audits bring the rest. */
      readonly outcome: "complete" | "incomplete";
      readonly sessions: number;
      readonly bytes: Bytes;
      readonly durationMs: Millis;
    }
  | {
      readonly type: "pull-finished";
      readonly session: SessionId;
      readonly outcome: "found" | "absent" | "unknown";
      readonly asked: number;
      readonly tookMs: Millis;
    }
  | {
      /** A request landed here before what its user had seen elsewhere (P5). */
      readonly type: "token-waited";
      readonly session: SessionId;
      readonly outcome: "fresh" | "stale";
      readonly missingCount: number;
      readonly lostCount: number;
      readonly waitedMs: Millis;
    }
  | {
      /** A response was marked as perhaps behind what its user has seen. */
      readonly type: "stale-served";
      readonly session: SessionId;
    }
  | {
      /** A session that may live where nobody could be asked: its user got an empty one (P9). */
      readonly type: "miss-incomplete";
      readonly session: SessionId;
    }
  | { readonly type: "drain-started" }
  | {
      readonly type: "drain-finished";
      readonly confirmed: boolean;
      readonly peers: number;
      readonly soleHeldCount: number;
    }
  | {
      readonly type: "changed-after-headers";
      readonly session: SessionId;
    }
  | {
      /** A node came back with what it had stored. */
      readonly type: "restored";
      readonly sessions: number;
      readonly tombstones: number;
      /** Records that were torn, altered, or of another cluster: left out. */
      readonly damaged: number;
      /** Records of a newer version: left out, and left on the disk. */
      readonly newer: number;
    }
  | {
      readonly type: "persisted";
      readonly records: number;
      readonly bytes: Bytes;
      readonly tookMs: Millis;
    }
  | {
      readonly type: "persist-failed";
      readonly reason: string;
      /** Sessions that changed since they were stored. */
      readonly waiting: number;
    }
  | { readonly type: "clock-offset"; readonly offsetMs: Millis; readonly safe: boolean };
