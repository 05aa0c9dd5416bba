/**
 * The clocks of one machine: a wall clock that may be off, drift and jump, and a monotonic one that
 * only drifts.
 */
import type { Millis } from "@session-mesh/core";
import type { Simulator } from "./simulator.js";

/** Where the wall clocks of every run begin: 2026-01-01. */
const EPOCH_MS: Millis = Date.UTC(2026, 0, 1);

/** How far a wall clock is ahead, and how fast both run. */
export interface ClockSettings {
  readonly offsetMs: Millis;
  readonly rate: number;
}

/** One machine's clocks; they run on while its processes come and go. */
export class NodeClock {
  readonly #simulator: Simulator;
  /** Milliseconds of this clock in one true millisecond. */
  readonly rate: number;
  /** How far the wall clock is ahead, drift apart. */
  offsetMs: Millis;

  constructor(simulator: Simulator, { offsetMs = 0, rate = 1 }: Partial<ClockSettings> = {}) {
    this.#simulator = simulator;
    this.offsetMs = offsetMs;
    this.rate = rate;
  }

  wallMs(): Millis {
    return Math.floor(EPOCH_MS + this.#simulator.nowMs * this.rate + this.offsetMs);
  }

  elapsedMs(): Millis {
    return this.#simulator.nowMs * this.rate;
  }

  /** True milliseconds in which this clock shows `delayMs`. */
  trueDelayMs(delayMs: Millis): Millis {
    return delayMs / this.rate;
  }
}
