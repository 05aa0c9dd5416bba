/**
 * Looks for what is over, a slice of the partitions at a time, so that no firing takes long however
 * many sessions there are.
 *
 * Not here: dropping itself (table.ts), and what nobody could still revive (../retention.ts).
 */
import type { Limits } from "../config.js";
import { type Millis, PARTITION_COUNT, type SessionId } from "../ids.js";
import { lifetimeAt } from "./expiry.js";
import type { Glance, HeldSessions } from "./held-sessions.js";
import type { Tombstones } from "./tombstones.js";

/** Looking at so many takes some milliseconds; with more, the rest waits for the next firing. */
const LOOKED_AT_MAX = 20_000;

/** What of a slice may go. */
export interface Collectable {
  readonly sessions: readonly {
    readonly session: SessionId;
    readonly reason: "absolute" | "idle";
  }[];
  readonly tombstones: readonly SessionId[];
}

/** Goes round the partitions. */
export class Collector {
  readonly #limits: Limits;
  readonly #held: HeldSessions;
  readonly #tombstones: Tombstones;
  #partition = 0;

  constructor(limits: Limits, held: HeldSessions, tombstones: Tombstones) {
    this.#limits = limits;
    this.#held = held;
    this.#tombstones = tombstones;
  }

  /**
   * What may go of the next partitions: of all of them, as long as they hold no more than
   * `LOOKED_AT_MAX`. An idle-expired session may where `isSettled` says so.
   */
  next(nowMs: Millis, isSettled: (glance: Glance) => boolean): Collectable {
    const sessions: Collectable["sessions"][number][] = [];
    const tombstones: SessionId[] = [];
    const { clockMarginMs } = this.#limits;
    let seen = 0;
    for (let i = 0; i < PARTITION_COUNT && seen < LOOKED_AT_MAX; i++) {
      const partition = this.#partition;
      this.#partition = (partition + 1) % PARTITION_COUNT;
      seen += this.#held.countOf(partition) + this.#tombstones.countOf(partition);
      for (const glance of this.#held.dead(partition, nowMs - clockMarginMs)) {
        const isOver = lifetimeAt(glance, nowMs - clockMarginMs) === "over";
        if (!isOver && !isSettled(glance)) continue;
        sessions.push({ session: glance.session, reason: isOver ? "absolute" : "idle" });
      }
      tombstones.push(...this.#tombstones.forgettable(partition, nowMs, clockMarginMs));
    }
    return { sessions, tombstones };
  }
}
