/**
 * What a request does, as the shell does it: open a session with the tokens that came along, ask the
 * peers for what is missing, commit, wait for acknowledgements, answer. Each step is checked, and what
 * is acknowledged is written down.
 *
 * Not here: who asks for what and when (workload.ts), cookies and HTTP.
 */
import {
  beyond,
  joinVectors,
  type ReadResult,
  type SessionId,
  type VersionVector,
} from "@session-mesh/core";
import type { AckChecker } from "../checks/ack-checker.js";
import type { Bounds } from "../checks/bounds.js";
import type { Accounts } from "./accounts.js";
import type { Checkers } from "../checks/checkers.js";
import type { ClusterPort, Course, NodePort } from "./node-port.js";
import type { Made } from "./commits.js";
import { type Jar, TOKEN_LIFE_MS } from "./jar.js";
import type { LawChecker } from "../checks/law-checker.js";
import type { Ledger, SessionRecord, Trace } from "../checks/ledger.js";
import { type Lifetimes, meshMs } from "../checks/lifetimes.js";
import type { ModelView } from "../checks/merge-model.js";
import type { TokenChecker } from "../checks/token-checker.js";
import type { WorkloadCounts } from "./workload-counts.js";

type Found = Extract<ReadResult, { status: "found" }>;

/** What the requests of one run share. */
export interface RequestParts {
  readonly simulator: Course;
  readonly cluster: ClusterPort;
  readonly ledger: Ledger;
  readonly checkers: Checkers;
  readonly laws: LawChecker;
  readonly lifetimes: Lifetimes;
  readonly tokens: TokenChecker;
  readonly acks: AckChecker;
  readonly bounds: Bounds;
  readonly accounts: Accounts;
  readonly counts: WorkloadCounts;
}

/** What a request found, and what its user takes along. */
export interface Visit {
  readonly run: NodePort;
  readonly session: SessionId;
  readonly jar: Jar;
  readonly found: Found;
  /** What the model showed then, where the session is modelled. */
  readonly view: ModelView | undefined;
  readonly lost: VersionVector;
}

/** What a response is made of. */
export interface Shown extends Pick<Visit, "run" | "session" | "jar" | "lost"> {
  readonly found: Pick<Found, "revisions">;
}

/** How opening ended without a session. */
export type Miss = "destroyed" | "expired" | "absent" | "unknown";

const NOTHING: VersionVector = [];

/** The requests of one run. */
export class Requests {
  readonly #parts: RequestParts;
  readonly #acks: number | "all";

  constructor(parts: RequestParts, acks: number | "all") {
    this.#parts = parts;
    this.#acks = acks;
  }

