/**
 * A map of bounded size for what would otherwise be computed again and again: it keeps what was asked
 * for lately.
 *
 * Two generations: when the young one is full it becomes the old one, and what the old one held is
 * forgotten unless it was asked for meanwhile. A hit costs one look-up, and moves nothing.
 *
 * Not here: anything that must not be forgotten.
 */

/** See the file's comment. */
export class RecentMap<K, V> {
  readonly #generationMax: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** Holds at most `countMax` entries, and at least the last half as many that were asked for. */
  constructor(countMax: number) {
    this.#generationMax = Math.ceil(countMax / 2);
  }

  /** How many entries are held. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
