/**
 * What requests do with a session that they opened: change it, touch it, only show it, commit two drafts
 * at once, overwrite one key a thousand times.
 *
 * Not here: how users come to their sessions and leave them (workload.ts), and what a commit is made of
 * (commits.ts).
 */
import type { Prng } from "@session-mesh/core";
import type { Change, Commits, Made } from "./commits.js";
import type { History } from "../checks/history.js";
import type { SessionRecord } from "../checks/ledger.js";
import { type Activity, type Draft, mutate } from "./mutations.js";
import type { NodePort } from "./node-port.js";
import type { RequestParts, Requests, Visit } from "./requests.js";
import type { WorkloadOptions } from "./workload-draw.js";

/** What acts need. */
export interface ActParts extends RequestParts {
  readonly history: History;
  readonly requests: Requests;
  readonly commits: Commits;
}

/** Nothing is meant beside what is done. */
export const NO_INTENTS: Change["mutation"]["intents"] = {
  counters: new Map(),
  atomics: new Set(),
  moved: new Set(),
};

/** What is done with opened sessions. */
export class Acts {
  readonly #parts: ActParts;
  readonly #options: WorkloadOptions;
  readonly #random: Prng;
  readonly #bag: readonly Activity[];
  #writes = 0;

  constructor(parts: ActParts, options: WorkloadOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#random = parts.simulator.fork();
    this.#bag = (Object.entries(options.activities) as [Activity, number][]).flatMap(
      ([activity, weight]) => Array.from({ length: weight }, () => activity),
    );
  }

  /** Changes what was read, and commits it. */
  change(visit: Visit, commit?: Change["commit"]): void {
    const record = this.#parts.ledger.record(visit.session);
    if (!record) return;
    const { run, found, view } = visit;
    const mutation = this.mutate(found.value as Draft);
    const read = found.revisions;
    const fields = this.#fields();
    const change = { snapshot: found, read, view, mutation, commit: { ...commit, ...fields } };
    this.make(
      run,
      record,
      change,
      (made) => this.#parts.requests.respond(visit, made.wrote),
      visit,
    );
  }

  /** Now and then a field of each join, of values that meet in any order. */
  #fields(): Change["commit"] {
    if (!this.#random.chance(this.#options.fieldsRate)) return undefined;
    const value = (): number => this.#random.range(0, 1_000);
    return {
      fields: new Map([
        ["most", { join: "max", value: value() }],
        ["least", { join: "min", value: value() }],
        ["latest", { join: "last", value: value() }],
      ]),
    };
  }

  /** Commits, and once that is acknowledged writes it down and goes on. */
  make(
    run: NodePort,
    record: SessionRecord,
    change: Change,
    done: (made: Made) => void,
    visit?: Visit,
  ): void {
    const { commits, requests, tokens } = this.#parts;
    const made = commits.make(run, record, change);
    if (!made) return;
    const { traces } = change.mutation;
    for (const trace of traces) {
      if (trace.kind === "increment") record.incrementsTried += trace.by;
    }
    if (visit) tokens.write(visit.jar, { ...visit, held: made.held }, visit.found.revisions);
    requests.settle(run, made, { record, traces }, () => done(made));
  }

  /** Changes plain data as the next write of the run. */
  mutate(draft: Draft): ReturnType<typeof mutate> {
    this.#writes += 1;
    const { blobBytesMax } = this.#options;
    return mutate(draft, this.#random, { number: this.#writes, bag: this.#bag, blobBytesMax });
  }

  /** Says that the session was used. */
  touch(visit: Visit): void {
    const { ledger, requests } = this.#parts;
    const record = ledger.record(visit.session);
    const made = requests.touch(visit);
    if (!made || !record) return;
    const traces = [{ kind: "touch" as const }];
    requests.settle(visit.run, made, { record, traces }, () => requests.respond(visit, []));
  }

  /** Only shows what was read. */
  view(visit: Visit): void {
    this.#parts.counts.views += 1;
    this.#parts.requests.respond(visit, []);
  }

  /** Changes something, and the idle time with it (M10). */
  changeIdle(visit: Visit): void {
    this.#parts.counts.idleChanges += 1;
    const factor = this.#random.pick([0.5, 2]);
    const idleMs = Math.max(2_000, Math.floor(this.#options.idleMs * factor));
    this.change(visit, { idleMs });
  }

  /** Reads the session once more, here or on another node, and commits both drafts at once. */
  drafts(visit: Visit): void {
    const { requests, cluster, counts } = this.#parts;
    const run = this.#random.pick(
      cluster.runs().filter((each) => each.isServing || each === visit.run),
    );
    requests.open(run, visit.session, visit.jar, (other) => {
      if (typeof other === "string" || !visit.run.isAlive || visit.run.isPaused) return;
      counts.drafts += 1;
      this.change(visit);
      this.change(other);
    });
  }

  /** Overwrites one key many times; the last overwrite is answered. */
  burst(visit: Visit): void {
    const { run, session } = visit;
    this.#parts.counts.bursts += 1;
    const record = this.#parts.ledger.record(session);
    const history = this.#parts.history.of(session);
    for (let i = 1; i < this.#options.burstCommits && record; i++) {
      const found = run.input((replica) => replica.read(session));
      if (found.status !== "found") return;
      this.#writes += 1;
      (found.value as Draft).hot = this.#writes;
      const read = found.revisions;
      const view = history?.isModelled === true ? history.view(run, read) : undefined;
      const mutation = { traces: [], intents: NO_INTENTS };
      this.#parts.commits.make(run, record, { snapshot: found, read, view, mutation });
    }
    this.change(visit);
  }
}
