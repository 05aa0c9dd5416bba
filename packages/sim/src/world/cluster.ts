/**
 * Machines and the runs of nodes on them: start, crash, drain, pause, and clocks that run on.
 *
 * Nothing survives a run but the machine's name, address, clock and, where there are some, disk. A
 * node that comes back has what that disk has, and a new writer.
 *
 * Not here: requests (workload.ts), and when what happens (nemesis.ts, scenario.ts).
 */
import {
  assert,
  DEFAULT_LIMITS,
  type DrainOutcome,
  type Durability,
  type EventBody,
  type Limits,
  type Millis,
  type NodeId,
  type Prng,
  type WriterId,
} from "@session-mesh/core";
import type { Dialect } from "./dialect.js";
import { Disk, type DiskOptions } from "./disk.js";
import type { Death } from "./endpoint.js";
import { eventLine } from "../trace/event-line.js";
import type { Network } from "./network.js";
import { type ClockSettings, NodeClock } from "./node-clock.js";
import { NodeRun } from "./node-run.js";
import type { Simulator } from "./simulator.js";

/** What all nodes have in common. */
export interface ClusterOptions {
  readonly limits: Partial<Limits>;
  /** Whether a node that comes back keeps its name. */
  readonly keepsNodeIds: boolean;
  /** How many machines are named to each node as seeds. */
  readonly seedsMax: number;
  /** How disks behave, and what an acknowledgement says of them; without, nothing is stored. */
  readonly disks?: DiskOptions & { readonly durability: Durability };
}

/** Hears of everything that happens in any replica. */
export type EventListener = (run: NodeRun, event: EventBody) => void;

/** How long a node may take to drain. */
const DRAIN_DEADLINE_MS: Millis = 25_000;

/** A process that is told to go: it drains unless it is `hasty`, and then ends in order. */
export interface Deploy {
  readonly downMs: Millis;
  /** Ends at once, as a process does that does not wait for its drain. */
  readonly isHasty?: boolean;
  /** The new process runs. */
  readonly done?: () => void;
}

interface Machine {
  readonly name: string;
  readonly address: string;
  readonly clock: NodeClock;
  /** The node's id where it is not drawn from the machine's name. */
  readonly node: string | undefined;
  readonly disk: Disk | undefined;
  run: NodeRun | undefined;
  runs: number;
  dialect: Dialect | undefined;
}

/** The cluster. */
export class Cluster {
  readonly #simulator: Simulator;
  readonly #network: Network;
  readonly #options: ClusterOptions;
  readonly #random: Prng;
  readonly #machines = new Map<string, Machine>();
  readonly #sharedNames = new Set<string>();
  readonly #listeners: EventListener[] = [];
  readonly #restored: ((run: NodeRun) => void)[] = [];
  readonly #ended: ((run: NodeRun, drained: DrainOutcome | undefined) => void)[] = [];

  constructor(simulator: Simulator, network: Network, options: ClusterOptions) {
    this.#simulator = simulator;
    this.#network = network;
    this.#options = options;
    this.#random = simulator.fork();
  }

