/**
 * A run of the simulator's users on real processes, judged by the simulator's checkers: users and
 * faults together, then heal and quiet, after which all nodes must be equal and owe nobody anything.
 *
 * Not here: what breaks (simulated-users.test.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Limits } from "@session-mesh/core";
import {
  type Comparison,
  difference,
  type NodePort,
  Oversight,
  type WorkloadOptions,
} from "@session-mesh/sim";
import { until } from "./app-nodes.js";
import { NamespaceNetwork } from "./namespaces.js";
import { ProcessCluster } from "./process-cluster.js";

/** What a busy machine may take until all nodes are equal; an idle one takes about two seconds. */
const EQUAL_WITHIN_MS = 40_000;
const COMPARING_INTERVAL_MS = 250;
const AUDIT_MS = 1_000;
const QUIET_AUDITS = 2;
const BOUNDS_INTERVAL_MS = 1_000;
/** Requests that have begun end within it: the longest deadline of a wait, and some. */
const LAST_REQUESTS_MS = 1_500;

/** What a run is like. */
export interface JudgedRunOptions {
  readonly machines: number;
  readonly limits: Partial<Limits>;
  readonly workload: WorkloadOptions;
  readonly seed: number;
}

/** A run. */
export class JudgedRun {
  readonly network: NamespaceNetwork;
  readonly cluster: ProcessCluster;
  readonly oversight: Oversight;
  readonly #options: JudgedRunOptions;
  #isQuiet = false;

  private constructor(network: NamespaceNetwork, options: JudgedRunOptions) {
    this.network = network;
    this.#options = options;
    const { machines } = network;
    this.cluster = new ProcessCluster({ ...options, machines });
    const { course } = this.cluster;
    this.oversight = new Oversight(course, { cluster: this.cluster }, options.workload);
    const { ledger } = this.oversight;
    this.cluster.onSent = (from, to, frame) => ledger.sent(from, to, frame);
    this.cluster.onEvent((node, event) => {
      if (!this.#isQuiet || event.type !== "session-integrated") return;
      course.fail("quiet", `${node.machine} took in ${event.session} by ${event.path}`);
    });
  }

  /** Starts all processes; resolves when all see one another. */
  static async open(options: JudgedRunOptions): Promise<JudgedRun> {
    const run = new JudgedRun(await NamespaceNetwork.open(options.machines), options);
    try {
      const indexes = [...run.network.machines.keys()];
      await Promise.all(indexes.map((index) => run.cluster.start(index)));
      await run.#untilEqual();
    } catch (error) {
      await run.close();
      throw error;
    }
    return run;
  }

  /**
   * Lets users go about their business while something breaks, mends everything, and says which
   * promise was not kept; undefined where all were.
   */
  async brokenBy(fault: () => Promise<void>): Promise<string | undefined> {
    const { course } = this.cluster;
    course.step(() => this.oversight.workload.start());
    this.#watchBounds();
    await fault();
    course.step(() => this.oversight.workload.stop());
    await this.network.heal();
    await sleep(LAST_REQUESTS_MS);
    const { idleMs } = this.#options.workload;
    const { clockMarginMs } = this.cluster.limits;
    const isShortLived = idleMs < EQUAL_WITHIN_MS;
    // Each drops what has expired in its own time.
    await this.#untilEqual({ arePrintsCompared: !isShortLived });
    course.step(() => this.oversight.converged());
    if (isShortLived) await sleep(idleMs * 2 + clockMarginMs * 2);
    await this.#untilEqual();
    await this.#restQuietly();
    course.step(() => this.oversight.atRest());
    return this.#failed;
  }

  /** How many acknowledged writes were confirmed by a process that was killed, or made on it. */
  outlived(killed: readonly NodePort[]): number {
    const writes = [...this.oversight.ledger.records()].flatMap((record) => record.writes);
    const isOutlived = ({ holders }: (typeof writes)[number]): boolean =>
      killed.some((node) => holders.has(node)) && [...holders].some(({ isAlive }) => isAlive);
    return writes.filter(isOutlived).length;
  }

  /** Ends all processes and removes the network. */
  async close(): Promise<void> {
    await this.cluster.close();
    await this.network.close();
  }

  get #failed(): string | undefined {
    const { failure } = this.cluster.course;
    if (!failure) return undefined;
    const { checker, detail, atMs } = failure;
    return `${checker}: ${detail} (after ${(atMs / 1_000).toFixed(3)} s)`;
  }

  #watchBounds(): void {
    this.cluster.course.after(BOUNDS_INTERVAL_MS, () => {
      this.#watchBounds();
      this.oversight.moment();
    });
  }

  /** Nodes that are equal exchange no sessions any more. */
  async #restQuietly(): Promise<void> {
    // What is owed by one node to another may cross with the last audit round.
    await sleep(AUDIT_MS);
    this.#isQuiet = true;
    await sleep(QUIET_AUDITS * this.cluster.limits.auditIntervalMs);
    this.#isQuiet = false;
  }

  /** Resolves when all nodes are equal or the run is over anyway; rejects when they are never (P8). */
  async #untilEqual(comparison: Comparison = {}): Promise<void> {
    const { course } = this.cluster;
    const sessions = [...this.oversight.ledger.records()].map(({ session }) => session);
    let differing: string | undefined = "nothing was compared";
    const areEqual = async (): Promise<boolean> => {
      course.step(() => {
        differing = "they could not be compared";
        differing = difference(this.cluster.runs(), sessions, comparison);
      });
      if (differing === undefined || course.failure) return true;
      await sleep(COMPARING_INTERVAL_MS);
      return false;
    };
    await until(areEqual, EQUAL_WITHIN_MS).catch((error: unknown) => {
      throw new Error(`P8: ${differing}`, { cause: error });
    });
  }
}
