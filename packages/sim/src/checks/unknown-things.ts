/**
 * P11 in the swarm: nodes of the next version write what this version does not know into the sessions
 * of users, and what was acknowledged of it must be on every node in the end.
 *
 * Not here: rolling the next version out and back (deploy-faults.ts).
 */
import { decodeFrame, type Millis, type Prng, type SessionId } from "@session-mesh/core";
import type { Cluster } from "../world/cluster.js";
import type { Commits } from "../users/commits.js";
import { isHeld, type Ledger, type SessionRecord, type Write } from "./ledger.js";
import type { Network } from "../world/network.js";
import { CODES } from "../next/next-version.js";
import { marksIn, marksInBytes, nextCommit, nextFieldsIn } from "../next/next-writes.js";
import type { NodeRun } from "../world/node-run.js";
import type { Simulator } from "../world/simulator.js";

const INTERVAL_MS: Millis = 400;

/** Longer than a pull may take. */
const PULL_MS: Millis = 2_000;

interface Parts {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  readonly network: Network;
  readonly commits: Commits;
}

/** Writes what is unknown, and looks for it. */
export class UnknownThings {
  readonly #simulator: Simulator;
  readonly #parts: Parts;
  readonly #random: Prng;
  #isRunning = false;
  #writes = 0;

  constructor(simulator: Simulator, parts: Parts) {
    this.#simulator = simulator;
    this.#parts = parts;
    this.#random = simulator.fork();
  }

  /** How often something unknown was written. */
  get writeCount(): number {
    return this.#writes;
  }

  start(): void {
    this.#isRunning = true;
    this.#next();
  }

  stop(): void {
    this.#isRunning = false;
  }

  /** After heal and quiet: every node holds and passes on what was acknowledged. */
  check(): void {
    const { ledger, cluster } = this.#parts;
    const owed = [...ledger.records()].flatMap((record) => {
      const writes = record.writes.filter(({ trace, holders }) => {
        return trace.kind === "unknown" && isHeld(holders);
      });
      return writes.length > 0 ? [{ record, writes }] : [];
    });
    for (const { record, writes } of owed) {
      const runs = cluster.runs();
      const isThere = (run: NodeRun): boolean =>
        run.input((replica) => replica.read(record.session)).status === "found";
      if (runs.every(isThere)) this.#checkSession(runs, record.session, writes);
    }
  }

  #next(): void {
    this.#simulator.after(INTERVAL_MS, () => {
      if (!this.#isRunning) return;
      const { cluster, ledger } = this.#parts;
      const runs = cluster.runs().filter((run) => run.isServing && cluster.installed(run.machine));
      const records = [...ledger.records()].filter((record) => !record.isDestroyTried);
      if (runs.length > 0 && records.length > 0) {
        this.#write(this.#random.pick(runs), this.#random.pick(records));
      }
      this.#next();
    });
  }

  #write(run: NodeRun, record: SessionRecord): void {
    const { session } = record;
    const number = this.#writes + 1;
    const mark = `mark-${number}`;
    const fields = { max: number, min: -number, or: number > 1, last: [mark] };
    if (run.input((replica) => replica.read(session)).status !== "found") return;
    const made = this.#parts.commits.makeUnknown(run, record, nextCommit({ mark, fields }));
    if (!made) return;
    this.#writes = number;
    const { seq, markedMs } = made;
    const ticket = run.ticket((outcome) => {
      if (outcome.kind !== "acks") return;
      const trace = { kind: "unknown", mark, number } as const;
      const settlement = { origin: run, seq, isDegraded: outcome.degraded };
      this.#parts.ledger.acknowledged(record, { trace, markedMs }, settlement);
    });
    run.input((replica) => replica.awaitAcks(ticket, { seq, acks: 1 }));
  }

  #checkSession(runs: readonly NodeRun[], session: SessionId, writes: readonly Write[]): void {
    const traces = writes.flatMap(({ trace }) => (trace.kind === "unknown" ? [trace] : []));
    const highest = Math.max(...traces.map(({ number }) => number));
    for (const run of runs) {
      const described = run.input((replica) => replica.describe(session));
      const { max = 0, min = 0 } = nextFieldsIn(described?.fields);
      if (max >= highest && min <= -highest) continue;
      this.#fail(run.machine, `${session} has ${max} and ${min} in a field that holds ${highest}`);
    }
    for (const [machine, marks] of this.#marksOf(runs, session)) {
      const lacking = marksIn(traces.map(({ mark }) => mark)).filter((mark) => !marks.has(mark));
      if (lacking.length > 0) this.#fail(machine, `${session} lacks ${lacking.join(" ")}`);
    }
  }

  /** The marks in the copy that each node sends when it is asked for the session. */
  #marksOf(runs: readonly NodeRun[], session: SessionId): Map<string, Set<string>> {
    const { network } = this.#parts;
    const marks = new Map<string, Set<string>>();
    const before = network.onSend;
    network.onSend = (from, to, frame) => {
      before?.(from, to, frame);
      if (frame[1] !== CODES.pulled) return;
      const message = decodeFrame(frame);
      if (message.type !== "pulled" || message.item?.kind !== "state") return;
      if (message.item.session !== session) return;
      marks.set(from.machine, new Set(marksInBytes(message.item.update)));
    };
    for (const run of runs.slice(0, 2)) {
      const ticket = run.ticket(() => undefined);
      run.input((replica) => replica.pull(ticket, session, { thorough: true }));
    }
    this.#simulator.runFor(PULL_MS);
    network.onSend = before;
    return marks;
  }

  #fail(machine: string, detail: string): never {
    return this.#simulator.fail("P11", `on ${machine}: ${detail}`);
  }
}
