/**
 * Random runs of replicas of one session against the model. For tests only.
 *
 * Requests read at one time and commit at a later one, so that those of one node overlap. Commits
 * arrive in any order, twice, or not at all; whole documents repair what was lost; replicas go cold
 * and come back at any time. At every reading the replica must show what the model shows for the
 * commits that arrived, and in the end all replicas must be equal.
 */
import * as fc from "fast-check";
import type { Hlc } from "../../hlc.js";
import type { WriterId } from "../../ids.js";
import {
  type Base,
  type Snapshot,
  SessionDocument,
  type UpdateContext,
  declareCounter,
  diff,
  resetCounter,
} from "../document.js";
import { type Fact, ModelView, type Tree } from "./laws.suite.js";
import { ACTIONS, type ActionName, type Dice, type Live, type Request } from "./requests.suite.js";

const LIMITS = { bytesMax: 1_000_000 };

/** One step of a run. `who` and the dice are taken modulo what there is to choose from. */
export type Step =
  | { do: "read" | "commit" | "cold"; who: number }
  | { do: "act"; who: number; action: ActionName; dice: Dice }
  | { do: "deliver"; who: number; pick: number }
  | { do: "exchange"; who: number; with: number };

interface Commit {
  readonly update: Uint8Array;
  readonly context: UpdateContext;
  readonly clockBefore: number;
  readonly facts: readonly Fact[];
}

interface Open extends Request {
  readonly snapshot: Snapshot;
  readonly base: Base;
  readonly view: ModelView;
  readonly before: string;
  readonly seenCount: number;
}

class Replica {
  readonly writer: WriterId;
  document: SessionDocument = SessionDocument.create("session");
  clock = 0;
  rev = 0;
  readonly has = new Set<Commit>();
  readonly open: Open[] = [];

  constructor(writer: number) {
    this.writer = writer as WriterId;
  }

  view(): ModelView {
    return new ModelView([...this.has].flatMap((commit) => [...commit.facts]));
  }
}

/** A run: replicas, the commits that were made, and what was counted. */
export class Mesh {
  readonly replicas: readonly Replica[];
  readonly commits: Commit[] = [];
  readonly counts = { commits: 0, gaps: 0, duplicates: 0, merges: 0, overlaps: 0 };
  readonly #hasMoves: boolean;
  #uid = 0;
  #increment = 0;

  /** Writer ids are far apart and not in the order of the replicas, as random ones would be. */
  constructor(count: number, hasMoves = false) {
    this.#hasMoves = hasMoves;
    const ids = [7_000_000_000_001, 31, 9_007_199_254_740_990, 4_294_967_297, 1024];
    this.replicas = ids.slice(0, count).map((id) => new Replica(id));
  }

  step(step: Step): void {
    const replica = this.#at(step.who);
    switch (step.do) {
      case "read":
        this.#open(replica);
        return;
      case "act": {
        if (replica.open.length === 0) this.#open(replica);
        const request = replica.open[step.dice[0] % replica.open.length];
        if (request) ACTIONS[step.action](request, step.dice);
        return;
      }
      case "commit":
        return this.#commit(replica, replica.open.shift());
      case "cold":
        replica.document = SessionDocument.hydrate("session", replica.document.encode());
        return;
      case "deliver": {
        const commit = this.commits[step.pick % this.commits.length];
        if (commit) this.#deliver(replica, commit);
        return;
      }
      case "exchange":
        return this.#exchange(replica, this.#at(step.with));
    }
  }

  /** Everyone finishes, hears of everything, and shows the same. */
  settle(): void {
    for (const replica of this.replicas) {
      while (replica.open.length > 0) this.#commit(replica, replica.open.shift());
    }
    const [first] = this.replicas as [Replica];
    for (const other of this.replicas) this.#exchange(first, other);
    for (const other of this.replicas) this.#exchange(other, first);
    const expected = this.#read(first).snapshot.value;
    const vector = vectorText(first.document);
    for (const replica of this.replicas) {
      const { value } = this.#read(replica).snapshot;
      expectSame(value, expected, "replicas differ");
      expectSame(vectorText(replica.document), vector, "state vectors differ");
      const cold = SessionDocument.hydrate("session", replica.document.encode());
      expectSame(cold.read().value, expected, "a cold copy differs");
      expectSame(vectorText(cold), vector, "a cold copy's state vector differs");
    }
  }

