/**
 * A replica's only gateway to the world: what it may ask for, and the timers it may set.
 *
 * A replica is a pure function of its seed and its ordered inputs, so a runtime must show the same
 * time throughout one input, and must never call back into the replica from inside a call.
 *
 * Not here: sockets, disks and clocks themselves; the shell and the simulator each have their own.
 */
import type { EventBody } from "./events.js";
import type { LinkId, Millis, NodeId, SessionId } from "./ids.js";
import type { Prng } from "./prng.js";
import type { VersionVector } from "./session-state.js";

declare const ticketBrand: unique symbol;

/** Names one answer that the caller awaits; made by the caller, settled exactly once. */
export type Ticket = number & { readonly [ticketBrand]: "Ticket" };

/** A timer as data, so that it can be logged, ordered and simulated. Stale ones are ignored. */
export type Timer =
  | { readonly kind: "tick" }
  | { readonly kind: "audit" }
  | { readonly kind: "collect" }
  | { readonly kind: "ack-deadline" }
  | { readonly kind: "push-flush"; readonly peer: NodeId }
  | { readonly kind: "pull-deadline"; readonly request: number }
  | { readonly kind: "token-deadline"; readonly ticket: Ticket }
  | { readonly kind: "token-retry"; readonly ask: number }
  | { readonly kind: "drain-deadline"; readonly ticket: Ticket }
  | { readonly kind: "persist" };

/** How a wait for acknowledgements ended. */
export interface AckOutcome {
  readonly kind: "acks";
  /** How many peers had confirmed when the wait ended. */
  readonly acks: number;
  /** Fewer than asked for: too few unsuspected peers, or the deadline passed. */
  readonly degraded: boolean;
}

/** How asking the peers for a session ended; when found, it has been integrated. */
export interface PullOutcome {
  readonly kind: "pull";
  readonly status: "found" | "absent" | "unknown";
}

/** How a wait for what a reader has seen elsewhere ended (P5). */
export interface FreshnessOutcome {
  readonly kind: "freshness";
  /** `stale`: something is missing here that nobody reachable has, or nobody answered in time. */
  readonly status: "fresh" | "stale";
  /** What is missing here, except what was found to be lost before. */
  readonly missing: VersionVector;
  /** What every member lacks, found now or before: it will not be waited for again. */
  readonly lost: VersionVector;
}

/** How a drain ended. */
export interface DrainOutcome {
  readonly kind: "drain";
  /** Every unsuspected peer that is not draining confirmed everything; false when there was none. */
  readonly confirmed: boolean;
  readonly peers: number;
  /** Sessions that no peer has confirmed. */
  readonly soleHeldCount: number;
}

/** How a wait for everything to be stored ended. */
export interface StoredOutcome {
  readonly kind: "stored";
  /** False where the disk failed. */
  readonly isStored: boolean;
}

/** What a {@link Ticket} is settled with. */
export type Outcome = AckOutcome | PullOutcome | FreshnessOutcome | DrainOutcome | StoredOutcome;

/** A session as it is stored: opaque bytes under its name. */
export interface StoredRecord {
  readonly session: SessionId;
  readonly bytes: Uint8Array;
}

/** What is to be stored next: all of it, in any order, over what was stored before. */
export interface StorageBatch {
  readonly puts: readonly StoredRecord[];
  /** Sessions that are not held any more. */
  readonly removals: readonly SessionId[];
}

/** What a replica may ask of the world. No call blocks, throws, or re-enters the replica. */
export interface Runtime {
  /** Wall clock, since 1970. May jump. */
  wallMs(): Millis;
  /** Monotonic clock of arbitrary origin, for waiting and silence. */
  elapsedMs(): Millis;
  readonly random: Prng;
  /** Queues a frame on an open link; frames on one link arrive in order or the link closes. */
  send(link: LinkId, frame: Uint8Array): void;
  /** Closes a link; `linkClosed` follows as an input. */
  closeLink(link: LinkId, reason: string): void;
  /** Tries to open a link; `linkOpened` or `dialFailed` follows as an input. */
  dial(address: string): void;
  /** Fires once after the delay; without one, once the inputs that are here already have run. */
  schedule(timer: Timer, delayMs: Millis): void;
  settle(ticket: Ticket, outcome: Outcome): void;
  emit(event: EventBody): void;
  /**
   * Stores a batch; `persisted` or `persistFailed` follows as an input, and no other batch comes
   * before. Never called with the durability `none`.
   */
  persist(batch: StorageBatch): void;
}
