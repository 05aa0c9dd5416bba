/**
 * The swarm: a seed draws a whole cluster, its network, its users and which faults it suffers, some
 * of them not at all, since a fault that never rests hides what another would show.
 *
 * Two phases: faults and users together, every read checked; then heal and quiet, after which all
 * nodes must be equal within {@link CONVERGENCE_MS_MAX} and owe nobody anything.
 *
 * Not here: the parts themselves.
 */
import { createPrng, type Limits, type Millis, type Prng } from "@session-mesh/core";
import { Checkers } from "./checkers.js";
import { Cluster } from "./cluster.js";
import { type Comparison, difference } from "./convergence.js";
import { EventCounts } from "./event-counts.js";
import type { Recorder } from "./happening.js";
import { Ledger } from "./ledger.js";
import { Nemesis, FAULTS, type Fault, type NemesisOptions } from "./nemesis.js";
import { Network, type NetworkOptions } from "./network.js";
import type { NodeRun } from "./node-run.js";
import { type Override, overridden } from "./override.js";
import type { Report } from "./report.js";
import { SimulationFailure, Simulator } from "./simulator.js";
import type { TraceLog } from "./trace.js";
import { Workload, type WorkloadOptions } from "./workload.js";

/** How long after the heal all nodes must be equal, in virtual time. */
export const CONVERGENCE_MS_MAX: Millis = 60_000;

/** How long a converged cluster is watched for documents that should not travel any more. */
const QUIET_MS: Millis = 20_000;

/** The longest drain, with the time that a machine is down: after it every deploy is over. */
const DEPLOY_MS_MAX: Millis = 30_000;

const CHECK_INTERVAL_MS: Millis = 250;

/** Sessions with a shorter idle time than this expire before a run is over. */
const SHORT_IDLE_MS: Millis = 60_000;

/** A swarm's draw. */
export interface SwarmOptions {
  readonly nodes: number;
  readonly faultsMs: Millis;
  readonly network: NetworkOptions;
  readonly nemesis: NemesisOptions;
  readonly workload: WorkloadOptions;
  readonly limits: Partial<Limits>;
  readonly keepsNodeIds: boolean;
  readonly seedsMax: number;
  /** How far clocks are off at most, and how fast they drift. */
  readonly clockErrorMsMax: Millis;
  readonly driftMax: number;
}

/** How to run a seed. */
export interface RunOptions {
  readonly log?: TraceLog | undefined;
  /** Hears of everything that happens. */
  readonly record?: Recorder | undefined;
  /** Replaces parts of the draw. */
  readonly override?: Override<SwarmOptions> | undefined;
}

/** What a seed draws. */
export function drawOptions(seed: number): SwarmOptions {
  const random = createPrng(seed);
  const nodes = random.range(2, 6);
  const latencyMs = random.pick([0.2, 1, 5, 30]);
  const clockErrorMsMax = random.pick([0, 50, 5_000, 20_000]);
  const idleMs = random.chance(0.25) ? random.range(5_000, 40_000) : 86_400_000;
  return {
    nodes,
    faultsMs: random.range(15_000, 45_000),
    network: {
      latencyMs,
      jitterMs: random.pick([0, latencyMs, latencyMs * 5]),
      dialFailureRate: random.pick([0, 0.05, 0.3]),
      bytesPerMs: random.pick([1_000, 100_000]),
    },
    nemesis: {
      weights: drawWeights(random),
      pauseMs: random.range(500, 5_000),
      spellMsMax: random.pick([2_000, 10_000, 30_000]),
      jumpMsMax: clockErrorMsMax,
    },
    workload: {
      users: random.range(2, 9),
      tabs: random.range(1, 3),
      pauseMs: random.range(100, 800),
      thinkMs: random.pick([0, 10, 200]),
      acks: random.pick([0, 1, 1, 1, 2, "all" as const]),
      logoutRate: random.pick([0, 0.02, 0.1]),
      regenerateRate: random.pick([0, 0.02, 0.1]),
      touchRate: random.pick([0, 0.1]),
      idleMs,
    },
    limits: drawLimits(random, clockErrorMsMax),
    keepsNodeIds: random.chance(0.5),
    seedsMax: random.range(1, nodes + 1),
    clockErrorMsMax,
    driftMax: random.pick([0, 0.0001, 0.01]),
  };
}

function drawWeights(random: Prng): Partial<Record<Fault, number>> {
  const on = FAULTS.filter(() => random.chance(0.5));
  return Object.fromEntries(on.map((fault) => [fault, random.range(1, 5)]));
}