  #at(index: number): Replica {
    return this.replicas[index % this.replicas.length] as Replica;
  }

  #open(replica: Replica): void {
    if (replica.open.length < 2 && this.#isComplete(replica))
      replica.open.push(this.#read(replica));
  }

  /**
   * Whether the replica has all that the authors of what it has had seen. Until then an element that
   * was moved may show before it was made, which the model, knowing no moves, cannot follow.
   */
  #isComplete({ has }: Replica): boolean {
    if (!this.#hasMoves) return true;
    return this.commits.every(
      (commit) =>
        has.has(commit) ||
        [...has].every(
          ({ context }) => (context.seen.get(commit.context.writer) ?? 0) < commit.context.rev,
        ),
    );
  }

  #read(replica: Replica): Open {
    const snapshot = replica.document.read();
    const view = replica.view();
    const tree = view.tree();
    if (this.#isComplete(replica)) align(tree, snapshot.value, "session");
    const nextUid = (): string => `u${++this.#uid}`;
    const live = snapshot.value as Live;
    const before = canonical(live);
    const seenCount = replica.has.size;
    const hadItems = tree.fields.get("items")?.k === "list";
    return {
      snapshot,
      base: snapshot.base,
      view,
      tree,
      live,
      nextUid,
      hadItems,
      before,
      seenCount,
    };
  }

  #commit(replica: Replica, open: Open | undefined): void {
    if (!open) return;
    declareCounters(open.snapshot, open.tree, []);
    const before = canonical(open.live);
    const operations = diff(open.base, open.live, LIMITS);
    expectSame(canonical(open.live), before, "diff changed the value");
    replica.clock = Math.max(replica.clock, replica.document.hlcMax) + 1;
    const stamp = { hlc: replica.clock as Hlc, writer: replica.writer };
    const clockBefore = replica.document.stateVector.get(replica.writer) ?? 0;
    const facts = open.view.factsFor(open.tree, [stamp.hlc, stamp.writer], () => ++this.#increment);
    // Moves alone are no facts for the model, which does not know of order.
    const isUnchanged = facts.length === 0 && before === open.before;
    expectSame(operations.length === 0, isUnchanged, "an unchanged session writes nothing");
    const update = replica.document.commit(operations, stamp, ++replica.rev);
    const seen = revisionsOf(replica);
    const isOverlapped = replica.has.size > open.seenCount;
    if (isOverlapped) this.counts.overlaps++;
    if (update) {
      const context = { writer: replica.writer, rev: replica.rev, seen };
      const commit = { update, context, clockBefore, facts };
      this.counts.commits++;
      this.commits.push(commit);
      replica.has.add(commit);
    }
    if (!isOverlapped) {
      expectSame(replica.document.read().value, open.live, "a commit reads as it was left");
    }
    this.#read(replica);
  }

  #deliver(replica: Replica, commit: Commit): void {
    const { writer } = commit.context;
    const held = replica.document.stateVector.get(writer) ?? 0;
    const due = replica.has.has(commit) ? "known" : commit.clockBefore > held ? "gap" : "applied";
    const { verdict, merges } = replica.document.apply(commit.update, 1, commit.context);
    expectSame(verdict, due, "the verdict");
    this.counts.merges += merges.length;
    if (due === "gap") this.counts.gaps++;
    if (due === "known") this.counts.duplicates++;
    if (due === "applied") replica.has.add(commit);
    this.#read(replica);
  }

  #exchange(to: Replica, from: Replica): void {
    const isNews = [...from.has].some((commit) => !to.has.has(commit));
    const { verdict } = to.document.apply(from.document.encode(), 2);
    expectSame(verdict, isNews ? "applied" : "known", "the verdict of a whole document");
    for (const commit of from.has) to.has.add(commit);
    this.#read(to);
  }
}

function revisionsOf(replica: Replica): ReadonlyMap<WriterId, number> {
  const revisions = new Map<WriterId, number>([[replica.writer, replica.rev]]);
  for (const { context } of replica.has) {
    const known = revisions.get(context.writer) ?? 0;
    if (context.rev > known) revisions.set(context.writer, context.rev);
  }
  return revisions;
}

