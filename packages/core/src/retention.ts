/**
 * What may be dropped: sessions that are over, and idle-expired ones that every member was seen to
 * hold as they are or not at all, so that no touch can be missing here that would revive them, and
 * none be lost with them (P4).
 *
 * Not here: dropping itself (session/table.ts).
 */
import { Equality, type Moment } from "./antientropy/equality.js";
import type { Limits } from "./config.js";
import { type NodeId, partitionOf, type SessionId } from "./ids.js";
import { lifetimeAt } from "./session/expiry.js";
import type { Glance } from "./session/held-sessions.js";
import type { SessionTable } from "./session/table.js";

/** Of how many dead sessions one firing looks whether they are still held. */
const SWEPT_MAX = 10_000;

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
  /** Dead sessions held here, and who was found to hold the same copy or none, and when. */
  readonly #found = new Map<SessionId, Map<NodeId, Moment>>();
  /** Where the search for those that are held no more goes on. */
  #sweep = this.#found.keys();

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
    for (const found of this.#found.values()) found.delete(peer);
  }

  /** Drops what is dead and needed by nobody, of a slice of the table. */
  collect(): void {
    const { meshMs } = this.#port.now();
    this.#port.table.collect(meshMs, (glance) => this.#isSettled(glance));
    this.#forgetDropped();
  }

  /** `peer` holds the same copy of a session as this node, or none. */
  foundSameOrNone(peer: NodeId, session: SessionId): void {
    const found = this.#found.get(session) ?? new Map<NodeId, Moment>();
    this.#found.set(session, found.set(peer, this.#port.now()));
  }

  /** Whether a session is dead by this node's copy, whatever clocks within the margin say. */
  isExpired(session: SessionId): boolean {
    const held = this.#port.table.get(session);
    if (!held) return false;
    const nowMs = this.#port.now().meshMs - this.#port.limits.clockMarginMs;
    return lifetimeAt(held.envelope, nowMs) !== "live";
  }

  /** Forgets what was found of sessions that are held no more, some at a time. */
  #forgetDropped(): void {
    for (let i = 0; i < SWEPT_MAX; i++) {
      const { value: session, done } = this.#sweep.next();
      if (done === true) {
        this.#sweep = this.#found.keys();
        return;
      }
      if (!this.#port.table.has(session)) this.#found.delete(session);
    }
  }

  #isSettled(glance: Glance): boolean {
    const members = this.#port.expectedMembers();
    return members?.every((member) => this.#canMissNothing(glance, member)) ?? false;
  }

  /** Whether `member` was seen to hold this copy or none when it had expired already. */
  #canMissNothing(glance: Glance, member: NodeId): boolean {
    const moments = [
      this.#equality.seenAt(member, partitionOf(glance.session)),
      this.#found.get(glance.session)?.get(member),
    ];
    return moments.some((moment) => {
      // What was seen before this copy came here says nothing about it.
      if (!moment || moment.elapsedMs <= glance.changedAtMs) return false;
      const nowMs = moment.meshMs - this.#port.limits.clockMarginMs;
      return lifetimeAt(glance, nowMs) !== "live";
    });
  }
}