/** Tiny bounds now and then, so that their brim is reached. */
function drawLimits(random: Prng, clockErrorMsMax: Millis): Partial<Limits> {
  return {
    ...(random.chance(0.3) && { changeLogEntriesMax: random.range(4, 40) }),
    ...(random.chance(0.3) && { changeLogBytesMax: random.range(500, 4_000) }),
    ...(random.chance(0.3) && { pushWindowBytesMax: random.range(200, 2_000) }),
    ...(random.chance(0.3) && { pushBatchBytesMax: random.range(200, 2_000) }),
    ...(random.chance(0.3) && { syncChunkBytesMax: random.range(200, 2_000) }),
    ...(random.chance(0.3) && { hotSessionsMax: random.range(1, 4) }),
    ...(random.chance(0.3) && { coldDeltasMax: random.range(0, 4) }),
    ...(random.chance(0.3) && { auditIntervalMs: random.range(1_000, 5_000) }),
    ...(random.chance(0.5) && { clockMarginMs: clockErrorMsMax * 2 + 2_000 }),
    ...(random.chance(0.2) && { goneAfterMs: random.range(10_000, 60_000) }),
  };
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
  readonly #ledger = new Ledger();
  readonly #checkers: Checkers;
  readonly #workload: Workload;
  readonly #nemesis: Nemesis;
  readonly #events = new EventCounts();
  #convergenceMs: Millis | undefined;
  #isConverged = false;

  constructor(simulator: Simulator, options: SwarmOptions) {
    this.#simulator = simulator;
    this.#options = options;
    this.network = new Network(simulator, options.network);
    const { limits, keepsNodeIds, seedsMax, clockErrorMsMax } = options;
    this.#cluster = new Cluster(simulator, this.network, { limits, keepsNodeIds, seedsMax });
    const driftMs = options.driftMax * (options.faultsMs + CONVERGENCE_MS_MAX + DEPLOY_MS_MAX) * 2;
    const quantumMs = options.workload.idleMs / 20;
    const expirySlackMs = clockErrorMsMax * 2 + driftMs + quantumMs + 1_000;
    const parts = { cluster: this.#cluster, ledger: this.#ledger, expirySlackMs };
    this.#checkers = new Checkers(simulator, parts);
    this.#workload = new Workload(
      simulator,
      { ...parts, checkers: this.#checkers },
      options.workload,
    );
    this.#nemesis = new Nemesis(simulator, { ...parts, network: this.network }, options.nemesis);
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
    this.#workload.start();
    this.#nemesis.start();
    this.#checkBounds();
    this.#simulator.runFor(faultsMs);
  }

  /** Heals, and waits until all are equal. */
  converge(): void {
    this.#simulator.tell({ type: "phase", phase: "heal" });
    this.#workload.stop();
    this.#nemesis.heal();
    this.#waitForDeploys();
    this.network.options = { ...this.#options.network, dialFailureRate: 0 };
    const arePrintsCompared = this.#options.workload.idleMs > SHORT_IDLE_MS;
    this.#convergenceMs = this.#untilEqual(CONVERGENCE_MS_MAX, { arePrintsCompared });
    this.#simulator.note("-", "has converged");
    this.#checkers.everything();
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
    // What is owed by one node to another may cross with the last audit round.
    this.#simulator.runFor(1_000);
    this.#isConverged = true;
    this.#simulator.tell({ type: "phase", phase: "quiet" });
    this.#simulator.runFor(QUIET_MS);
    // Each node drops what has expired in its own time, once it has audited all others.
    const { idleMs } = this.#options.workload;
    this.#untilEqual(CONVERGENCE_MS_MAX * 2 + (idleMs > SHORT_IDLE_MS ? 0 : idleMs), {});
    this.#checkers.everything();
    this.#checkers.queues();
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
      faults: Object.fromEntries(this.#nemesis.counts),
      network: { ...this.network.counts },
      workload: { ...this.#workload.counts },
      ledger: {
        acknowledged: this.#ledger.ackedCount,
        degraded: this.#ledger.degradedCount,
        reads: this.#checkers.readCount,
      },
      events: this.#events.toRecord(),
    };
  }

  #difference(comparison: Comparison): string | undefined {
    const sessions = [...this.#ledger.records()].map(({ session }) => session);
    return difference(this.#cluster.runs(), sessions, comparison);
  }

  #watch(): void {
    this.#ledger.watch(this.network);
    this.#cluster.onEvent((run, event) => {
      this.#events.add(event);
      if (this.#isConverged && event.type === "session-integrated") {
        this.#simulator.fail("quiet", `${run.machine} took in ${event.session} by ${event.path}`);
      }
    });
    this.#cluster.onEnd((run, drained) => {
      if (drained?.confirmed) this.#ledger.handedOver(run, this.#staying(run));
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
    this.#checkers.bounds();
    this.#simulator.after(1_000, () => this.#checkBounds());
  }
}
