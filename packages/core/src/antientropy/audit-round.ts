/**
 * One audit round, as the node that began it keeps account of it.
 *
 * Not here: what is said in a round (auditor.ts).
 */
import type { Bytes, Millis, NodeId } from "../ids.js";

/** How an audit round ended. */
export type AuditOutcome = "equal" | "repaired" | "abandoned" | "incomparable";

/** A round that ended. */
export interface FinishedRound {
  readonly outcome: AuditOutcome;
  readonly isThorough: boolean;
  readonly startedAtMs: Millis;
}

interface Beginning {
  readonly number: number;
  readonly peer: NodeId;
  readonly isThorough: boolean;
  readonly startedAtMs: Millis;
  readonly sentBytesBefore: Bytes;
}

/** A round under way. */
export interface AuditRound extends Beginning {
  progressAtMs: Millis;
  /** Lists that the peer has not answered. */
  listsPending: number;
  /** Every list was sent. */
  isListed: boolean;
  sent: number;
  received: number;
}

/** The account of a round that begins now. */
export function beginRound(beginning: Beginning): AuditRound {
  const progressAtMs = beginning.startedAtMs;
  return { ...beginning, progressAtMs, listsPending: 0, isListed: false, sent: 0, received: 0 };
}
