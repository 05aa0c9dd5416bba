/**
 * Users: each carries one session from node to node, with up to two requests at once, and remembers
 * in the ledger what was acknowledged to it.
 *
 * A request reads, thinks, and commits on one node; so requests of one user overlap, on one node and
 * on several.
 *
 * Not here: cookies and HTTP, which the simulation does without.
 */
import {
  declareCounter,
  diff,
  type JsonValue,
  type Millis,
  type Prng,
  type ReadResult,
  type SessionId,
} from "@session-mesh/core";
import type { Checkers } from "./checkers.js";
import type { Cluster } from "./cluster.js";
import type { Ledger, SessionRecord, Trace } from "./ledger.js";
import type { NodeRun } from "./node-run.js";
import { type Draft, mutate } from "./mutations.js";
import { sessionIdFrom } from "./session-id.js";
import type { Simulator } from "./simulator.js";

/** How users behave. */
export interface WorkloadOptions {
  readonly users: number;
  readonly tabs: number;
  /** The mean pause between two requests of one tab. */
  readonly pauseMs: Millis;
  readonly thinkMs: Millis;
  readonly acks: number | "all";
  /** How likely a request is a logout, or changes the id. */
  readonly logoutRate: number;
  readonly regenerateRate: number;
  readonly touchRate: number;
  readonly idleMs: Millis;
}

/** What users did, for reports and vacuity checks. */
export interface WorkloadCounts {
  requests: number;
  commits: number;
  misses: number;
  logins: number;
  logouts: number;
  regenerations: number;
  touches: number;
  gone: number;
}

interface User {
  session: SessionId | undefined;
  isLoggingIn: boolean;
}

type Found = ReadResult & { status: "found" };

const BYTES_MAX = 1 << 20;

/** The users of one run. */
export class Workload {
  readonly counts: WorkloadCounts = {
    requests: 0,
    commits: 0,
    misses: 0,
    logins: 0,
    logouts: 0,
    regenerations: 0,
    touches: 0,
    gone: 0,
  };
  readonly #simulator: Simulator;
  readonly #cluster: Cluster;
  readonly #ledger: Ledger;
  readonly #checkers: Checkers;
  readonly #options: WorkloadOptions;
  readonly #random: Prng;
  #isRunning = false;
  #writes = 0;

  constructor(
    simulator: Simulator,
    parts: { cluster: Cluster; ledger: Ledger; checkers: Checkers },
    options: WorkloadOptions,
  ) {
    this.#simulator = simulator;
    this.#cluster = parts.cluster;
    this.#ledger = parts.ledger;
    this.#checkers = parts.checkers;
    this.#options = options;
    this.#random = simulator.fork();
  }

