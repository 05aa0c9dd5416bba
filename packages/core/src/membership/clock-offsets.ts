/**
 * The cluster's idea of the time: the median of this node's clock and its live peers' (P4).
 *
 * Peers' clocks are kept as their lead on the own monotonic clock, which nobody sets: so where the own
 * wall clock is set, the median stays where it was at once, and not when the peers are heard again.
 *
 * Half a round trip is not subtracted: on a local network it is far below the margin.
 */
import type { EventBody } from "../events.js";
import type { Millis } from "../ids.js";

/** How far the median of own and peers' clocks is ahead of the own one; even counts take the middle. */
export function medianOffsetMs(peerOffsetsMs: readonly Millis[]): Millis {
  const sorted = Float64Array.of(0, ...peerOffsetsMs).sort();
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] as Millis;
  const high = sorted[Math.ceil(middle)] as Millis;
  return Math.round((low + high) / 2);
}

/** Notices when the own clock leaves the margin in which expiry is safe, and when it is back. */
export class ClockAlarm {
  readonly #marginMs: Millis;
  readonly #emit: (event: EventBody) => void;
  #isSafe = true;

  constructor(marginMs: Millis, emit: (event: EventBody) => void) {
    this.#marginMs = marginMs;
    this.#emit = emit;
  }

  /** How far the cluster's median clock is ahead of the own one now. */
  review(offsetMs: Millis): void {
    const safe = Math.abs(offsetMs) <= this.#marginMs;
    if (safe === this.#isSafe) return;
    this.#isSafe = safe;
    this.#emit({ type: "clock-offset", offsetMs, safe });
  }
}
