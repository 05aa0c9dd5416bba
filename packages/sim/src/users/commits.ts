/**
 * Commits as requests make them: what was read and changed becomes operations, and what comes of it is
 * written into the history, and checked: its clock, its limits, and that its author reads what he left.
 *
 * Not here: acknowledgements and answers (requests.ts).
 */
import {
  atomic,
  beyond,
  type CommitResult,
  declareCounter,
  diff,
  joinVectors,
  type LocalCommit,
  type Millis,
  type Operation,
  resetCounter,
  type SessionId,
  type Snapshot,
  type Stamp,
  UnsupportedValueError,
  type VersionVector,
} from "@session-mesh/core";
import type { ClusterPort, Course, NodePort } from "./node-port.js";
import { canonical } from "../checks/convergence.js";
import type { Birth, History } from "../checks/history.js";
import type { LawChecker } from "../checks/law-checker.js";
import type { Ledger, SessionRecord } from "../checks/ledger.js";
import { type Lifetimes, meshMs } from "../checks/lifetimes.js";
import { factsFor } from "../checks/merge-facts.js";
import { type Fact, type ModelView, textOf } from "../checks/merge-model.js";
import type { Draft, Mutation } from "./mutations.js";
import type { WorkloadCounts } from "./workload-counts.js";

/** What commits need. */
export interface CommitParts {
  readonly simulator: Course;
  readonly cluster: ClusterPort;
  readonly ledger: Ledger;
  readonly history: History;
  readonly laws: LawChecker;
  readonly lifetimes: Lifetimes;
  readonly counts: WorkloadCounts;
}

/** A change to make. */
export interface Change {
  /** What was read, and changed in place since. */
  readonly snapshot: Snapshot;
  /** What its reader's node held when it was read. */
  readonly read: VersionVector;
  /** What the model showed then, where the session is modelled. */
  readonly view: ModelView | undefined;
  readonly mutation: Mutation;
  readonly commit?: Omit<LocalCommit, "operations">;
}

/** A commit or a touch that was made. */
export interface Made {
  readonly seq: number;
  /** The revision that it is; nothing for a touch. */
  readonly wrote: VersionVector;
  /** What its node held of the session before. */
  readonly held: VersionVector;
  /** When, by its node's time. */
  readonly markedMs: Millis;
}

const NOTHING: VersionVector = [];

/** How far the length of a value as text may be from its size: for a check that knows no encoding. */
const SIZE_FACTOR = 4;

/** The commits of one run. */
export class Commits {
  readonly #parts: CommitParts;
  #stamp: Stamp | undefined;
  #ids = 0;

  constructor(parts: CommitParts) {
    this.#parts = parts;
    parts.cluster.onEvent((_run, event) => {
      if (event.type === "session-committed") this.#stamp = event.stamp;
    });
  }

  /** Commits; undefined where nothing was written. */
  make(run: NodePort, record: SessionRecord, change: Change): Made | undefined {
    const { counts } = this.#parts;
    const { session } = record;
    const operations = this.#operations(run, change);
    if (!operations) return undefined;
    const before = run.input((replica) => replica.describe(session));
    const facts = this.#facts(session, change, operations);
    this.#stamp = undefined;
    const commit = { ...change.commit, operations };
    const result = run.input((replica) => replica.commit(session, commit));
    this.#checkRoom(run, result, { isBirth: before === undefined });
    counts.gone += Number(result.status === "gone");
    counts.full += Number(result.status === "full");
    if (result.status !== "committed") return undefined;
    const held = before?.revisions ?? NOTHING;
    const stamp = this.#stamp as Stamp | undefined;
    if (!stamp) {
      const markedMs = this.#parts.lifetimes.touched(record.times, run);
      return { seq: result.seq, wrote: NOTHING, held, markedMs };
    }
    const isClocked = leavesClock(commit, before?.idleMs);
    this.#note(run, record, { change, stamp, rev: result.rev, held, facts, before, isClocked });
    const touch = { isBirth: before === undefined, idleMs: commit.birth?.idleMs ?? commit.idleMs };
    const markedMs = this.#parts.lifetimes.touched(record.times, run, touch);
    if (facts) this.#checkGrowth(run, record.session, change);
    if (facts && beyond(held, change.read).length === 0) this.#checkShown(run, session, change);
    return { seq: result.seq, wrote: [stamp.writer, result.rev], held, markedMs };
  }

  /** Commits what no reader of this version sees, and no model: to a session that is there. */
  makeUnknown(run: NodePort, record: SessionRecord, commit: LocalCommit): Made | undefined {
    const { history, laws, lifetimes } = this.#parts;
    const { session, times } = record;
    const held = run.input((replica) => replica.describe(session))?.revisions;
    this.#stamp = undefined;
    const result = held && run.input((replica) => replica.commit(session, commit));
    const stamp = this.#stamp as Stamp | undefined;
    if (!held || result?.status !== "committed" || !stamp) return undefined;
    const { writer, hlc } = stamp;
    const { rev, seq } = result;
    laws.commit(run, session, { held, hlc });
    const past = joinVectors(held, [writer, rev]);
    const nothing = { idleMs: undefined, fields: undefined, facts: [] };
    const isClocked = leavesClock(commit, commit.idleMs);
    history.of(session)?.add({ writer, rev, hlc, past, ...nothing, isClocked });
    return { seq, wrote: [writer, rev], held, markedMs: lifetimes.touched(times, run) };
  }

