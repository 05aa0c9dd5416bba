/**
 * The swarm: a whole cluster that a seed drew suffers faults, heals, and must have kept every promise.
 *
 * Two phases: faults and users together, every read checked; then heal and quiet, after which all
 * nodes must be equal within {@link CONVERGENCE_MS_MAX} and owe nobody anything.
 *
 * Not here: what a seed draws (swarm-draw.ts), and the parts themselves.
 */
import type { Millis } from "@session-mesh/core";
import { Cluster } from "./world/cluster.js";
import { type Comparison, difference } from "./checks/convergence.js";
import type { DiskCounts } from "./world/disk.js";
import { EventCounts } from "./trace/event-counts.js";
import type { Recorder } from "./trace/happening.js";
import { Nemesis } from "./faults/nemesis.js";
import { Network } from "./world/network.js";
import type { NodeRun } from "./world/node-run.js";
import { Oversight } from "./checks/oversight.js";
import { type Override, overridden } from "./override.js";
import type { Report } from "./trace/report.js";
import { finishRollout, isHalfDeployed } from "./faults/rollout-end.js";
import { SimulationFailure, Simulator } from "./world/simulator.js";
import { drawOptions, type SwarmOptions } from "./swarm-draw.js";
import type { TraceLog } from "./trace/trace.js";
import { UnknownThings } from "./checks/unknown-things.js";

/** How long after the heal all nodes must be equal, in virtual time. */
export const CONVERGENCE_MS_MAX: Millis = 60_000;

/** For how many audits a converged cluster is watched for documents that should not travel any more. */
const QUIET_AUDITS = 2;
const QUIET_MS_MAX: Millis = 20_000;

/** The longest drain, with the time that a machine is down: after it every deploy is over. */
const DEPLOY_MS_MAX: Millis = 30_000;

/** No run takes longer: what lives for longer ends in none. */
const RUN_MS_MAX: Millis = 600_000;

const CHECK_INTERVAL_MS: Millis = 250;

/** How to run a seed. */
export interface RunOptions {
  readonly log?: TraceLog | undefined;
  /** Hears of everything that happens. */
  readonly record?: Recorder | undefined;
  /** Replaces parts of the draw. */
  readonly override?: Override<SwarmOptions> | undefined;
}

/** Runs one seed to its end or its first broken promise. */
export function runSeed(seed: number, options: RunOptions = {}): Report {
  const drawn = overridden(drawOptions(seed), options.override);
  const simulator = new Simulator(seed, options.log);
  simulator.recorder = options.record;
  const run = new SwarmRun(simulator, drawn);
  try {
    run.suffer();
    run.converge();
    run.rest();
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error;
    const { checker, detail } = error.failure;
    simulator.tell({ type: "violation", checker, detail });
    return run.report(error.failure);
  }
  return run.report(undefined);
}

class SwarmRun {
  readonly network: Network;
  readonly #simulator: Simulator;
  readonly #options: SwarmOptions;
  readonly #cluster: Cluster;
  readonly #oversight: Oversight;
  readonly #unknown: UnknownThings;
  readonly #nemesis: Nemesis;
  readonly #events = new EventCounts();
  #convergenceMs: Millis | undefined;
  /** Who is being filled in bulk, which may take longer than until all are equal. */
  readonly #joining = new Set<NodeRun>();
  #isQuiet = false;