  start(): void {
    this.#isRunning = true;
    for (let i = 0; i < this.#options.users; i++) {
      const user: User = { session: undefined, isLoggingIn: false };
      for (let tab = 0; tab < this.#options.tabs; tab++) this.#nextRequest(user);
    }
  }

  /** Lets no more requests begin; those under way end. */
  stop(): void {
    this.#isRunning = false;
  }

  #nextRequest(user: User): void {
    this.#simulator.after(this.#random.range(1, this.#options.pauseMs * 2), () => {
      if (!this.#isRunning) return;
      this.#request(user);
      this.#nextRequest(user);
    });
  }

  #request(user: User): void {
    const serving = this.#cluster.runs().filter((run) => run.isServing);
    if (serving.length === 0) return;
    const run = this.#random.pick(serving);
    const { session } = user;
    this.counts.requests += 1;
    if (session === undefined) {
      this.#login(user, run);
      return;
    }
    this.#open(run, session, (found) => {
      if (!found) {
        this.counts.misses += 1;
        // A miss that is not certain sets no cookie, so the user tries again with the old one.
        if (this.#ledger.record(session)?.isDestroyTried) this.#leave(user, session);
        return;
      }
      this.#act(user, run, { session, found });
    });
  }

  #open(run: NodeRun, session: SessionId, opened: (found: Found | undefined) => void): void {
    const read = (): ReadResult => run.input((replica) => replica.read(session));
    const first = read();
    this.#checkers.read(run, session, first);
    if (first.status === "found" || first.status === "destroyed") {
      opened(first.status === "found" ? first : undefined);
      return;
    }
    const ticket = run.ticket(() => {
      const second = read();
      this.#checkers.read(run, session, second);
      opened(second.status === "found" ? second : undefined);
    });
    run.input((replica) => replica.pull(ticket, session));
  }

  #act(user: User, run: NodeRun, { session, found }: { session: SessionId; found: Found }): void {
    const { logoutRate, regenerateRate, touchRate, thinkMs } = this.#options;
    const draw = this.#random.range(0, 1_000) / 1_000;
    this.#simulator.after(this.#random.range(0, thinkMs + 1), () => {
      if (!run.isAlive || run.isPaused) return;
      if (draw < logoutRate) this.#logout(user, run, session);
      else if (draw < logoutRate + regenerateRate) this.#regenerate(user, run, { session, found });
      else if (draw < logoutRate + regenerateRate + touchRate) this.#touch(run, session);
      else this.#change(run, session, found);
    });
  }

  #login(user: User, run: NodeRun): void {
    if (user.isLoggingIn) return;
    user.isLoggingIn = true;
    this.counts.logins += 1;
    this.#create(run, { user: `u${this.counts.logins}` }, (session) => {
      user.isLoggingIn = false;
      user.session = session;
    });
    // The node may crash before it answers; the user then tries again.
    this.#simulator.after(1_000, () => (user.isLoggingIn = false));
  }

  #create(run: NodeRun, value: JsonValue, created: (session: SessionId) => void): void {
    const session = sessionIdFrom(this.#random);
    const record = this.#ledger.open(session, this.#options.idleMs);
    const draft = run.input((replica) => replica.blank());
    Object.assign(draft.value, value);
    const operations = diff(draft.base, draft.value, { bytesMax: BYTES_MAX });
    const { idleMs } = this.#options;
    const result = run.input((replica) =>
      replica.commit(session, { operations, birth: { idleMs } }),
    );
    if (result.status !== "committed") return;
    this.#awaitAcks(run, result.seq, (isDegraded) => {
      const settlement = { origin: run, seq: result.seq, isDegraded };
      this.#acknowledge(record, [{ kind: "touch" }], settlement);
      created(session);
    });
  }

  #change(run: NodeRun, session: SessionId, found: Found): void {
    const record = this.#ledger.record(session);
    if (!record) return;
    this.#writes += 1;
    const draft = found.value as Draft;
    const traces = mutate(draft, this.#random, this.#writes);
    if (traces.some(({ kind }) => kind === "increment")) declareCounter(found, ["count"]);
    const operations = diff(found.base, draft, { bytesMax: BYTES_MAX });
    const result = run.input((replica) => replica.commit(session, { operations }));
    if (result.status !== "committed") {
      this.counts.gone += Number(result.status === "gone");
      return;
    }
    for (const trace of traces) {
      if (trace.kind === "increment") record.incrementsTried += trace.by;
    }
    this.counts.commits += 1;
    this.#awaitAcks(run, result.seq, (isDegraded) => {
      this.#acknowledge(record, traces, { origin: run, seq: result.seq, isDegraded });
    });
  }

  #touch(run: NodeRun, session: SessionId): void {
    const record = this.#ledger.record(session);
    const result = run.input((replica) => replica.touch(session));
    if (!record || result.status !== "committed") return;
    this.counts.touches += 1;
    this.#awaitAcks(run, result.seq, (isDegraded) => {
      this.#acknowledge(record, [{ kind: "touch" }], { origin: run, seq: result.seq, isDegraded });
    });
  }

  #logout(user: User, run: NodeRun, session: SessionId): void {
    this.counts.logouts += 1;
    this.#destroy(run, session, { regenerated: false });
    this.#leave(user, session);
  }

  #regenerate(
    user: User,
    run: NodeRun,
    { session, found }: { session: SessionId; found: Found },
  ): void {
    this.counts.regenerations += 1;
    const { user: name } = found.value;
    this.#create(run, { user: name ?? null }, (fresh) => {
      if (user.session === session) user.session = fresh;
    });
    this.#destroy(run, session, { regenerated: true });
  }

  #destroy(run: NodeRun, session: SessionId, options: { regenerated: boolean }): void {
    const record = this.#ledger.record(session);
    const result = run.input((replica) => replica.destroy(session, options));
    if (!record) return;
    record.isDestroyTried = true;
    if (result.status !== "committed") return;
    const { seq } = result;
    const ticket = run.ticket((outcome) => {
      if (outcome.kind !== "acks") return;
      this.#ledger.destroyed(record, { origin: run, seq, isDegraded: outcome.degraded });
    });
    run.input((replica) => replica.awaitAcks(ticket, { seq, acks: "all" }));
  }

  #leave(user: User, session: SessionId): void {
    if (user.session === session) user.session = undefined;
  }

  #awaitAcks(run: NodeRun, seq: number, settled: (isDegraded: boolean) => void): void {
    const ticket = run.ticket((outcome) => {
      if (outcome.kind === "acks") settled(outcome.degraded);
    });
    run.input((replica) => replica.awaitAcks(ticket, { seq, acks: this.#options.acks }));
  }

  #acknowledge(
    record: SessionRecord,
    traces: readonly Trace[],
    settlement: { origin: NodeRun; seq: number; isDegraded: boolean },
  ): void {
    const atMs = this.#simulator.nowMs;
    for (const trace of traces) this.#ledger.acknowledged(record, { trace, atMs }, settlement);
  }
}
