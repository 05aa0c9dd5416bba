/**
 * The ids that this process has seen, for listing: the mesh knows sessions by their hashes only.
 *
 * Not proof that a session lives.
 */

/** How many are remembered; the one unseen for longest is forgotten first. About 150 bytes each. */
const IDS_MAX = 100_000;

/** See the file's comment. */
export class SeenIds {
  readonly #ids = new Set<string>();

  /** Remembers an id as the latest seen. */
  add(sid: string): void {
    this.#ids.delete(sid);
    this.#ids.add(sid);
    if (this.#ids.size <= IDS_MAX) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }

  /** Forgets an id. */
  delete(sid: string): void {
    this.#ids.delete(sid);
  }

  /** All of them, the latest seen last. */
  all(): string[] {
    return [...this.#ids];
  }
}
