/**
 * The merge laws M1–M12 at every read, against a model that knows nothing of Yjs: what a node shows is
 * what follows from exactly the commits that it holds, and what it holds is founded.
 *
 * Not here: the model (merge-model.ts), and what is owed to whom (checkers.ts).
 */
import type { Hlc, ReadResult, SessionId, VersionVector } from "@session-mesh/core";
import { ROUNDING_MS } from "./lifetimes.js";
import { unordered } from "./merge-facts.js";
import type { History } from "./history.js";
import { type ModelView, textOf } from "./merge-model.js";
import type { Course, NodePort } from "../users/node-port.js";

/** What users write beside their data, of each join (users/acts.ts). */
const FIELDS = ["most", "least", "latest"];

type Found = Extract<ReadResult, { status: "found" }>;

/** How much of two values a failure shows. */
const SHOWN_MAX = 600;

/** Checks reads and commits. */
export class LawChecker {
  readonly #simulator: Course;
  readonly #history: History;
  #modelCount = 0;

  constructor(simulator: Course, history: History) {
    this.#simulator = simulator;
    this.#history = history;
  }

  /** How many reads were compared with the model. */
  get modelCount(): number {
    return this.#modelCount;
  }

  /** A node shows a session; what the model shows of it, if it is modelled. */
  read(run: NodePort, session: SessionId, found: Found): ModelView | undefined {
    const history = this.#history.of(session);
    if (!history) return undefined;
    const { revisions, idleMs, value } = found;
    const unfounded = history.unfounded(revisions);
    if (unfounded) {
      const { writer, rev, past } = unfounded;
      const detail = `${session} holds ${writer}:${rev}, which follows ${past.join()}, with ${revisions.join()}`;
      this.#fail("P5 causal order", run, detail);
    }
    const idleDue = history.births > 1 ? undefined : history.idleMs(revisions);
    if (idleDue !== undefined && idleMs !== idleDue) {
      this.#fail("M10", run, `${session} has the idle time ${idleMs}, not ${idleDue}`);
    }
    this.#checkFields(run, session, revisions);
    this.#checkBirth(run, session, found);
    if (!history.isModelled) return undefined;
    const view = history.view(run, revisions);
    this.#modelCount += 1;
    const [is, due] = [unordered(value), view ? textOf(view) : "{}"];
    if (is !== due) {
      this.#fail("M1-M12", run, `${session} at ${revisions.join()} ${differing(is, due)}`);
    }
    return view;
  }

  /** Fields of the envelope are what their joins make of the commits that are held. */
  #checkFields(run: NodePort, session: SessionId, revisions: VersionVector): void {
    const history = this.#history.of(session);
    if (history?.hasFields !== true) return;
    const fields = run.replica.describe(session)?.fields;
    for (const name of FIELDS) {
      const [is, due] = [fields?.get(name)?.value, history.field(name, revisions)];
      if (is !== due) {
        this.#fail(
          "fields join",
          run,
          `${session} at ${revisions.join()}: ${name} is ${is}, not ${due}`,
        );
      }
    }
  }

  /** Of all births that are held, the session has the earliest beginning and the earliest end. */
  #checkBirth(run: NodePort, session: SessionId, found: Found): void {
    const due = this.#history.of(session)?.birth(found.revisions);
    if (!due) return;
    for (const name of ["createdAtMs", "absoluteExpiresAtMs"] as const) {
      if (Math.abs(found[name] - due[name]) <= ROUNDING_MS) continue;
      const detail = `${session} at ${found.revisions.join()}: ${name} is ${found[name]}`;
      this.#fail("P4 births", run, `${detail}, not ${due[name]}`);
    }
  }

  /** A commit with the clock `hlc` is made on top of `held`. */
  commit(
    run: NodePort,
    session: SessionId,
    { held, hlc }: { held: VersionVector; hlc: Hlc },
  ): void {
    const seen = this.#history.of(session)?.hlcMax(held) ?? 0;
    if (hlc > seen) return;
    this.#fail("M2", run, `${session}: a commit at ${hlc} on top of what was written at ${seen}`);
  }

  #fail(checker: string, run: NodePort, detail: string): never {
    return this.#simulator.fail(checker, `on ${run.machine}: ${detail}`);
  }
}

/** Where two texts part. */
function differing(is: string, due: string): string {
  let at = 0;
  while (at < is.length && is[at] === due[at]) at += 1;
  const from = Math.max(0, at - 60);
  const cut = (text: string): string => text.slice(from, from + SHOWN_MAX);
  return `shows …${cut(is)}, by the laws …${cut(due)}`;
}