function declareCounters(snapshot: Snapshot, tree: Tree, path: readonly string[]): void {
  if (tree.k === "counter") {
    if (tree.resetTo === undefined) declareCounter(snapshot, path);
    else resetCounter(snapshot, path, tree.resetTo);
  } else if (tree.k === "object") {
    for (const [name, field] of tree.fields) declareCounters(snapshot, field, [...path, name]);
  } else if (tree.k === "list") {
    tree.items.forEach((item, i) => declareCounters(snapshot, item.tree, [...path, String(i)]));
  }
}

const vectorText = (document: SessionDocument): string =>
  JSON.stringify([...document.stateVector].sort(([a], [b]) => a - b));

function expectSame(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [canonical(actual), canonical(expected)];
  if (a !== b) throw new Error(`${what}:\n  is       ${a}\n  expected ${b}`);
}

/** JSON with the names in order, so that only the value counts. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return String(JSON.stringify(value));
  const names = Object.keys(value).sort();
  const live = value as Live;
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(live[name])}`).join()}}`;
}

/** Puts the model's lists in the order of the replica's, and throws where the two do not fit. */
function align(tree: Tree, value: unknown, where: string): void {
  const fail = (): never => {
    throw new Error(`the model differs at ${where}: shows ${JSON.stringify(value)}`);
  };
  if (tree.k === "scalar") {
    if (tree.value !== value) throw new Error(`${where} is ${String(value)}, not ${tree.value}`);
    return;
  }
  if (typeof value !== "object" || value === null || tree.k === "counter") return fail();
  if (tree.k === "object") {
    const names = Object.keys(value);
    const isSame =
      names.length === tree.fields.size && names.every((name) => tree.fields.has(name));
    if (Array.isArray(value) || !isSame) fail();
    for (const [name, field] of tree.fields)
      align(field, (value as Live)[name], `${where}.${name}`);
    return;
  }
  if (!Array.isArray(value) || value.length !== tree.items.length) return fail();
  const rest = [...tree.items];
  tree.items = value.map((item: unknown, i) => {
    const index = rest.findIndex((candidate) => token(candidate.tree) === tokenOf(item));
    if (index < 0) return fail();
    const [found] = rest.splice(index, 1) as [(typeof rest)[0]];
    align(found.tree, item, `${where}[${i}]`);
    return found;
  });
}

const tokenOf = (item: unknown): unknown =>
  typeof item === "object" && item !== null ? (item as Live)["id"] : item;

function token(tree: Tree): unknown {
  if (tree.k === "scalar") return tree.value;
  const id = tree.k === "object" ? tree.fields.get("id") : undefined;
  return id?.k === "scalar" ? id.value : undefined;
}

/** What the runs of a law's test are made of. */
interface LawRuns {
  readonly actions: readonly ActionName[];
  /** How many runs, as the environment says; 300 if it does not. */
  readonly runs: string | undefined;
  readonly seed?: number;
  readonly replicas?: number;
  readonly steps?: number;
}

/** Checks random runs, and that enough happened in them. A failure prints its seed and its path. */
export function checkLaw({
  actions,
  runs,
  seed,
  replicas = 3,
  steps = 60,
}: LawRuns): Mesh["counts"] {
  const total = { commits: 0, gaps: 0, duplicates: 0, merges: 0, overlaps: 0 };
  const property = fc.property(stepsArbitrary(actions, steps), (run) => {
    const mesh = new Mesh(replicas, actions.includes("move"));
    for (const step of run) mesh.step(step);
    mesh.settle();
    for (const name of Object.keys(total) as (keyof typeof total)[])
      total[name] += mesh.counts[name];
  });
  fc.assert(property, { numRuns: Number(runs ?? 300), ...(seed === undefined ? {} : { seed }) });
  return total;
}

function stepsArbitrary(actions: readonly ActionName[], count: number): fc.Arbitrary<Step[]> {
  const who = fc.nat(4);
  const dice = fc.tuple(fc.nat(30), fc.nat(30), fc.nat(255));
  return fc.array(
    fc.oneof(
      { weight: 1, arbitrary: fc.record({ do: fc.constant("read" as const), who }) },
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant("act" as const),
          who,
          action: fc.constantFrom(...actions),
          dice,
        }),
      },
      { weight: 5, arbitrary: fc.record({ do: fc.constant("commit" as const), who }) },
      {
        weight: 8,
        arbitrary: fc.record({ do: fc.constant("deliver" as const), who, pick: fc.nat(40) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("cold" as const), who }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant("exchange" as const), who, with: fc.nat(4) }),
      },
    ),
    { minLength: count >> 1, maxLength: count, size: "max" },
  );
}
