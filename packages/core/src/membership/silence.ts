/**
 * How long a link may be silent before its peer is suspected.
 *
 * An adaptive bound in the manner of TCP's retransmission timer (Jacobson 1988, RFC 6298): the mean
 * gap between frames plus four mean deviations, never below a floor. Unlike phi accrual it needs no
 * logarithm, whose last digits differ between engines and would break replay.
 *
 * Any frame is a sign of life. A stall of this node's own event loop is no silence of the peer.
 */
import type { Millis } from "../ids.js";

const GAIN_MEAN = 1 / 8;
const GAIN_DEVIATION = 1 / 4;
const DEVIATIONS = 4;

/** No bound grows beyond this many floors, so that an irregular peer is noticed all the same. */
const FLOORS_MAX = 4;

/** Measures the silence of one link. */
export class SilenceMeter {
  readonly #floorMs: Millis;
  readonly #intervalMs: Millis;
  #meanMs: Millis;
  #deviationMs: Millis = 0;
  #heardAtMs: Millis;

  /** `floorMs`: silence beyond an expected gap that is always forgiven; `intervalMs`: that gap. */
  constructor(nowMs: Millis, bounds: { floorMs: Millis; intervalMs: Millis }) {
    this.#floorMs = bounds.floorMs;
    this.#intervalMs = bounds.intervalMs;
    this.#meanMs = bounds.intervalMs;
    this.#heardAtMs = nowMs;
  }

  /** A frame arrived. */
  hear(nowMs: Millis): void {
    const gapMs = nowMs - this.#heardAtMs;
    this.#heardAtMs = nowMs;
    // Bursts say nothing about how long a healthy peer may be silent.
    if (gapMs < this.#intervalMs / 2) return;
    const error = gapMs - this.#meanMs;
    this.#meanMs += GAIN_MEAN * error;
    this.#deviationMs += GAIN_DEVIATION * (Math.abs(error) - this.#deviationMs);
  }

  /** This node itself stalled until now: the peer may have spoken meanwhile. */
  forgive(stallMs: Millis, nowMs: Millis): void {
    this.#heardAtMs = Math.min(nowMs, this.#heardAtMs + stallMs);
  }

  /** Whether the peer has been silent for too long. */
  isSilent(nowMs: Millis): boolean {
    const boundMs = this.#meanMs + DEVIATIONS * this.#deviationMs + this.#floorMs;
    return nowMs - this.#heardAtMs > Math.min(boundMs, this.#floorMs * FLOORS_MAX);
  }
}
