/**
 * The nemesis: draws one fault after another, undoes each in time, and counts what really happened.
 *
 * Not here: how likely each fault is (swarm-draw.ts), and what each does (the files of faults).
 */
import type { Millis, Prng } from "@session-mesh/core";
import { CLOCK_FAULTS } from "./clock-faults.js";
import type { Cluster } from "../world/cluster.js";
import { DEPLOY_FAULTS } from "./deploy-faults.js";
import type { Fault, FaultBounds, Field, Struck } from "./fault.js";
import { DISK_FAULTS } from "./disk-faults.js";
import { LINK_FAULTS } from "./link-faults.js";
import { NETWORK_FAULTS } from "./network-faults.js";
import type { Network } from "../world/network.js";
import { NODE_FAULTS } from "./node-faults.js";
import type { Simulator } from "../world/simulator.js";
import type { Ledger } from "../checks/ledger.js";

/** The faults that it knows. */
export const FAULTS: readonly Fault[] = [
  ...NETWORK_FAULTS,
  ...LINK_FAULTS,
  ...NODE_FAULTS,
  ...DEPLOY_FAULTS,
  ...CLOCK_FAULTS,
  ...DISK_FAULTS,
];

/** When to do what. */
export interface NemesisOptions extends FaultBounds {
  /** How likely each fault is drawn, by its name; those not named never are. */
  readonly weights: Readonly<Record<string, number>>;
  /** The mean pause between two faults. */
  readonly pauseMs: Millis;
}

/** The nemesis of one run. */
export class Nemesis {
  /** How often each fault really happened. */
  readonly counts: Map<string, number> = new Map();
  readonly #simulator: Simulator;
  readonly #network: Network;
  readonly #cluster: Cluster;
  readonly #ledger: Ledger;
  readonly #options: NemesisOptions;
  readonly #random: Prng;
  readonly #field: Field;
  readonly #bag: readonly Fault[];
  readonly #undos = new Set<() => void>();
  #newNames = 0;
  #isRunning = false;

  constructor(
    simulator: Simulator,
    parts: { network: Network; cluster: Cluster; ledger: Ledger },
    options: NemesisOptions,
  ) {
    this.#simulator = simulator;
    this.#network = parts.network;
    this.#cluster = parts.cluster;
    this.#ledger = parts.ledger;
    this.#options = options;
    this.#random = simulator.fork();
    this.#field = this.#openField();
    this.#bag = FAULTS.flatMap((fault) =>
      Array.from({ length: options.weights[fault.name] ?? 0 }, () => fault),
    );
  }

  start(): void {
    this.#isRunning = true;
    if (this.#bag.length > 0) this.#next();
  }

  /** Undoes what can be undone: paths, pauses, clocks, and nodes that are down. */
  heal(): void {
    this.#isRunning = false;
    this.#simulator.note("-", "heals");
    for (const undo of this.#undos) undo();
    this.#undos.clear();
    this.#network.mend();
    for (const name of this.#cluster.names) {
      if (this.#cluster.runOn(name)?.isPaused) this.#cluster.resume(name);
      if (!this.#cluster.runOn(name)) this.#cluster.start(name);
    }
  }

  #next(): void {
    this.#simulator.after(this.#random.range(1, this.#options.pauseMs * 2), () => {
      if (!this.#isRunning) return;
      this.#strike(this.#random.pick(this.#bag));
      this.#next();
    });
  }

  #strike(fault: Fault): void {
    const struck = fault.strike(this.#field);
    if (!struck) return;
    this.#simulator.note("-", `${fault.name} ${struck.victims}`);
    if (struck.isCountedLater !== true) this.#count(fault.name);
    if (struck.undo) this.#undoLater(struck.undo, struck);
  }

  #undoLater(undo: () => void, { lastsMs }: Struck): void {
    this.#undos.add(undo);
    this.#simulator.after(lastsMs ?? this.#spellMs(), () => {
      if (this.#undos.delete(undo)) undo();
    });
  }

  #spellMs(): Millis {
    return this.#random.range(100, this.#options.spellMsMax);
  }

  #count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  #openField(): Field {
    return {
      simulator: this.#simulator,
      network: this.#network,
      cluster: this.#cluster,
      random: this.#random,
      bounds: this.#options,
      spellMs: () => this.#spellMs(),
      isRunning: () => this.#isRunning,
      happened: (name) => this.#count(name),
      spoiled: (disk) => this.#ledger.diskLost(disk),
      newName: () => `m${(this.#newNames += 1)}`,
    };
  }
}
