/**
 * Processes on machines, as the simulator's users and checkers know a cluster: each on a machine of its
 * own, started, killed and stopped, and heard by turns.
 *
 * Not here: the network between them (namespaces.ts), and what is made of what they say.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { DEFAULT_LIMITS, type EventBody, type Limits } from "@session-mesh/core";
import type { ClusterPort, NodePort } from "@session-mesh/sim";
import { killed, MachineNodes, MESH_PORT, SECRET } from "./machine-nodes.js";
import type { Machine } from "./namespaces.js";
import { NodeFiles } from "./node-files.js";
import { type NodeListener, ProbedNode, type SentLine } from "./probed-node.js";
import { RealCourse } from "./real-course.js";

/** How often what processes say is read. */
const HEARING_INTERVAL_MS = 5;

/** How far the clocks of machines are ahead of the true time, one after the other. */
const CLOCK_OFFSETS_MS: readonly number[] = [0, 350, -250, 120];

type EventListener = (run: NodePort, event: EventBody) => void;

/** Hears of every frame that says what its sender holds. */
type SentListener = (from: NodePort, to: NodePort, frame: Uint8Array) => void;

/** What a cluster is made of. */
export interface ProcessClusterOptions {
  readonly machines: readonly Machine[];
  readonly limits: Partial<Limits>;
  readonly seed: number;
}

/** The processes of one run. */
export class ProcessCluster implements ClusterPort, NodeListener {
  readonly course: RealCourse;
  readonly limits: Limits;
  /** Set before the first start. */
  onSent: SentListener = () => undefined;
  readonly #options: ProcessClusterOptions;
  readonly #processes = new MachineNodes();
  /** Every run there was; by machine the one that runs there now, or ran last. */
  readonly #all: ProbedNode[] = [];
  readonly #byMachine = new Map<string, ProbedNode>();
  readonly #standing = new Set<ProbedNode>();
  readonly #listeners: EventListener[] = [];
  readonly #hearing: NodeJS.Timeout;
  #startCount = 0;

  constructor(options: ProcessClusterOptions) {
    this.#options = options;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.course = new RealCourse(options.seed, { stepEnded: () => this.#releaseAll() });
    this.#hearing = setInterval(() => this.#hearAll(), HEARING_INTERVAL_MS);
  }

  get names(): string[] {
    return [...this.#byMachine.keys()];
  }

  runs(): ProbedNode[] {
    return [...this.#byMachine.values()].filter(({ isAlive }) => isAlive);
  }

  runOn(name: string): ProbedNode | undefined {
    const run = this.#byMachine.get(name);
    return run?.isAlive === true ? run : undefined;
  }

  isNameShared(): boolean {
    return false;
  }

  onEvent(listener: EventListener): void {
    this.#listeners.push(listener);
  }

  /** Nothing is stored here. */
  onRestore(): void {}

  /** Starts a process on a machine; resolves when it stands for its first step. */
  async start(index: number): Promise<void> {
    const { machines, limits } = this.#options;
    const machine = machines[index];
    if (!machine) throw new Error(`there is no machine ${index}`);
    const name = machine.address;
    const seeds = machines
      .filter((other) => other !== machine)
      .map(({ address }) => `ws://${address}:${MESH_PORT}`);
    const files = new NodeFiles(`${this.#processes.directory}/${(this.#startCount += 1)}`);
    const listen = { host: name, port: MESH_PORT };
    const mesh = { listen, seeds, limits, secret: SECRET };
    const clockOffsetMs = CLOCK_OFFSETS_MS[index % CLOCK_OFFSETS_MS.length];
    const options = { ...files.paths, mesh, clockOffsetMs };
    const child = await this.#processes.run(machine, "watched-node.js", options);
    this.course.step(() => {
      const node = new ProbedNode({ machine: name, limits: this.limits, child, files }, this);
      this.#all.push(node);
      this.#byMachine.set(name, node);
      void once(child, "exit").then(() => this.#ended(node, child));
    });
  }

  /** SIGKILL: all that it held is gone. Resolves to what it was. */
  async kill(index: number): Promise<NodePort> {
    const node = this.#nodeAt(index);
    await node.kill(killed);
    return node;
  }

  /** SIGSTOP, SIGCONT. */
  pause(index: number, isPaused: boolean): void {
    this.#nodeAt(index).pause(isPaused);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    clearInterval(this.#hearing);
    this.course.close();
    for (const node of this.#all) node.close();
    await this.#processes.close();
  }

  held(node: ProbedNode): void {
    this.#standing.add(node);
  }

  happened(node: ProbedNode, event: EventBody): void {
    for (const listener of this.#listeners) listener(node, event);
  }

  sent(from: ProbedNode, { to, frame }: SentLine): void {
    const receiver = this.#all.find(({ config }) => config.writer === to);
    if (receiver) this.onSent(from, receiver, frame);
  }

  fail(checker: string, detail: string): never {
    return this.course.fail(checker, detail);
  }

  /**
   * Hears all, gives out what was answered, each in a step of its own. Who confirmed what an answer
   * counts had said so before: therefore all are heard once more in between.
   */
  #hearAll(): void {
    for (const node of this.#all) this.course.step(() => node.hear());
    const answers = this.#all.flatMap((node) => node.answered());
    for (const node of this.#all) this.course.step(() => node.hear());
    for (const answer of answers) this.course.step(answer);
  }

  #releaseAll(): void {
    for (const node of this.#standing) node.release();
    this.#standing.clear();
  }

  #ended(node: ProbedNode, { exitCode }: ChildProcess): void {
    if (!node.isAlive) return;
    node.ended();
    this.course.step(() => {
      this.fail("no exception escapes", `${node.machine} ended by itself with ${exitCode}`);
    });
  }

  #nodeAt(index: number): ProbedNode {
    const node = this.runOn(this.#options.machines[index]?.address ?? "");
    if (!node) throw new Error(`nothing runs on machine ${index}`);
    return node;
  }
}
