/**
 * The nemesis: draws one fault after another, undoes each in time, and counts what really happened.
 *
 * Not here: how likely each fault is (swarm.ts), and what a fault does (network.ts, cluster.ts).
 */
import type { Millis, Prng } from "@session-mesh/core";
import type { Cluster } from "./cluster.js";
import type { Death, Network } from "./network.js";
import type { Simulator } from "./simulator.js";

/** The faults that it knows. */
export const FAULTS = [
  "halves",
  "isolation",
  "one-way",
  "hole",
  "reset",
  "crash",
  "power-loss",
  "deploy",
  "pause",
  "clock-jump",
  "truncation",
  "slowness",
] as const;

/** A kind of fault. */
export type Fault = (typeof FAULTS)[number];

/** When to do what. */
export interface NemesisOptions {
  /** How likely each fault is drawn; those not named never are. */
  readonly weights: Readonly<Partial<Record<Fault, number>>>;
  /** The mean pause between two faults. */
  readonly pauseMs: Millis;
  /** How long a cut, a pause or a slow spell may last. */
  readonly spellMsMax: Millis;
  /** How far a clock may jump, so that it stays within the margin. */
  readonly jumpMsMax: Millis;
}

/** The nemesis of one run. */
export class Nemesis {
  readonly counts: Map<Fault, number> = new Map();
  readonly #simulator: Simulator;
  readonly #network: Network;
  readonly #cluster: Cluster;
  readonly #options: NemesisOptions;
  readonly #random: Prng;
  readonly #bag: readonly Fault[];
  #isRunning = false;

  constructor(
    simulator: Simulator,
    parts: { network: Network; cluster: Cluster },
    options: NemesisOptions,
  ) {
    this.#simulator = simulator;
    this.#network = parts.network;
    this.#cluster = parts.cluster;
    this.#options = options;
    this.#random = simulator.fork();
    this.#bag = FAULTS.flatMap((fault) =>
      Array.from({ length: options.weights[fault] ?? 0 }, () => fault),
    );
  }

  start(): void {
    this.#isRunning = true;
    if (this.#bag.length > 0) this.#next();
  }

  /** Undoes what can be undone: paths, pauses, and nodes that are down. */
  heal(): void {
    this.#isRunning = false;
    this.#simulator.note("-", "heals");
    this.#network.mend();
    for (const name of this.#cluster.names) {
      this.#cluster.resume(name);
      if (!this.#cluster.runOn(name)) this.#cluster.start(name);
    }
  }

  #next(): void {
    this.#simulator.after(this.#random.range(1, this.#options.pauseMs * 2), () => {
      if (!this.#isRunning) return;
      const fault = this.#random.pick(this.#bag);
      if (this.#strike(fault)) this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
      this.#next();
    });
  }

  /** Says whether anything came of it. */
  #strike(fault: Fault): boolean {
    const [a, b] = this.#random.shuffle(this.#cluster.names);
    if (a === undefined || b === undefined) return false;
    this.#simulator.note("-", `${fault} ${a} ${b}`);
    switch (fault) {
      case "halves":
        return this.#halves();
      case "isolation":
        return this.#cut(
          this.#others(a).flatMap((other) => [[a, other] as const, [other, a] as const]),
        );
      case "one-way":
        return this.#cut([[a, b]]);
      case "hole":
        return this.#cut([
          [a, b],
          [b, a],
        ]);
      case "reset":
        return this.#network.reset(a, b) > 0;
      case "crash":
        return this.#crash(a, { lossy: this.#random.chance(0.5) });
      case "power-loss":
        return this.#crash(a, { silent: true });
      case "deploy":
        return this.#deploy(a);
      case "pause":
        return this.#pause(a);
      case "clock-jump":
        return this.#jump(a);
      case "truncation":
        return this.#network.truncateNext(a, b);
      case "slowness":
        return this.#slow();
    }
  }

  #others(name: string): string[] {
    return this.#cluster.names.filter((other) => other !== name);
  }

  #spell(undo: () => void): true {
    this.#simulator.after(this.#random.range(100, this.#options.spellMsMax), () => {
      if (this.#isRunning) undo();
    });
    return true;
  }

  #halves(): boolean {
    const names = this.#random.shuffle(this.#cluster.names);
    const left = names.slice(0, this.#random.range(1, names.length));
    const right = names.filter((name) => !left.includes(name));
    return this.#cut(left.flatMap((l) => right.flatMap((r) => [[l, r] as const, [r, l] as const])));
  }

  #cut(paths: readonly (readonly [string, string])[]): boolean {
    for (const [from, to] of paths) this.#network.cut(from, to);
    return this.#spell(() => {
      for (const [from, to] of paths) this.#network.mend(from, to);
    });
  }

  #crash(name: string, options: Death): boolean {
    const run = this.#cluster.runOn(name);
    if (!run) return false;
    this.#cluster.crash(name, options);
    return this.#spell(() => {
      if (!this.#cluster.runOn(name)) this.#cluster.start(name);
    });
  }

  #deploy(name: string): boolean {
    const run = this.#cluster.runOn(name);
    if (!run || run.isPaused || run.isDraining) return false;
    this.#cluster.deploy(name, { downMs: this.#random.range(100, 3_000) });
    return true;
  }

  #pause(name: string): boolean {
    const run = this.#cluster.runOn(name);
    if (!run || run.isPaused) return false;
    this.#cluster.pause(name);
    return this.#spell(() => run.isAlive && run.resume());
  }

  #jump(name: string): boolean {
    const { jumpMsMax } = this.#options;
    this.#cluster.clockOf(name).offsetMs = this.#random.range(-jumpMsMax, jumpMsMax + 1);
    return true;
  }

  #slow(): boolean {
    const before = this.#network.options;
    this.#network.options = { ...before, latencyMs: 200, jitterMs: 300, bytesPerMs: 20 };
    return this.#spell(() => (this.#network.options = before));
  }
}