  constructor(simulator: Simulator, options: SwarmOptions) {
    this.#simulator = simulator;
    this.#options = options;
    this.network = new Network(simulator, options.network);
    this.#cluster = new Cluster(simulator, this.network, options);
    const parts = { cluster: this.#cluster, network: this.network };
    this.#oversight = new Oversight(simulator, parts, options.workload);
    const { ledger, commits } = this.#oversight;
    this.#unknown = new UnknownThings(simulator, { ...parts, ledger, commits });
    this.#nemesis = new Nemesis(simulator, { ...parts, ledger }, options.nemesis);
    this.#watch();
  }

  /** Faults and users together. */
  suffer(): void {
    this.#simulator.tell({ type: "phase", phase: "faults" });
    const random = this.#simulator.fork();
    const { nodes, faultsMs, clockErrorMsMax, driftMax } = this.#options;
    for (let i = 1; i <= nodes; i++) {
      const offsetMs = random.range(-clockErrorMsMax, clockErrorMsMax + 1);
      const rate = 1 + (driftMax * random.range(-100, 101)) / 100;
      this.#cluster.add(`n${i}`, { offsetMs, rate });
    }
    for (const name of this.#cluster.names) this.#cluster.start(name);
    this.#oversight.workload.start();
    this.#unknown.start();
    this.#nemesis.start();
    this.#checkBounds();
    this.#simulator.runFor(faultsMs);
  }

  /** Heals, and waits until all are equal. */
  converge(): void {
    this.#simulator.tell({ type: "phase", phase: "heal" });
    this.#oversight.workload.stop();
    this.#unknown.stop();
    this.#nemesis.heal();
    // A deploy makes a difference of its own.
    if (!isHalfDeployed(this.#cluster)) this.#oversight.healed();
    this.#waitForDeploys();
    finishRollout(this.#simulator, this.#cluster);
    const { sendBufferBytesMax: _tiny, ...network } = this.#options.network;
    this.network.options = { ...network, dialFailureRate: 0 };
    const arePrintsCompared = this.#shortLifeMs === 0;
    this.#convergenceMs = this.#untilEqual(CONVERGENCE_MS_MAX, { arePrintsCompared });
    this.#simulator.note("-", "has converged");
    this.#oversight.converged();
    this.#unknown.check();
  }

  /** Waits until all are equal, and says how long that took. */
  #untilEqual(boundMs: Millis, comparison: Comparison): Millis {
    const startedAtMs = this.#simulator.nowMs;
    for (;;) {
      const differs = this.#difference(comparison);
      const tookMs = this.#simulator.nowMs - startedAtMs;
      if (differs === undefined) return tookMs;
      if (tookMs > boundMs) this.#simulator.fail("P8", differs);
      this.#simulator.runFor(CHECK_INTERVAL_MS);
    }
  }

  /** A converged cluster exchanges no documents. */
  rest(): void {
    this.#finishJoins();
    // What is owed by one node to another may cross with the last audit round.
    this.#simulator.runFor(1_000);
    // Where sessions end while they are watched, each node drops them in its own time, and who asks
    // thoroughly is sent once more what he had dropped.
    this.#isQuiet = this.#shortLifeMs === 0;
    this.#simulator.tell({ type: "phase", phase: "quiet" });
    if (this.#isQuiet) this.#oversight.quiet();
    this.#simulator.runFor(this.#quietMs());
    // Each node drops what has expired in its own time, once it has audited all others.
    this.#untilEqual(CONVERGENCE_MS_MAX * 2 + this.#shortLifeMs, {});
    this.#oversight.atRest();
  }

  /** A node that holds everything by other ways is still sent what it asked for in bulk. */
  #finishJoins(): void {
    const untilMs = this.#simulator.nowMs + CONVERGENCE_MS_MAX;
    const joining = (): NodeRun | undefined => [...this.#joining].find((run) => run.isAlive);
    for (let run = joining(); run; run = joining()) {
      if (this.#simulator.nowMs > untilMs) {
        this.#simulator.fail("quiet", `${run.machine} is still being filled`);
      }
      this.#simulator.runFor(CHECK_INTERVAL_MS);
    }
  }

  /** Some audits, and where sessions are over soon until they are dropped, unless that takes long. */
  #quietMs(): Millis {
    const { auditIntervalMs, clockMarginMs, collectIntervalMs } = this.#cluster.limits;
    const { idleMs, absoluteMs } = this.#options.workload;
    const lives = [idleMs, absoluteMs].map((lifeMs) => lifeMs + clockMarginMs * 2);
    const dropped = lives.map((lifeMs) => lifeMs + collectIntervalMs);
    const watched = dropped.filter((droppedMs) => droppedMs <= QUIET_MS_MAX);
    return Math.max(auditIntervalMs * QUIET_AUDITS, ...watched);
  }

  report(failure: Report["failure"]): Report {
    const { seed, nowMs, trace } = this.#simulator;
    return {
      seed,
      failure,
      virtualMs: nowMs,
      convergenceMs: this.#convergenceMs,
      hash: trace.hash,
      happenings: trace.count,
      nodes: this.#options.nodes,
      faults: {
        ...Object.fromEntries(this.#nemesis.counts),
        ...this.#diskCounts(),
        "unknown-write": this.#unknown.writeCount,
      },
      network: { ...this.network.counts },
      workload: { ...this.#oversight.counts },
      ledger: {
        acknowledged: this.#oversight.ledger.ackedCount,
        degraded: this.#oversight.ledger.degradedCount,
        reads: this.#oversight.readCount,
      },
      checks: this.#oversight.checks,
      events: this.#events.toRecord(),
    };
  }

  /** What disks did, counted as the faults that it is. */
  #diskCounts(): Record<string, number> {
    const disks = this.#cluster.names.flatMap((name) => this.#cluster.diskOf(name) ?? []);
    const sum = (what: keyof DiskCounts): number =>
      disks.reduce((total, { counts }) => total + counts[what], 0);
    if (disks.length === 0) return {};
    return { "lost-batch": sum("lost"), "failed-batch": sum("failures") };
  }

  /** How long sessions live that end while a run lasts; 0 where none does. */
  get #shortLifeMs(): Millis {
    const { idleMs, absoluteMs } = this.#options.workload;
    const lives = [idleMs, absoluteMs].filter((lifeMs) => lifeMs < RUN_MS_MAX);
    return Math.max(0, ...lives) * 2;
  }

  #difference(comparison: Comparison): string | undefined {
    const sessions = [...this.#oversight.ledger.records()].map(({ session }) => session);
    return difference(this.#cluster.runs(), sessions, comparison);
  }

  #watch(): void {
    this.#cluster.onEvent((run, event) => {
      this.#events.add(event);
      if (event.type === "join-started") this.#joining.add(run);
      else if (event.type === "join-finished") this.#joining.delete(run);
      if (this.#isQuiet && event.type === "session-integrated") {
        this.#simulator.fail("quiet", `${run.machine} took in ${event.session} by ${event.path}`);
      }
    });
    this.#cluster.onRestore((run) => this.#oversight.ledger.restored(run));
    this.#cluster.onEnd((run, drained) => {
      if (drained?.confirmed) this.#oversight.ledger.handedOver(run, this.#staying(run));
    });
  }

  /** Whom `run` was drained to: linked, alive and not draining, as it saw them itself. */
  #staying(run: NodeRun): NodeRun[] {
    const { members } = run.replica.status();
    const staying = members.filter(
      ({ state, isDraining, isLinked }) => state === "alive" && isLinked && !isDraining,
    );
    const linked = this.network.endsOf(run).map((end) => end.peer.owner as NodeRun);
    return linked.filter((peer) => peer.isAlive && staying.some(({ node }) => node === peer.node));
  }

  #waitForDeploys(): void {
    const untilMs = this.#simulator.nowMs + DEPLOY_MS_MAX;
    const isBusy = (): boolean =>
      this.#cluster.names.some((name) => this.#cluster.runOn(name)?.isDraining !== false);
    while (isBusy() && this.#simulator.nowMs < untilMs) this.#simulator.runFor(CHECK_INTERVAL_MS);
  }

  #checkBounds(): void {
    this.#oversight.moment();
    this.#simulator.after(1_000, () => this.#checkBounds());
  }
}
