/**
 * When each partition was last seen equal on this node and each member.
 *
 * Two nodes that were equal after a session's idle time had passed both hold its last touch, so
 * neither can revive it: what all members have seen so may be dropped before its absolute end (P4).
 */
import { type Millis, type NodeId, PARTITION_COUNT } from "../ids.js";

/** A moment on both clocks. */
export interface Moment {
  /** The cluster's idea of the time, in which sessions expire. */
  readonly meshMs: Millis;
  /** The monotonic clock, on which sessions change. */
  readonly elapsedMs: Millis;
}

const NEVER: Moment = { meshMs: 0, elapsedMs: Number.NEGATIVE_INFINITY };

/** Times of equality, by member and partition. */
export class Equality {
  readonly #seen = new Map<NodeId, (Moment | undefined)[]>();

  /** All partitions but `differing` were equal at `moment`; all of them where undefined. */
  found(member: NodeId, differing: ReadonlySet<number> | undefined, moment: Moment): void {
    const seen = this.#seen.get(member) ?? [];
    this.#seen.set(member, seen);
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      if (!differing?.has(partition)) seen[partition] = moment;
    }
  }

  /** When `partition` was last equal on `member`. */
  seenAt(member: NodeId, partition: number): Moment {
    return this.#seen.get(member)?.[partition] ?? NEVER;
  }

  /** The member is another process now, or none: what it held is gone. */
  forget(member: NodeId): void {
    this.#seen.delete(member);
  }
}
