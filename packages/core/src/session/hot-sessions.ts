/**
 * Which sessions are live documents: the last used ones, up to a limit; the least recently used turns
 * into bytes.
 *
 * Not here: how a session turns hot or cold (held.ts).
 */
import type { SessionId } from "../ids.js";
import type { HeldSession } from "./held.js";

/** Of so many parts of the hot sessions the youngest are not put in order again when they are used. */
const YOUNG_PARTS = 8;

/** The hot sessions, the least recently used first, but for what was used a moment ago anyway. */
export class HotSessions {
  readonly #countMax: number;
  readonly #youngMax: number;
  /** How often a session was put last. */
  #turns = 0;
  readonly #evicted: (held: HeldSession) => void;
  readonly #hot = new Map<SessionId, HeldSession>();

  /** `evicted` hears of every session that turned cold to make room. */
  constructor(countMax: number, evicted: (held: HeldSession) => void) {
    // The one in use must not turn cold under its user's hands.
    this.#countMax = Math.max(1, countMax);
    this.#youngMax = Math.floor(this.#countMax / YOUNG_PARTS);
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
    const isYoung = this.#turns - held.hotTurn < this.#youngMax;
    if (isYoung && this.#hot.get(held.id) === held) return;
    held.hotTurn = this.#turns += 1;
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
