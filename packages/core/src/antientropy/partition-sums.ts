/**
 * Sums of session digests by partition, kept as sessions change: equal sums mean equal sets.
 *
 * Additive and keyed, so a change costs a subtraction and an addition, and nobody outside the
 * cluster can make two sets collide. A rateless IBLT may stand here later: it hears of the same
 * changes.
 *
 * Not here: the digest of one session (session/fingerprint.ts).
 */
import { PARTITION_COUNT, partitionOf, type SessionId } from "../ids.js";

/** Two 32-bit lanes. */
export interface Lanes {
  readonly a: number;
  readonly b: number;
}

/** The sums. */
export class PartitionSums {
  /** Lanes of each partition in turn: a, b, a, b, … */
  readonly #sums = new Uint32Array(PARTITION_COUNT * 2);
  #count = 0;

  /** How many sessions and tombstones are summed. */
  get count(): number {
    return this.#count;
  }

  /** A session's digest changed; undefined where it was, or now is, not there. */
  change(session: SessionId, before: Lanes | undefined, after: Lanes | undefined): void {
    const at = partitionOf(session) * 2;
    this.#sums[at] = (this.#sums[at] ?? 0) - (before?.a ?? 0) + (after?.a ?? 0);
    this.#sums[at + 1] = (this.#sums[at + 1] ?? 0) - (before?.b ?? 0) + (after?.b ?? 0);
    this.#count += Number(after !== undefined) - Number(before !== undefined);
  }

  /** The sum over everything. */
  root(): Lanes {
    let a = 0;
    let b = 0;
    for (let at = 0; at < this.#sums.length; at += 2) {
      // Rotated by partition, so that equal sums of two partitions do not merely swap places.
      a = (Math.imul(a, 31) + (this.#sums[at] as number)) >>> 0;
      b = (Math.imul(b, 37) + (this.#sums[at + 1] as number)) >>> 0;
    }
    return { a, b };
  }

  /** The numbers of all partitions. */
  partitions(): number[] {
    return Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);
  }

  /** The sums as they stand on the wire. */
  toArray(): number[] {
    return [...this.#sums];
  }

  /** The partitions whose sums differ from `theirs`; all of them where the lengths do. */
  differing(theirs: readonly number[]): number[] {
    const differing: number[] = [];
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      const at = partition * 2;
      const isEqual = theirs[at] === this.#sums[at] && theirs[at + 1] === this.#sums[at + 1];
      if (!isEqual) differing.push(partition);
    }
    return differing;
  }
}