  /** Reads here, else asks the peers; then waits for what the user has seen elsewhere. */
  open(run: NodePort, session: SessionId, jar: Jar, done: (opened: Visit | Miss) => void): void {
    this.#parts.accounts.settle(run);
    const brought = jar.tokens(this.#parts.simulator.nowMs);
    const visiting = { run, session, jar, brought };
    const first = this.#read(run, session);
    if (first.status !== "absent" && first.status !== "expired") {
      this.#freshen(visiting, first, done);
      return;
    }
    const ticket = run.ticket((outcome) => {
      if (outcome.kind !== "pull") return;
      this.#parts.accounts.settle(run);
      const second = this.#read(run, session);
      const isUncertain = second.status === "absent" && outcome.status === "unknown";
      if (isUncertain) done("unknown");
      else this.#freshen(visiting, second, done);
    });
    run.input((replica) => replica.pull(ticket, session));
    this.#parts.bounds.waits(run);
  }

  /** Says that the session was used. */
  touch({ run, session }: Visit): Made | undefined {
    const record = this.#parts.ledger.record(session);
    const result = run.input((replica) => replica.touch(session));
    if (!record || result.status === "gone") return undefined;
    const markedMs = this.#parts.lifetimes.touched(record.times, run);
    if (result.status !== "committed") return undefined;
    this.#parts.counts.touches += 1;
    return { seq: result.seq, wrote: NOTHING, held: NOTHING, markedMs };
  }

  /** Waits for acknowledgements, writes down what they are for, and answers. */
  answer(visit: Visit, made: Made, traces: readonly Trace[]): void {
    const { run, session } = visit;
    const record = this.#parts.ledger.record(session);
    if (!record) return;
    this.settle(run, made, { record, traces }, () => this.respond(visit, made.wrote));
  }

  /** Waits for acknowledgements and writes down what they are for. */
  settle(
    run: NodePort,
    { seq, wrote, markedMs }: Made,
    { record, traces }: { record: SessionRecord; traces: readonly Trace[] },
    settled: () => void,
  ): void {
    const change = { seq, session: record.session, wrote };
    this.#parts.acks.expect(run, change);
    const ticket = run.ticket((outcome) => {
      if (outcome.kind !== "acks") return;
      this.#parts.acks.settled(run, change, { ...outcome, wanted: this.#acks });
      const settlement = { origin: run, seq, isDegraded: outcome.degraded };
      for (const trace of traces) {
        this.#parts.ledger.acknowledged(record, { trace, markedMs }, settlement);
      }
      settled();
    });
    run.input((replica) => replica.awaitAcks(ticket, { seq, acks: this.#acks }));
  }

  /** The response reaches its user, with the tokens that he takes along. */
  respond({ run, session, jar, found, lost }: Shown, wrote: VersionVector): void {
    // Who is told that his session is over takes nothing of it along.
    if (!run.input((replica) => replica.describe(session))) return;
    const revisions = joinVectors(found.revisions, wrote);
    const unshared = run.input((replica) => replica.unshared(session, revisions));
    const { nowMs } = this.#parts.simulator;
    const lifeMs = unshared.isCut ? run.config.limits.goneAfterMs : TOKEN_LIFE_MS;
    const response = { revisions, wrote, unshared, lost, lifeMs, members: this.#membersOf(run) };
    if (jar.fits(unshared)) {
      jar.take(response, nowMs);
      return;
    }
    this.#parts.counts.tokensWaited += 1;
    const { seq } = unshared;
    const ticket = run.ticket(() => {
      jar.take({ ...response, unshared: { ...unshared, revisions: NOTHING }, members: [] }, nowMs);
    });
    run.input((replica) => replica.awaitAcks(ticket, { seq, acks: "all" }));
  }

  /** Ends a session. */
  destroy(run: NodePort, session: SessionId, options: { regenerated: boolean }): void {
    const record = this.#parts.ledger.record(session);
    const result = run.input((replica) => replica.destroy(session, options));
    if (!record) return;
    record.isDestroyTried = true;
    if (result.status !== "committed") return;
    const { seq } = result;
    const regeneration = { atMs: meshMs(run), holders: new Set([run]) };
    if (options.regenerated) record.regenerations.push(regeneration);
    const change = { seq, session, wrote: undefined };
    this.#parts.acks.expect(run, change);
    const ticket = run.ticket((outcome) => {
      if (outcome.kind !== "acks") return;
      this.#parts.acks.settled(run, change, { ...outcome, wanted: "all" });
      regeneration.holders = this.#parts.ledger.holders({ origin: run, seq });
      this.#parts.ledger.destroyed(record, { origin: run, seq, isDegraded: outcome.degraded });
    });
    run.input((replica) => replica.awaitAcks(ticket, { seq, acks: "all" }));
  }

  #read(run: NodePort, session: SessionId): ReadResult {
    const result = run.input((replica) => replica.read(session));
    this.#parts.checkers.read(run, session, result);
    return result;
  }

  #freshen(
    visiting: { run: NodePort; session: SessionId; jar: Jar; brought: VersionVector },
    result: ReadResult,
    done: (opened: Visit | Miss) => void,
  ): void {
    const { run, session, brought } = visiting;
    if (result.status !== "found") return done(result.status);
    const missing = beyond(brought, result.revisions);
    if (missing.length === 0) {
      return done(this.#visit(visiting, result, { isMarked: false, lost: NOTHING }));
    }
    this.#parts.tokens.counts.waits += 1;
    const ticket = run.ticket((outcome) => {
      if (outcome.kind !== "freshness") return;
      this.#parts.accounts.settle(run);
      const fresh = this.#read(run, session);
      if (fresh.status !== "found") return done(fresh.status);
      const { status, lost } = outcome;
      done(this.#visit(visiting, fresh, { isMarked: status === "stale", lost }));
    });
    run.input((replica) => replica.awaitRevisions(ticket, session, { revisions: missing }));
    this.#parts.bounds.waits(run);
  }

  #visit(
    {
      run,
      session,
      jar,
      brought,
    }: Pick<Visit, "run" | "session" | "jar"> & {
      brought: VersionVector;
    },
    found: Found,
    { isMarked, lost }: { isMarked: boolean; lost: VersionVector },
  ): Visit {
    const held = found.revisions;
    const isNameShared = this.#parts.cluster.isNameShared(run);
    const visited = { run, session, held, brought, isMarked, isNameShared, lost };
    this.#parts.tokens.read(jar, visited);
    this.#parts.accounts.read(run, session);
    const view = this.#parts.laws.read(run, session, found);
    return { run, session, jar, found, view, lost };
  }

  /** The processes that a node counts among the members, itself included. */
  #membersOf(run: NodePort): NodePort[] {
    const { members } = run.replica.status();
    const writers = new Set(
      members
        .filter(({ state }) => state !== "left" && state !== "gone")
        .map((each) => each.writer),
    );
    return this.#parts.cluster.runs().filter((each) => writers.has(each.config.writer));
  }
}
