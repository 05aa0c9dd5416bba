/**
 * The sessions that were destroyed: what makes a logout final (P3, M9).
 *
 * A tombstone outlives its session's absolute lifetime by twice the clock margin; after that any
 * copy that comes back is dead by its own envelope, so none is kept for ever.
 *
 * Not here: destroying itself (table.ts), and the fingerprint of a tombstone (fingerprint.ts).
 */
import type { Millis, SessionId } from "../ids.js";
import type { Tombstone } from "../session-state.js";
import { tombstoneForgottenAtMs } from "./expiry.js";
import { PartitionedMap } from "./partitioned-map.js";

/** The set of tombstones, a map from session to proof. */
export class Tombstones {
  readonly #bySession = new PartitionedMap<Tombstone>();

  get count(): number {
    return this.#bySession.count;
  }

  get(session: SessionId): Tombstone | undefined {
    return this.#bySession.get(session);
  }

  /** Adds or joins; says whether anything changed. */
  add(session: SessionId, tombstone: Tombstone): boolean {
    const known = this.#bySession.get(session);
    const joined: Tombstone = known
      ? {
          absoluteExpiresAtMs: Math.max(known.absoluteExpiresAtMs, tombstone.absoluteExpiresAtMs),
          regeneratedAtMs: Math.max(known.regeneratedAtMs, tombstone.regeneratedAtMs),
        }
      : tombstone;
    this.#bySession.set(session, joined);
    return (
      joined.absoluteExpiresAtMs !== known?.absoluteExpiresAtMs ||
      joined.regeneratedAtMs !== known.regeneratedAtMs
    );
  }

  /** Those that may be forgotten at `nowMs`. */
  *forgettable(nowMs: Millis, clockMarginMs: Millis): Iterable<SessionId> {
    for (const [session, { absoluteExpiresAtMs }] of this.#bySession.entries()) {
      if (tombstoneForgottenAtMs(absoluteExpiresAtMs, clockMarginMs) <= nowMs) yield session;
    }
  }

  /** The tombstones of one partition. */
  entriesOf(partition: number): Iterable<[SessionId, Tombstone]> {
    return this.#bySession.entriesOf(partition);
  }

  remove(session: SessionId): void {
    this.#bySession.remove(session);
  }
}
