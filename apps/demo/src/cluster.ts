/**
 * The app servers of a run: started, deployed anew, killed, and brought back.
 *
 * A server keeps its name and, where it is free, its port over restarts, as a machine would.
 * Not here: when what happens (storyline.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { AppProcess, type Exit, startAppProcess } from "./app-process.js";
import type { Balancer } from "./balancer.js";
import { Diallers, MeshGate } from "./mesh-gate.js";
import type { Sabotage } from "./sabotage.js";
import type { Upstream } from "./upstream.js";

/** What a cluster is made of. */
interface ClusterOptions {
  readonly nodes: number;
  readonly sabotage: Sabotage | undefined;
  readonly balancer: Balancer;
  readonly log: (line: string) => void;
}

/** One place for an app server, whoever fills it at the moment. */
export interface Slot {
  readonly name: string;
  readonly port: number;
  process: AppProcess | undefined;
  upstream: Upstream | undefined;
  /** Behind the balancer of its side, since there was a partition. */
  sideUpstream: Upstream | undefined;
  /** Through which its peers reach its mesh. */
  gate: MeshGate | undefined;
  /** What is being done with it, for people. */
  doing: string;
}

const PORT = 8081;
/** So long that only what hangs exceeds it, on however busy a machine. */
const READY_DEADLINE_MS = 90_000;
const READY_POLL_MS = 20;

/** The app servers. */
export class Cluster {
  readonly #slots: Slot[];
  readonly #options: ClusterOptions;
  readonly #cookieSecret: string = crypto.randomUUID();
  readonly #diallers = new Diallers();
  #degradedByGone = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.nodes }, (_, index) => emptySlot(index));
  }

  /** The places, in the order in which they came to be. */
  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** The processes that run. */
  get processes(): readonly AppProcess[] {
    return this.slots.flatMap(({ process }) => (process ? [process] : []));
  }

  /** Responses so far that went out with fewer acknowledgements than asked for. */
  get degraded(): number {
    const counts = this.processes.map(({ status }) => status?.degraded ?? 0);
    return counts.reduce((sum, count) => sum + count, this.#degradedByGone);
  }

  /** Starts them all. */
  async start(): Promise<void> {
    for (const slot of this.slots) await this.launch(slot);
  }

  /** Makes room for one more app server. */
  addSlot(): Slot {
    const slot = emptySlot(this.#slots.length);
    this.#slots.push(slot);
    return slot;
  }

  /** Starts a process in an empty slot; resolves when all are linked to all, and it has traffic. */
  async launch(slot: Slot): Promise<void> {
    const { sabotage, balancer, log } = this.#options;
    const { name: node, port } = slot;
    slot.doing = "starting";
    const seeds = this.processes.map(({ meshAddress }) => meshAddress);
    const cookieSecret = this.#cookieSecret;
    const gate = await MeshGate.open(this.#diallers);
    slot.gate = gate;
    const options = { node, port, seeds, advertise: gate.address, cookieSecret, sabotage };
    const process = await startAppProcess({
      ...options,
      dialled: (from) => this.#diallers.note(from, node),
      log: (line) => log(`${node}: ${line}`),
    });
    gate.openTo(process.meshPort);
    slot.process = process;
    // It is ready when it is linked to all; the others know that too before its first request comes.
    await this.untilLinked();
    const upstream = balancer.add(node, process.origin);
    slot.upstream = upstream;
    await this.#until(`${node} is ready`, () => upstream.isReady);
    slot.doing = "";
  }

  /** Resolves when all are linked to all. */
  async untilLinked(): Promise<void> {
    await this.#until("all are linked", () => {
      const all = this.processes;
      return all.every(({ status }) => status?.members === all.length);
    });
  }

  /** Asks a process to go, as a deploy does; resolves when it has. */
  terminate(slot: Slot): Promise<Exit> {
    slot.doing = "draining";
    return this.#end(slot, "SIGTERM");
  }

  /** `kill -9`. */
  kill(slot: Slot): Promise<Exit> {
    if (slot.upstream) slot.upstream.isKilled = true;
    slot.doing = "killed";
    return this.#end(slot, "SIGKILL");
  }

  async #end(slot: Slot, signal: NodeJS.Signals): Promise<Exit> {
    const { process, upstream } = slot;
    if (!process || !upstream) throw new Error(`${slot.name} does not run`);
    upstream.retire();
    process.signal(signal);
    const exit = await process.exited;
    this.#degradedByGone += process.status?.degraded ?? 0;
    this.#options.balancer.remove(upstream);
    slot.process = undefined;
    slot.gate?.close();
    slot.gate = undefined;
    slot.upstream = undefined;
    slot.sideUpstream = undefined;
    slot.doing = signal === "SIGKILL" ? "killed" : "";
    return exit;
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    for (let waitedMs = 0; !isSo(); waitedMs += READY_POLL_MS) {
      if (waitedMs > READY_DEADLINE_MS) throw new Error(`waited in vain until ${what}`);
      await sleep(READY_POLL_MS);
    }
  }
}

function emptySlot(index: number): Slot {
  const name = `app-${index + 1}`;
  const upstreams = { upstream: undefined, sideUpstream: undefined };
  return { name, port: PORT + index, process: undefined, ...upstreams, gate: undefined, doing: "" };
}
