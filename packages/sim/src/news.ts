/**
 * How one piece of news spreads through a cluster: when each node knew it, through how many nodes it
 * came, how often each was told it, and what was sent meanwhile.
 *
 * Not here: which news, and when it begins (membership-scale.ts).
 */
import type { Bytes, Millis } from "@session-mesh/core";
import type { Network } from "./world/network.js";
import type { Simulator } from "./world/simulator.js";

/** How a piece of news spread. Times are since it began. */
export interface Spread {
  /** Until half of the nodes knew it. */
  readonly halfMs: Millis;
  /** Until all of them knew it; undefined where that did not come. */
  readonly allMs: Millis | undefined;
  /** Through how many links it came at most: 1 is first hand. */
  readonly hopsMax: number;
  /** How many frames a node received that said it, on average. */
  readonly tellings: number;
  /** Frames that all nodes sent on account of it, and their bytes, those of the news among them. */
  readonly frames: number;
  readonly bytes: Bytes;
}

/** What makes a piece of news. */
export interface NewsPort {
  readonly simulator: Simulator;
  readonly network: Network;
  /** Whether a frame is sent on account of it. */
  isCounted(frame: Uint8Array): boolean;
  /** Whether a frame says it. */
  isTelling(frame: Uint8Array): boolean;
}

/** One piece of news, from now on until {@link News.end}. */
export class News {
  readonly #port: NewsPort;
  readonly #audience: ReadonlySet<string>;
  readonly #beganAtMs: Millis;
  /** When each node knew, and by how many hops. */
  readonly #knows = new Map<string, { readonly afterMs: Millis; readonly hops: number }>();
  #teller: string | undefined;
  #tellings = 0;
  #frames = 0;
  #bytes: Bytes = 0;

  /** `audience`: the machines that shall know. */
  constructor(port: NewsPort, audience: Iterable<string>) {
    this.#port = port;
    this.#audience = new Set(audience);
    this.#beganAtMs = port.simulator.nowMs;
    port.network.onSend = (_from, _to, frame) => this.#sent(frame);
    port.network.onReceive = (from, to, frame) => {
      this.#teller = from.machine;
      if (this.#audience.has(to.machine) && port.isTelling(frame)) this.#tellings += 1;
    };
  }

  get isKnownToAll(): boolean {
    return this.#knows.size === this.#audience.size;
  }

  /** A machine knows it: from its own observation, or from the frame that it takes in now. */
  learned(machine: string, { isFirstHand }: { isFirstHand: boolean }): void {
    if (!this.#audience.has(machine) || this.#knows.has(machine)) return;
    const teller = isFirstHand ? undefined : this.#knows.get(this.#teller ?? "");
    const afterMs = this.#port.simulator.nowMs - this.#beganAtMs;
    this.#knows.set(machine, { afterMs, hops: 1 + (teller?.hops ?? (isFirstHand ? 0 : 1)) });
  }

  /** Stops counting, and says how it spread. */
  end(): Spread {
    this.#port.network.onSend = undefined;
    this.#port.network.onReceive = undefined;
    const known = [...this.#knows.values()];
    const half = known[Math.ceil(this.#audience.size / 2) - 1];
    return {
      halfMs: half?.afterMs ?? Number.POSITIVE_INFINITY,
      allMs: this.isKnownToAll ? known.at(-1)?.afterMs : undefined,
      hopsMax: Math.max(0, ...known.map(({ hops }) => hops)),
      tellings: this.#tellings / this.#audience.size,
      frames: this.#frames,
      bytes: this.#bytes,
    };
  }

  #sent(frame: Uint8Array): void {
    if (!this.#port.isCounted(frame)) return;
    this.#frames += 1;
    this.#bytes += frame.length;
  }
}
