/**
 * What a replica knows of the time: its hybrid logical clock, and the cluster's idea of now.
 *
 * Not here: whose clocks are followed (membership), and how far ahead is refused (integrator.ts).
 */
import { HLC_ZERO, type Hlc, hlcFromMillis } from "./hlc.js";
import type { Millis } from "./ids.js";

/** What the clock needs of its replica. */
export interface MeshClockPort {
  readonly clockMarginMs: Millis;
  wallMs(): Millis;
  /** How far the cluster's median clock is ahead of this node's. */
  offsetMs(): Millis;
}

/** The clock. */
export class MeshClock {
  readonly #port: MeshClockPort;
  #hlc: Hlc = HLC_ZERO;

  constructor(port: MeshClockPort) {
    this.#port = port;
  }

  /** The highest clock followed so far. */
  get hlc(): Hlc {
    return this.#hlc;
  }

  /** A clock within the margin is followed; one further ahead only raises the sessions it wrote to. */
  saw(hlc: Hlc): void {
    const bound = hlcFromMillis(this.#port.wallMs() + this.#port.clockMarginMs);
    if (hlc > this.#hlc && hlc <= bound) this.#hlc = hlc;
  }

  /** The cluster's idea of the time, in which sessions expire (P4). */
  meshMs(): Millis {
    return this.#port.wallMs() + this.#port.offsetMs();
  }
}
