/**
 * When each partition was last seen equal on this node and each member.
 *
 * Two nodes that were equal after a session's idle time had passed both hold its last touch, so
 * neither can revive it: what all members have seen so may be dropped before its absolute end (P4).
 */
import { type Millis, type NodeId, PARTITION_COUNT } from "../ids.js";

/** Times of equality, by member and partition. */
export class Equality {
  readonly #seenAtMs = new Map<NodeId, Float64Array>();

  /** All partitions but `differing` were equal at `nowMs`; all of them where undefined. */
  found(member: NodeId, differing: ReadonlySet<number> | undefined, nowMs: Millis): void {
    const seen = this.#seenAtMs.get(member) ?? new Float64Array(PARTITION_COUNT);
    this.#seenAtMs.set(member, seen);
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      if (!differing?.has(partition)) seen[partition] = nowMs;
    }
  }

  /** When `partition` was last equal on `member`; 0 when never. */
  seenAtMs(member: NodeId, partition: number): Millis {
    return this.#seenAtMs.get(member)?.[partition] ?? 0;
  }

  forget(member: NodeId): void {
    this.#seenAtMs.delete(member);
  }
}
