/**
 * What may be dropped: sessions that are over, and idle-expired ones that every member was seen to
 * hold as they are, so that no touch can be missing here that would revive them (P4).
 *
 * Not here: dropping itself (session/table.ts).
 */
import { Equality, type Moment } from "./antientropy/equality.js";
import type { Limits } from "./config.js";
import { type NodeId, partitionOf, type SessionId } from "./ids.js";
import { lifetimeAt } from "./session/expiry.js";
import type { HeldSession } from "./session/held.js";
import type { SessionTable } from "./session/table.js";

/** What retention needs of its replica. */
export interface RetentionPort {
  readonly limits: Limits;
  readonly table: SessionTable;
  now(): Moment;
  /** Members neither left nor gone; undefined while this node does not know them. */
  expectedMembers(): readonly NodeId[] | undefined;
}

/** Decides what may be dropped. */
export class Retention {
  readonly #port: RetentionPort;
  readonly #equality = new Equality();

  constructor(port: RetentionPort) {
    this.#port = port;
  }

  /** All partitions but `differing` are equal on `peer` now; all of them where undefined. */
  foundEqual(peer: NodeId, differing: ReadonlySet<number> | undefined): void {
    this.#equality.found(peer, differing, this.#port.now());
  }

  /** The peer is another process now. */
  forget(peer: NodeId): void {
    this.#equality.forget(peer);
  }

  /** Drops what is dead and needed by nobody. */
  collect(): void {
    const { meshMs } = this.#port.now();
    this.#port.table.collect(meshMs, (held) => this.#isHeldEverywhere(held));
  }

  /** Whether `peer`, which lacks a session, needs it no more: it held it too, and has dropped it. */
  isForgottenBy(peer: NodeId, session: SessionId): boolean {
    const held = this.#port.table.get(session);
    if (!held) return false;
    const nowMs = this.#port.now().meshMs - this.#port.limits.clockMarginMs;
    const lifetime = lifetimeAt(held.envelope, nowMs);
    return lifetime === "over" || (lifetime === "idle-expired" && this.#wasHeldBy(peer, held));
  }

  #isHeldEverywhere(held: HeldSession): boolean {
    const members = this.#port.expectedMembers();
    return members?.every((member) => this.#wasHeldBy(member, held)) ?? false;
  }

  /** Whether `member` was seen to hold this copy when it had expired already. */
  #wasHeldBy(member: NodeId, held: HeldSession): boolean {
    const { meshMs, elapsedMs } = this.#equality.seenAt(member, partitionOf(held.id));
    // Equal before it came here says nothing about it.
    if (elapsedMs <= held.changedAtMs) return false;
    return lifetimeAt(held.envelope, meshMs - this.#port.limits.clockMarginMs) !== "live";
  }
}
