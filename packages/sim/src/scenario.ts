/**
 * Readable scripts of a particular bad day: what a node is told, what is cut, and what must be true
 * at the end.
 *
 *   scenario({ nodes: 3, seed: 1 })
 *     .write("n1", "s1", { user: "ada" }).settle()
 *     .partition(["n1"], ["n2", "n3"]).destroy("n1", "s1").run("30s")
 *     .heal().settle({ within: "10s" })
 *     .expectEverywhere("s1", "destroyed");
 *
 * Not here: faults by chance (swarm.ts).
 */
import {
  type AckOutcome,
  assert,
  type CommitResult,
  declareCounter,
  diff,
  type DrainOutcome,
  type EventBody,
  type JsonObject,
  type Millis,
  type PullOutcome,
  type ReadResult,
  type ReplicaStatus,
  type Ticket,
} from "@session-mesh/core";
import { Cluster } from "./world/cluster.js";
import { canonical, difference } from "./checks/convergence.js";
import type { Death } from "./world/endpoint.js";
import { Network } from "./world/network.js";
import type { NodeRun } from "./world/node-run.js";
import {
  type Change,
  clusterOptionsOf,
  type Draft,
  type Duration,
  type Expected,
  millis,
  NETWORK,
  pathsBetween,
  type ScenarioOptions,
  type Settling,
} from "./scenario-terms.js";
import { sessionIdOf } from "./users/session-id.js";
import { Simulator } from "./world/simulator.js";

const BYTES_MAX = 1 << 20;

/** Starts a cluster and lets it join. */
export function scenario(options: ScenarioOptions): Scenario {
  return new Scenario(options);
}

/** A script; each step says what happens and returns the script. */
export class Scenario {
  /** What the replicas told, newest last. */
  readonly events: { readonly node: string; readonly event: EventBody }[] = [];
  /** What became of the last write. */
  last: CommitResult = { status: "unchanged" };
  readonly network: Network;
  readonly cluster: Cluster;
  readonly #simulator: Simulator;
  readonly #sessions = new Set<string>();

  constructor(options: ScenarioOptions) {
    const { nodes, seed = 1, network, clocks = {} } = options;
    this.#simulator = new Simulator(seed, options.log);
    this.#simulator.recorder = options.record;
    this.network = new Network(this.#simulator, { ...NETWORK, ...network });
    this.cluster = new Cluster(this.#simulator, this.network, clusterOptionsOf(options));
    this.cluster.onEvent((run, event) => this.events.push({ node: run.machine, event }));
    for (let i = 1; i <= nodes; i++) {
      this.cluster.add(`n${i}`, { offsetMs: clocks[`n${i}`] ?? 0 });
    }
    for (const name of this.cluster.names) this.cluster.start(name);
    this.run("3s");
  }

  get nowMs(): Millis {
    return this.#simulator.nowMs;
  }

  run(duration: Duration): this {
    this.#simulator.runFor(millis(duration));
    return this;
  }

  /** Assigns attributes of a session, which is created when it is not there. */
  write(node: string, session: string, patch: JsonObject, idle?: Duration): this {
    return this.change(node, session, (value) => Object.assign(value, patch), idle);
  }

  /** Changes a session's plain data in place, as an application does. */
  change(node: string, session: string, change: Change, idle?: Duration): this {
    return this.commit(this.draft(node, session), change, idle);
  }

  /** Adds to a counter. */
  increment(node: string, session: string, name: string, by = 1): this {
    const draft = this.draft(node, session);
    return this.commit(draft, (value) => {
      declareCounter(draft.snapshot, [name]);
      const counters = value as Record<string, number>;
      counters[name] = (counters[name] ?? 0) + by;
    });
  }

  /** What a request reads now and may commit later. */
  draft(node: string, session: string): Draft {
    this.#sessions.add(session);
    const run = this.#run(node);
    const read = run.input((replica) => replica.read(sessionIdOf(session)));
    const snapshot = read.status === "found" ? read : run.input((replica) => replica.blank());
    return { node, session, snapshot };
  }

  /** Commits what a request made of its draft. */
  commit(draft: Draft, change: Change, idle?: Duration): this {
    const { snapshot } = draft;
    change(snapshot.value as Record<string, never>);
    const operations = diff(snapshot.base, snapshot.value, { bytesMax: BYTES_MAX });
    const commit = { operations, birth: idle === undefined ? {} : { idleMs: millis(idle) } };
    this.last = this.#run(draft.node).input((replica) =>
      replica.commit(sessionIdOf(draft.session), commit),
    );
    return this;
  }

  /** Gives a session another idle time. */
  idle(node: string, session: string, idle: Duration): this {
    const change = { operations: [], idleMs: millis(idle) };
    this.last = this.#run(node).input((replica) => replica.commit(sessionIdOf(session), change));
    return this;
  }

  /** Moves what a session holds to a new id, as a login does. */
  regenerate(node: string, from: string, to: string): this {
    const read = this.read(node, from);
    if (read.status !== "found") return this;
    return this.write(node, to, read.value).destroy(node, from, { regenerated: true });
  }

  touch(node: string, session: string): this {
    this.last = this.#run(node).input((replica) => replica.touch(sessionIdOf(session)));
    return this;
  }

  destroy(node: string, session: string, options: { regenerated?: boolean } = {}): this {
    this.#sessions.add(session);
    this.last = this.#run(node).input((replica) => replica.destroy(sessionIdOf(session), options));
    return this;
  }

  /** Waits for the acknowledgements of the last write, which was made on `node`. */
  acks(node: string, acks: number | "all", deadlineMs?: Millis): AckOutcome {
    const { last } = this;
    assert(last.status === "committed", `nothing was committed: ${last.status}`);
    const { seq } = last;
    const outcome = this.#await(node, (run, ticket) =>
      run.input((replica) => replica.awaitAcks(ticket, { seq, acks, deadlineMs })),
    );
    return outcome as AckOutcome;
  }

