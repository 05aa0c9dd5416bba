/**
 * Every commit of a run: who made it, on top of what, and what it states; so that what a node shows
 * can be derived once more from exactly the commits that it holds.
 *
 * Modelling costs about as much as what it checks, so a seed says which part of the sessions is.
 *
 * Not here: the laws (merge-model.ts), and what follows from a difference (law-checker.ts).
 */
import {
  beyond,
  dominates,
  type Hlc,
  type Millis,
  type SessionId,
  type ShellFields,
  type VersionVector,
  type WriterId,
} from "@session-mesh/core";
import { type Fact, ModelSession, type ModelView } from "./merge-model.js";
import type { NodePort } from "../users/node-port.js";

/** One commit. */
export interface Committed {
  readonly writer: WriterId;
  /** Its author's how-many-th to this session, from 1. */
  readonly rev: number;
  readonly hlc: Hlc;
  /** All that its author's node held of the session then, itself included. */
  readonly past: VersionVector;
  /** The idle time that it set. */
  readonly idleMs: Millis | undefined;
  /** The fields of the envelope that it wrote. */
  readonly fields: ShellFields | undefined;
  /** What it states; nothing where the session is not modelled. */
  readonly facts: readonly Fact[];
  /** Whether its clock is in the session from now on: a commit that writes nothing leaves none. */
  readonly isClocked: boolean;
  /** Where it created the session: by its node's time. */
  readonly birth?: Birth | undefined;
}

/** A commit, and the highest clock that its author has left in the session by then. */
interface Known extends Committed {
  readonly clock: number;
}

/** When a session began, and when it is over at the latest. */
export interface Birth {
  readonly createdAtMs: Millis;
  readonly absoluteExpiresAtMs: Millis;
}

interface Copy {
  model: ModelSession;
  have: VersionVector;
}

/** The commits to one session. */
class SessionHistory {
  readonly session: SessionId;
  readonly isModelled: boolean;
  readonly #commits = new Map<WriterId, Known[]>();
  readonly #idleChanges: Committed[] = [];
  readonly #fieldChanges: Committed[] = [];
  readonly #births: Committed[] = [];
  readonly #copies = new Map<NodePort, Copy>();

  constructor(session: SessionId, isModelled: boolean) {
    this.session = session;
    this.isModelled = isModelled;
  }

  /** How often it was created: more than once where a node could not know that it was there. */
  get births(): number {
    return this.#births.length;
  }

  /** Of the births in `revisions`, the earliest beginning and the earliest end. */
  birth(revisions: VersionVector): Birth | undefined {
    const isIn = ({ writer, rev }: Committed): boolean =>
      beyond([writer, rev], revisions).length === 0;
    const births = this.#births.flatMap((commit) => (isIn(commit) ? (commit.birth ?? []) : []));
    if (births.length === 0) return undefined;
    return {
      createdAtMs: Math.min(...births.map((each) => each.createdAtMs)),
      absoluteExpiresAtMs: Math.min(...births.map((each) => each.absoluteExpiresAtMs)),
    };
  }

  /** Whether any commit wrote fields of the envelope. */
  get hasFields(): boolean {
    return this.#fieldChanges.length > 0;
  }

  add(commit: Committed): void {
    const before = this.#commits.get(commit.writer);
    const clock = commit.isClocked ? commit.hlc : (before?.at(-1)?.clock ?? 0);
    const known = { ...commit, clock };
    if (before) before.push(known);
    else this.#commits.set(commit.writer, [known]);
    if (commit.idleMs !== undefined) this.#idleChanges.push(commit);
    if (commit.fields !== undefined) this.#fieldChanges.push(commit);
    if (commit.birth !== undefined) this.#births.push(commit);
  }

  /** Those of the last commits in `revisions` that follow something which is not in there. */
  unfounded(revisions: VersionVector): Committed | undefined {
    return this.#lastOf(revisions).find(({ past }) => !dominates(revisions, past));
  }

  /** The highest clock that the commits in `revisions` have left. */
  hlcMax(revisions: VersionVector): number {
    return Math.max(0, ...this.#lastOf(revisions).map(({ clock }) => clock));
  }

  /** The idle time by the latest of the commits in `revisions` that set one (M10). */
  idleMs(revisions: VersionVector): Millis | undefined {
    let latest: Committed | undefined;
    for (const commit of this.#idleChanges) {
      const isIn = beyond([commit.writer, commit.rev], revisions).length === 0;
      if (isIn && isLater(commit, latest)) latest = commit;
    }
    return latest?.idleMs;
  }

  /** What a field is by the commits in `revisions`, of numbers; undefined where none wrote it. */
  field(name: string, revisions: VersionVector): number | undefined {
    let winner: { readonly commit: Committed; readonly value: number } | undefined;
    for (const commit of this.#fieldChanges) {
      const field = commit.fields?.get(name);
      if (!field || typeof field.value !== "number") continue;
      if (beyond([commit.writer, commit.rev], revisions).length > 0) continue;
      const { value } = field;
      const order = {
        max: value - (winner?.value ?? value - 1),
        min: (winner?.value ?? value + 1) - value,
      };
      const isWinner =
        field.join === "max"
          ? order.max > 0
          : field.join === "min"
            ? order.min > 0
            : isLater(commit, winner?.commit);
      if (isWinner) winner = { commit, value };
    }
    return winner?.value;
  }

  /** What shows on a node that holds exactly the commits in `revisions`; undefined for nothing. */
  view(run: NodePort, revisions: VersionVector): ModelView | undefined {
    let copy = this.#copies.get(run);
    // What was dropped and came back may be less than what was there before.
    if (!copy || !dominates(revisions, copy.have)) {
      copy = { model: new ModelSession(), have: [] };
      this.#copies.set(run, copy);
    }
    const news: Committed[] = [];
    for (let i = 0; i < revisions.length; i += 2) {
      const writer = revisions[i] as WriterId;
      const had = countOf(copy.have, writer);
      news.push(...(this.#commits.get(writer) ?? []).slice(had, revisions[i + 1]));
    }
    for (const { facts, hlc, writer } of news) copy.model.add(facts, { hlc, writer });
    copy.have = revisions;
    return copy.model.view();
  }

  #lastOf(revisions: VersionVector): Known[] {
    const last: Known[] = [];
    for (let i = 0; i < revisions.length; i += 2) {
      const commits = this.#commits.get(revisions[i] as WriterId);
      const commit = commits?.[(revisions[i + 1] as number) - 1];
      if (commit) last.push(commit);
    }
    return last;
  }
}

/** The commits of one run. */
export class History {
  readonly #sessions = new Map<SessionId, SessionHistory>();

  /** A session is about to be created. */
  open(session: SessionId, isModelled: boolean): void {
    this.#sessions.set(session, new SessionHistory(session, isModelled));
  }

  of(session: SessionId): SessionHistory | undefined {
    return this.#sessions.get(session);
  }
}

function isLater(commit: Committed, latest: Committed | undefined): boolean {
  if (!latest) return true;
  return commit.hlc > latest.hlc || (commit.hlc === latest.hlc && commit.writer > latest.writer);
}

function countOf(vector: VersionVector, writer: WriterId): number {
  for (let i = 0; i < vector.length; i += 2) {
    if (vector[i] === writer) return vector[i + 1] as number;
  }
  return 0;
}
