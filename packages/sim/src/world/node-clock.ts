/**
 * The clocks of one machine: a wall clock that may be off, drift, jump and strobe, and a monotonic
 * one that only drifts.
 *
 * Not here: when a clock goes wrong (clock-faults.ts).
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

/** A wall clock that is off by so much for one half of every period. */
export interface Strobe {
  readonly offsetMs: Millis;
  readonly periodMs: Millis;
}

/** One machine's clocks; they run on while its processes come and go. */
export class NodeClock {
  readonly #simulator: Simulator;
  /** Milliseconds of this clock in one true millisecond. */
  readonly rate: number;
  /** How far the wall clock is ahead, drift apart. */
  offsetMs: Millis;
  /** How far ahead it is while it has gone astray; undefined while it has not. */
  astrayMs: Millis | undefined;
  /** Undefined while it does not jump to and fro. */
  strobe: Strobe | undefined;

  constructor(simulator: Simulator, { offsetMs = 0, rate = 1 }: Partial<ClockSettings> = {}) {
    this.#simulator = simulator;
    this.offsetMs = offsetMs;
    this.rate = rate;
  }

  wallMs(): Millis {
    const { nowMs } = this.#simulator;
    return Math.floor(EPOCH_MS + nowMs * this.rate + this.#offsetAt(nowMs));
  }

  elapsedMs(): Millis {
    return this.#simulator.nowMs * this.rate;
  }

  /** True milliseconds in which this clock shows `delayMs`. */
  trueDelayMs(delayMs: Millis): Millis {
    return delayMs / this.rate;
  }

  #offsetAt(nowMs: Millis): Millis {
    const { strobe } = this;
    const isStruck = strobe && nowMs % strobe.periodMs >= strobe.periodMs / 2;
    return isStruck ? strobe.offsetMs : (this.astrayMs ?? this.offsetMs);
  }
}