  #operations(run: NodePort, { snapshot, mutation }: Change): Operation[] | undefined {
    const { counters, atomics } = mutation.intents;
    const draft = snapshot.value as Draft;
    for (const [name, resetTo] of counters) {
      if (resetTo === undefined) declareCounter(snapshot, [name]);
      else resetCounter(snapshot, [name], resetTo);
    }
    const plain = [...atomics].map((name) => [name, draft[name]] as const);
    for (const [name, value] of plain) draft[name] = atomic(value);
    const { sessionBytesMax: bytesMax } = run.config.limits;
    const size = (): number => canonical(snapshot.value).length;
    try {
      return diff(snapshot.base, snapshot.value, { bytesMax });
    } catch (error) {
      if (!(error instanceof UnsupportedValueError)) throw error;
      this.#parts.counts.refused += 1;
      if (size() * SIZE_FACTOR < bytesMax) this.#fail("P14", run, `refused ${size()} bytes`);
      return undefined;
    } finally {
      for (const [name, value] of plain) draft[name] = value;
    }
  }

  /** What the commit states, where its session is modelled. */
  #facts(
    session: SessionId,
    { snapshot, view, mutation: { intents } }: Change,
    operations: readonly Operation[],
  ): readonly Fact[] | undefined {
    if (this.#parts.history.of(session)?.isModelled !== true) return undefined;
    this.#ids += 1;
    const facts = factsFor(view, snapshot.value, { intents, commit: `c${this.#ids}` });
    if (operations.length === 0 && facts.length > 0) {
      const detail = `${session}: no operations for ${JSON.stringify(facts).slice(0, 300)}`;
      this.#parts.simulator.fail("M1-M12", detail);
    }
    return facts;
  }

  #note(
    run: NodePort,
    { session, times }: SessionRecord,
    made: {
      change: Change;
      stamp: Stamp;
      rev: number;
      held: VersionVector;
      facts: readonly Fact[] | undefined;
      before: { readonly idleMs: Millis } | undefined;
      isClocked: boolean;
    },
  ): void {
    const { change, stamp, rev, held, facts = [], before, isClocked } = made;
    const { writer, hlc } = stamp;
    const { history, laws, counts } = this.#parts;
    counts.commits += 1;
    if (before) laws.commit(run, session, { held, hlc });
    const known = history.of(session);
    const wanted = before ? change.commit?.idleMs : change.commit?.birth?.idleMs;
    const idleMs = wanted === before?.idleMs ? undefined : wanted;
    const past = joinVectors(held, [writer, rev]);
    const fields = change.commit?.fields;
    const birth = before ? undefined : birthAt(meshMs(run), times.absoluteMs);
    known?.add({ writer, rev, hlc, past, idleMs, fields, facts, isClocked, birth });
  }

  /** Who commits without having missed anything reads what he left. */
  #checkShown(run: NodePort, session: SessionId, { snapshot }: Change): void {
    const result = run.input((replica) => replica.read(session));
    if (result.status !== "found") return;
    const [is, left] = [canonical(result.value), canonical(snapshot.value)];
    if (is === left) return;
    this.#fail("P5 own commit", run, `${session}: ${is.slice(0, 400)} for ${left.slice(0, 400)}`);
  }

  /** No session grows by a write of its own far beyond the limit. */
  #checkGrowth(run: NodePort, session: SessionId, { snapshot, view }: Change): void {
    const grownTo = canonical(snapshot.value).length;
    const max = run.config.limits.sessionBytesMax * SIZE_FACTOR;
    if (grownTo <= max || (view && grownTo <= textOf(view).length)) return;
    this.#fail("P14", run, `${session} grew to ${grownTo} bytes as text, above ${max}`);
  }

  /** Limits refuse growth where they are reached, and only there. */
  #checkRoom(run: NodePort, result: CommitResult, { isBirth }: { isBirth: boolean }): void {
    if (result.status !== "full" && !(isBirth && result.status === "committed")) return;
    const { sessions } = run.replica.status();
    const { sessionsMax, sessionsBytesMax, tombstonesMax } = run.config.limits;
    const count = sessions.hot + sessions.cold;
    if (result.status === "full") {
      const isReached =
        count >= sessionsMax ||
        sessions.bytes >= sessionsBytesMax ||
        sessions.tombstones >= tombstonesMax;
      if (!isReached) this.#fail("P14", run, `refused at ${JSON.stringify(sessions)}`);
    } else if (count > sessionsMax || sessions.tombstones >= tombstonesMax) {
      this.#fail("P14", run, `created at ${JSON.stringify(sessions)}`);
    }
  }

  #fail(checker: string, run: NodePort, detail: string): never {
    return this.#parts.simulator.fail(checker, `on ${run.machine}: ${detail}`);
  }
}

/** Whether a commit's clock stays in its session: with an operation, or with what counts as the last. */
function leavesClock({ operations, idleMs, fields }: LocalCommit, hadIdleMs?: Millis): boolean {
  const isLast = [...(fields?.values() ?? [])].some(({ join }) => join === "last");
  return operations.length > 0 || (idleMs ?? hadIdleMs) !== hadIdleMs || isLast;
}

function birthAt(createdAtMs: Millis, absoluteMs: Millis): Birth {
  return { createdAtMs, absoluteExpiresAtMs: createdAtMs + absoluteMs };
}