  /** The limits that all nodes have. */
  get limits(): Limits {
    return { ...DEFAULT_LIMITS, ...this.#options.limits };
  }

  /** What an acknowledgement says of disks. */
  get durability(): Durability {
    return this.#options.disks?.durability ?? "none";
  }

  get names(): string[] {
    return [...this.#machines.keys()];
  }

  /** Every run that lives. */
  runs(): NodeRun[] {
    return [...this.#machines.values()].flatMap(({ run }) => (run?.isAlive ? [run] : []));
  }

  /** The run on a machine. */
  runOn(name: string): NodeRun | undefined {
    const run = this.#machine(name).run;
    return run?.isAlive ? run : undefined;
  }

  /** The disk of a machine; it stays when a run ends. */
  diskOf(name: string): Disk | undefined {
    return this.#machine(name).disk;
  }

  clockOf(name: string): NodeClock {
    return this.#machine(name).clock;
  }

  onEvent(listener: EventListener): void {
    this.#listeners.push(listener);
  }

  /** Hears of runs that are about to end, drained or not. */
  onEnd(listener: (run: NodeRun, drained: DrainOutcome | undefined) => void): void {
    this.#ended.push(listener);
  }

  /** Hears of runs that began on what was on their disk. */
  onRestore(listener: (run: NodeRun) => void): void {
    this.#restored.push(listener);
  }

  /** Adds a machine; it is started apart. `node` is its node's id, whatever the machine's name. */
  add(name: string, clock: Partial<ClockSettings> = {}, node?: string): void {
    const address = `${name}:7946`;
    if (node !== undefined) this.#sharedNames.add(node);
    const nodeClock = new NodeClock(this.#simulator, clock);
    const { disks } = this.#options;
    const disk = disks && new Disk(this.#simulator, disks);
    const idle = { disk, run: undefined, runs: 0, dialect: undefined };
    this.#machines.set(name, { name, address, clock: nodeClock, node, ...idle });
  }

  /** Takes away a machine on which nothing runs; discovery tells the others where to dial now. */
  remove(name: string): void {
    assert(this.runOn(name) === undefined, `${name} still runs`);
    this.#machines.delete(name);
    for (const run of this.runs()) {
      const seeds = this.#seedsOf(run.machine);
      run.input((replica) => replica.setSeeds(seeds));
    }
  }

  /** Whether two processes have had its name at once: who speaks for it is then a matter of luck. */
  isNameShared(run: NodeRun): boolean {
    return this.#sharedNames.has(run.node);
  }

  /** Whether a machine's node has the name of another's. */
  isTwin(name: string): boolean {
    return this.#machine(name).node !== undefined;
  }

  /** Whether there is such a machine. */
  has(name: string): boolean {
    return this.#machines.has(name);
  }

  /** The version on a machine; undefined where it is this one. */
  installed(name: string): Dialect | undefined {
    return this.#machine(name).dialect;
  }

  /** Installs another version on a machine, or with undefined this one: from its next start on. */
  install(name: string, dialect: Dialect | undefined): void {
    this.#machine(name).dialect = dialect;
  }

  start(name: string): NodeRun {
    const machine = this.#machine(name);
    assert(!machine.run?.isAlive, `${name} runs already`);
    machine.runs += 1;
    const { limits, durability } = this;
    const { keepsNodeIds } = this.#options;
    const node = (machine.node ?? (keepsNodeIds ? name : `${name}.${machine.runs}`)) as NodeId;
    const seeds = this.#seedsOf(name);
    const { address } = machine;
    const writer = this.#random.uint53() as WriterId;
    const digestKey: [number, number] = [1, 2];
    const run = new NodeRun(
      { cluster: "sim", node, writer, address, seeds, digestKey, limits, durability },
      {
        simulator: this.#simulator,
        network: this.#network,
        clock: machine.clock,
        machine: name,
        random: this.#simulator.fork(),
        dialect: machine.dialect,
        disk: machine.disk,
        happened: (from, event) => this.#happened(from, event),
      },
    );
    machine.run = run;
    this.#simulator.note(name, `starts as ${node}`);
    this.#simulator.tell({ type: "node-started", node: name, as: node });
    run.start();
    if (run.disk) for (const restored of this.#restored) restored(run);
    return run;
  }

  /** kill -9, or with `silent` the whole machine: nobody is told. */
  crash(name: string, options: Death = {}): void {
    const run = this.runOn(name);
    if (!run) return;
    this.#simulator.note(name, `crashes${options.silent ? " without a word" : ""}`);
    this.#simulator.tell({ type: "node-crashed", node: name, silent: options.silent === true });
    for (const ended of this.#ended) ended(run, undefined);
    run.crash(options);
  }

  /** Drains, ends, and starts a new run at the same address; says when that is done. */
  deploy(name: string, { downMs, isHasty = false, done }: Deploy): void {
    const restart = (): void => {
      this.#simulator.after(downMs, () => {
        if (this.has(name) && !this.runOn(name)) this.start(name);
        done?.();
      });
    };
    if (isHasty) this.exit(name, restart);
    else this.drain(name, restart);
  }

  /** Drains and ends, confirmed or not, and says so; a node drains once. */
  drain(name: string, ended?: () => void): void {
    const run = this.runOn(name);
    if (!run || run.isDraining) return;
    this.#simulator.note(name, "drains");
    this.#simulator.tell({ type: "node-draining", node: name });
    run.isDraining = true;
    const ticket = run.ticket((outcome) => {
      if (outcome.kind !== "drain") return;
      const { confirmed, peers, soleHeldCount } = outcome;
      this.#simulator.note(name, `drained ${confirmed} by ${peers}, alone held ${soleHeldCount}`);
      for (const listener of this.#ended) listener(run, outcome);
      run.exit();
      this.#simulator.tell({ type: "node-ended", node: name });
      ended?.();
    }, DRAIN_DEADLINE_MS);
    run.input((replica) => replica.drain(ticket, DRAIN_DEADLINE_MS));
  }

  /** Ends in order without a drain: it says farewell, and what it alone held is lost. */
  exit(name: string, ended?: () => void): void {
    const run = this.runOn(name);
    if (!run) return;
    this.#simulator.note(name, "ends without a drain");
    for (const listener of this.#ended) listener(run, undefined);
    run.exit();
    this.#simulator.tell({ type: "node-ended", node: name });
    ended?.();
  }

  pause(name: string): void {
    this.#simulator.note(name, "pauses");
    this.#simulator.tell({ type: "node-paused", node: name });
    this.runOn(name)?.pause();
  }

  resume(name: string): void {
    this.#simulator.note(name, "goes on");
    this.#simulator.tell({ type: "node-resumed", node: name });
    this.runOn(name)?.resume();
  }

  #seedsOf(name: string): string[] {
    const others = [...this.#machines.values()].filter((other) => other.name !== name);
    return others.slice(0, this.#options.seedsMax).map(({ address }) => address);
  }

  #machine(name: string): Machine {
    const machine = this.#machines.get(name);
    assert(machine !== undefined, `no machine ${name}`);
    return machine;
  }

  #happened(run: NodeRun, event: EventBody): void {
    const { trace, nowMs } = this.#simulator;
    trace.note(nowMs, run.machine, event.type, () => eventLine(event));
    this.#simulator.tell({ type: "event", node: run.machine, event });
    for (const listener of this.#listeners) listener(run, event);
  }
}