  /** Asks the peers for a session. */
  pull(node: string, session: string): PullOutcome["status"] {
    const id = sessionIdOf(session);
    const ask = (run: NodeRun, ticket: Ticket): void => run.input((it) => it.pull(ticket, id));
    return (this.#await(node, ask) as PullOutcome).status;
  }

  read(node: string, session: string): ReadResult {
    return this.#run(node).input((replica) => replica.read(sessionIdOf(session)));
  }

  status(node: string): ReplicaStatus {
    return this.#run(node).replica.status();
  }

  /** Cuts every path between nodes of different groups. */
  partition(...groups: readonly (readonly string[])[]): this {
    for (const [from, to] of pathsBetween(groups)) this.network.cut(from, to);
    return this;
  }

  /** Cuts one path in one direction. */
  cut(from: string, to: string): this {
    this.network.cut(from, to);
    return this;
  }

  /** Breaks the links between two nodes: what is in flight is lost. */
  reset(a: string, b: string): this {
    this.network.reset(a, b);
    return this;
  }

  heal(): this {
    this.network.mend();
    return this;
  }

  /** kill -9; `silent` takes the machine's power. */
  crash(node: string, options: Death = {}): this {
    this.cluster.crash(node, options);
    return this;
  }

  /** A new process, empty, at the same address. */
  restart(node: string): this {
    this.cluster.start(node);
    return this;
  }

  /** Drain, end, and a new process; returns when the new one runs, with how the drain ended. */
  deploy(node: string): DrainOutcome {
    let drained: DrainOutcome | undefined;
    let isDone = false;
    const run = this.#run(node);
    this.cluster.onEnd((ended, outcome) => {
      if (ended === run) drained = outcome;
    });
    this.cluster.deploy(node, { downMs: 500, done: () => (isDone = true) });
    while (!isDone) this.run("100ms");
    this.run("3s");
    assert(drained !== undefined, `${node} ended without a drain`);
    return drained;
  }

  pause(node: string): this {
    this.cluster.pause(node);
    return this;
  }

  resume(node: string): this {
    this.cluster.resume(node);
    return this;
  }

  /** Sets the wall clock of a machine this far ahead of the true time. */
  clock(node: string, ahead: Duration): this {
    this.cluster.clockOf(node).offsetMs = millis(ahead);
    return this;
  }

  /** Runs until all nodes are equal; fails where they are not in time. */
  settle({ within = "10s", among = this.cluster.names }: Settling = {}): this {
    const untilMs = this.nowMs + millis(within);
    for (;;) {
      const runs = among.map((name) => this.#run(name));
      const differs = difference(runs, [...this.#sessions].map(sessionIdOf));
      if (differs === undefined) return this;
      if (this.nowMs > untilMs) this.#simulator.fail(`equal within ${within}`, differs);
      this.run("100ms");
    }
  }

  /** The session is so on every node. */
  expectEverywhere(session: string, expected: Expected): this {
    for (const node of this.cluster.names) this.expect(node, session, expected);
    return this;
  }

  /** The session is so on this node. */
  expect(node: string, session: string, expected: Expected): this {
    const result = this.read(node, session);
    const seen = result.status === "found" ? canonical(result.value) : result.status;
    const wanted = typeof expected === "string" ? expected : canonical(expected);
    if (seen !== wanted) {
      this.#simulator.fail("expectation", `${session} on ${node} is ${seen}, not ${wanted}`);
    }
    return this;
  }

  /** It is so; `says` is what is, in words. */
  that(says: string, isSo: boolean): this {
    if (!isSo) this.#simulator.fail("expectation", `it is not so that ${says}`);
    return this;
  }

  #run(node: string): NodeRun {
    const run = this.cluster.runOn(node);
    assert(run !== undefined, `${node} is down`);
    return run;
  }

  #await(node: string, ask: (run: NodeRun, ticket: Ticket) => void): unknown {
    let outcome: unknown;
    const run = this.#run(node);
    ask(
      run,
      run.ticket((settled) => (outcome = settled), Number.POSITIVE_INFINITY),
    );
    const untilMs = this.nowMs + 60_000;
    while (outcome === undefined && this.nowMs < untilMs) this.run("1ms");
    assert(outcome !== undefined, `${node} did not settle within a minute`);
    return outcome;
  }
}
