/**
 * Revisions that readers have seen and that were waited for here in vain: a memory, so that a write
 * that died with its writer costs one wait, and not one with each request of its user.
 *
 * Not here: the waiting (freshness.ts).
 */
import type { SessionId, WriterId } from "../ids.js";
import type { VersionVector } from "../session-state.js";

interface Unreached {
  /** Up to this revision. */
  readonly rev: number;
  /** Up to this one every member that is neither left nor gone lacked it; 0 for none. */
  readonly lostRev: number;
  /** How many links had come up when it was last waited for. */
  readonly linkCount: number;
}

/** The memory; the oldest is forgotten first, which costs another wait. */
export class UnreachedRevisions {
  readonly #max: number;
  readonly #byDot = new Map<string, Unreached>();
  #linkCount = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Notes that `missing` was waited for in vain. */
  add(session: SessionId, missing: VersionVector, { isLost }: { isLost: boolean }): void {
    for (let i = 0; i < missing.length; i += 2) {
      const key = keyOf(session, missing[i] as WriterId);
      const knownLostRev = this.#byDot.get(key)?.lostRev ?? 0;
      this.#byDot.delete(key);
      const rev = missing[i + 1] as number;
      // That an earlier one is lost says nothing about this one.
      const lostRev = isLost ? Math.max(rev, knownLostRev) : knownLostRev;
      this.#byDot.set(key, { rev, lostRev, linkCount: this.#linkCount });
    }
    for (const key of this.#byDot.keys()) {
      if (this.#byDot.size <= this.#max) return;
      this.#byDot.delete(key);
    }
  }

  /** Parts what is lost from what is worth waiting for. */
  split(
    session: SessionId,
    missing: VersionVector,
  ): { lost: VersionVector; wanted: VersionVector } {
    const lost: number[] = [];
    const wanted: number[] = [];
    for (let i = 0; i < missing.length; i += 2) {
      const [writer, rev] = [missing[i] as WriterId, missing[i + 1] as number];
      const known = this.#byDot.get(keyOf(session, writer));
      (known && rev <= known.lostRev ? lost : wanted).push(writer, rev);
    }
    return { lost, wanted };
  }

  /** Whether all of `missing` was waited for in vain since the last link came up. */
  wasWaitedFor(session: SessionId, missing: VersionVector): boolean {
    for (let i = 0; i < missing.length; i += 2) {
      const known = this.#byDot.get(keyOf(session, missing[i] as WriterId));
      if (known?.linkCount !== this.#linkCount || known.rev < (missing[i + 1] as number)) {
        return false;
      }
    }
    return true;
  }

  /** A link came up: who is there now may hold what was missing. */
  peerUp(): void {
    this.#linkCount += 1;
  }
}

function keyOf(session: SessionId, writer: WriterId): string {
  return `${session} ${writer}`;
}
