/**
 * A map keyed by session that can also list one partition, so that an audit of one does not walk
 * all. Not a digest: sums over partitions live in antientropy.
 */
import { PARTITION_COUNT, partitionOf, type SessionId } from "../ids.js";

/** Session → value, divided by {@link partitionOf}. */
export class PartitionedMap<V> {
  readonly #partitions: readonly Map<SessionId, V>[];
  #count = 0;

  constructor() {
    this.#partitions = Array.from({ length: PARTITION_COUNT }, () => new Map<SessionId, V>());
  }

  get count(): number {
    return this.#count;
  }

  get(session: SessionId): V | undefined {
    return this.#partitions[partitionOf(session)]?.get(session);
  }

  set(session: SessionId, value: V): void {
    const partition = this.#partitions[partitionOf(session)];
    if (!partition) return;
    if (!partition.has(session)) this.#count += 1;
    partition.set(session, value);
  }

  remove(session: SessionId): void {
    if (this.#partitions[partitionOf(session)]?.delete(session)) this.#count -= 1;
  }

  /** The entries of one partition. */
  entriesOf(partition: number): Iterable<[SessionId, V]> {
    return this.#partitions[partition] ?? [];
  }

  /** All entries. */
  *entries(): Iterable<[SessionId, V]> {
    for (const partition of this.#partitions) yield* partition;
  }
}
