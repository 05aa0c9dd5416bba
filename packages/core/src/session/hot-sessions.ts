/**
 * Which sessions are live documents: the last used ones, up to a limit; the least recently used turns
 * into bytes.
 *
 * Not here: how a session turns hot or cold (held.ts).
 */
import type { SessionId } from "../ids.js";
import type { HeldSession } from "./held.js";

/** The hot sessions, the least recently used first. */
export class HotSessions {
  readonly #countMax: number;
  readonly #evicted: (held: HeldSession) => void;
  readonly #hot = new Map<SessionId, HeldSession>();

  /** `evicted` hears of every session that turned cold to make room. */
  constructor(countMax: number, evicted: (held: HeldSession) => void) {
    // The one in use must not turn cold under its user's hands.
    this.#countMax = Math.max(1, countMax);
    this.#evicted = evicted;
  }

  get count(): number {
    return this.#hot.size;
  }

  get(session: SessionId): HeldSession | undefined {
    return this.#hot.get(session);
  }

  /** Marks a session as used now, so that others turn cold first. */
  use(held: HeldSession): void {
    held.document();
    this.#hot.delete(held.id);
    this.#hot.set(held.id, held);
    if (this.#hot.size > this.#countMax) this.#evictOldest();
  }

  forget(session: SessionId): void {
    this.#hot.delete(session);
  }

  #evictOldest(): void {
    for (const [session, held] of this.#hot) {
      this.#hot.delete(session);
      held.evict();
      this.#evicted(held);
      return;
    }
  }
}
