/**
 * The merge laws M1–M8, M11 and M12 once more, naively: a session is a set of facts, and what shows is
 * worked out from all of them every time. For tests only.
 *
 * It shares no code with the session document and knows nothing of Yjs, keys, positions, cells or
 * floors; so it says which elements a list holds, but not in which order.
 */

/** Who wrote and when. */
type ModelStamp = readonly [clock: number, writer: number];

/** A part of a path: an attribute, `.name`, or a list element, `#uid`. */
type Part = string;

/** A scalar; bytes are left to the unit tests. */
export type ModelScalar = string | number | boolean | null;

/** What a commit says. */
export type Fact =
  | { t: "own"; path: readonly Part[]; value: Own | undefined; stamp: ModelStamp }
  | { t: "element"; path: readonly Part[]; value: Own; stamp: ModelStamp }
  | { t: "gone"; element: Part }
  | { t: "start"; path: readonly Part[]; value: number | undefined; stamp: ModelStamp }
  | { t: "increment"; path: readonly Part[]; by: number; id: number; stamp: ModelStamp }
  | { t: "forget"; ids: readonly number[] };

type Own = { scalar: ModelScalar } | "object" | "list";

/** A value as the application has it, list elements named. */
export type Tree =
  | { k: "scalar"; value: ModelScalar }
  | { k: "counter"; total: number; resetTo?: number }
  | { k: "object"; fields: Map<string, Tree> }
  | { k: "list"; items: { uid: string; tree: Tree }[] };

type Alive = Exclude<Fact, { t: "gone" | "forget" }>;
type Shown = "scalar" | "object" | "list" | "counter";

const later = (a: ModelStamp, b: ModelStamp): boolean => (a[0] - b[0] || a[1] - b[1]) > 0;
const nameOf = (path: readonly Part[]): string => JSON.stringify(path);
const isWithin = (path: readonly Part[], above: readonly Part[]): boolean =>
  above.every((part, i) => path[i] === part);

/** The facts that live: not overwritten, not deleted, not in a removed or unknown element. */
function alive(facts: readonly Fact[]): Alive[] {
  const gone = new Set<Part>();
  const forgotten = new Set<number>();
  const known = new Set<Part>();
  const latest = new Map<string, Alive>();
  for (const fact of facts) {
    if (fact.t === "gone") gone.add(fact.element);
    else if (fact.t === "forget") fact.ids.forEach((id) => forgotten.add(id));
    else {
      if (fact.t === "element") known.add(fact.path.at(-1) as Part);
      const register = fact.t === "increment" ? `+${fact.id}` : `${fact.t}${nameOf(fact.path)}`;
      const other = latest.get(register);
      if (!other || later(fact.stamp, other.stamp)) latest.set(register, fact);
    }
  }
  const isHere = (part: Part): boolean => part[0] === "." || (known.has(part) && !gone.has(part));
  return [...latest.values()].filter((fact) => {
    if (!fact.path.every(isHere)) return false;
    return fact.t === "increment" ? !forgotten.has(fact.id) : fact.value !== undefined;
  });
}

/** What kind of value at `path` a fact at or beneath it speaks for. */
function kindOf(fact: Alive, path: readonly Part[]): Shown {
  const next = fact.path[path.length];
  if (next !== undefined) return next[0] === "." ? "object" : "list";
  if (fact.t === "start" || fact.t === "increment") return "counter";
  return typeof fact.value === "object" ? "scalar" : (fact.value as Shown);
}

/** What shows in a session in which `facts` are known. */
export class ModelView {
  readonly #alive: readonly Alive[];

  constructor(facts: readonly Fact[]) {
    this.#alive = alive(facts);
  }

  /** The whole session. */
  tree(): Tree & { k: "object" } {
    return this.#object([], this.#alive);
  }

  /** The facts that a commit of `wanted`, by someone who saw this view, consists of. */
  factsFor(wanted: Tree & { k: "object" }, stamp: ModelStamp, nextId: () => number): Fact[] {
    const writing = new ModelCommit(this, stamp, nextId);
    writing.fields([], wanted.fields);
    return [...writing.facts.values()];
  }

  within(path: readonly Part[]): Alive[] {
    return this.#alive.filter((fact) => isWithin(fact.path, path));
  }

  shown(path: readonly Part[], facts: readonly Alive[] = this.within(path)): Shown | undefined {
    let best: Alive | undefined;
    for (const fact of facts) if (!best || later(fact.stamp, best.stamp)) best = fact;
    return best && kindOf(best, path);
  }

  /** The parts one step beneath `path` that hold something, of the kind that shows there. */
  parts(path: readonly Part[], sign: "." | "#"): Part[] {
    const parts = new Set<Part>();
    for (const { path: at } of this.within(path)) {
      const part = at[path.length];
      if (part?.[0] === sign) parts.add(part);
    }
    return [...parts];
  }

  value(path: readonly Part[]): Tree {
    const facts = this.within(path);
    switch (this.shown(path, facts)) {
      case "object":
        return this.#object(path, facts);
      case "list":
        return {
          k: "list",
          items: this.parts(path, "#").map((part) => ({
            uid: part.slice(1),
            tree: this.value([...path, part]),
          })),
        };
      case "counter":
        return { k: "scalar", value: this.total(path) };
      default:
        return { k: "scalar", value: this.scalar(path) };
    }
  }

  scalar(path: readonly Part[]): ModelScalar {
    for (const fact of this.within(path)) {
      if (fact.path.length > path.length || (fact.t !== "own" && fact.t !== "element")) continue;
      if (typeof fact.value === "object") return fact.value.scalar;
    }
    return null;
  }

  total(path: readonly Part[]): number {
    let total = 0;
    for (const fact of this.within(path)) {
      if (fact.path.length > path.length) continue;
      if (fact.t === "start") total += fact.value ?? 0;
      if (fact.t === "increment") total += fact.by;
    }
    return total;
  }

  #object(path: readonly Part[], _facts: readonly Alive[]): Tree & { k: "object" } {
    const fields = new Map<string, Tree>();
    for (const part of this.parts(path, "."))
      fields.set(part.slice(1), this.value([...path, part]));
    return { k: "object", fields };
  }
}

class ModelCommit {
  /** By what they are about: of two in one commit the second counts. */
  readonly facts = new Map<string, Fact>();
  readonly #base: ModelView;
  readonly #stamp: ModelStamp;
  readonly #nextId: () => number;

  constructor(base: ModelView, stamp: ModelStamp, nextId: () => number) {
    this.#base = base;
    this.#stamp = stamp;
    this.#nextId = nextId;
  }

  fields(path: readonly Part[], wanted: ReadonlyMap<string, Tree>): boolean {
    let isChanged = false;
    for (const part of this.#base.parts(path, ".")) {
      if (wanted.has(part.slice(1))) continue;
      this.#erase([...path, part], () => true);
      isChanged = true;
    }
    for (const [name, tree] of wanted) {
      isChanged = this.#value([...path, `.${name}`], tree) || isChanged;
    }
    return isChanged;
  }

  #value(path: readonly Part[], wanted: Tree): boolean {
    const shown = this.#base.shown(path);
    if (!shown) return this.#put(path, wanted);
    if (wanted.k === "counter") return this.#counter(path, shown, wanted);
    if (shown === "counter" && wanted.k === "scalar" && typeof wanted.value === "number") {
      return this.#counter(path, shown, { k: "counter", total: wanted.value });
    }
    if (shown === "scalar" && wanted.k === "scalar") {
      if (this.#base.scalar(path) === wanted.value) return false;
    }
    if (shown === wanted.k && (wanted.k === "object" || wanted.k === "list")) {
      const isChanged =
        wanted.k === "object" ? this.fields(path, wanted.fields) : this.#items(path, wanted.items);
      if (isChanged) this.#passThrough(path, wanted.k);
      return isChanged;
    }
    this.#erase(path, () => true);
    return this.#put(path, wanted);
  }

  #items(path: readonly Part[], items: readonly { uid: string; tree: Tree }[]): boolean {
    const wanted = new Map(items.map(({ uid, tree }) => [`#${uid}`, tree]));
    const had = this.#base.parts(path, "#");
    let isChanged = false;
    for (const part of had) {
      const tree = wanted.get(part);
      if (tree) isChanged = this.#value([...path, part], tree) || isChanged;
      else {
        this.#say(`gone${part}`, { t: "gone", element: part });
        isChanged = true;
      }
    }
    for (const [part, tree] of wanted) {
      if (!had.includes(part)) isChanged = this.#put([...path, part], tree);
    }
    return isChanged;
  }

  /** A write beneath clears what hid there, and says that the object or list is there. */
  #passThrough(path: readonly Part[], shown: "object" | "list"): void {
    this.#erase(path, (fact) => kindOf(fact, path) !== shown);
    const isMarked = this.#base
      .within(path)
      .some((fact) => fact.path.length === path.length && kindOf(fact, path) === shown);
    if (!isMarked && path.at(-1)?.[0] === ".") this.#own(path, shown);
  }

  #counter(path: readonly Part[], shown: Shown, wanted: Tree & { k: "counter" }): boolean {
    const was =
      shown === "counter"
        ? this.#base.total(path)
        : shown === "scalar"
          ? this.#base.scalar(path)
          : undefined;
    if (wanted.resetTo === undefined && was === wanted.total) return false;
    const isOther = (fact: Alive): boolean => kindOf(fact, path) !== "counter";
    const keeps = wanted.resetTo === undefined && shown === "counter";
    this.#erase(path, keeps ? isOther : () => true);
    const start = wanted.resetTo ?? (typeof was === "number" ? was : 0);
    if (!keeps) this.#start(path, start);
    const by = wanted.total - start;
    if (by !== 0) this.#increment(path, by);
    return true;
  }

  #put(path: readonly Part[], tree: Tree): boolean {
    if (tree.k === "counter") {
      this.#start(path, tree.resetTo ?? 0);
      const by = tree.total - (tree.resetTo ?? 0);
      if (by !== 0) this.#increment(path, by);
      return true;
    }
    this.#own(path, tree.k === "scalar" ? { scalar: tree.value } : tree.k);
    if (tree.k === "object") {
      for (const [name, field] of tree.fields) this.#put([...path, `.${name}`], field);
    } else if (tree.k === "list") {
      for (const { uid, tree: item } of tree.items) this.#put([...path, `#${uid}`], item);
    }
    return true;
  }

  #own(path: readonly Part[], value: Own): void {
    const t = path.at(-1)?.[0] === "." ? "own" : "element";
    this.#say(`own${nameOf(path)}`, { t, path, value, stamp: this.#stamp });
  }

  #start(path: readonly Part[], value: number | undefined): void {
    this.#say(`start${nameOf(path)}`, { t: "start", path, value, stamp: this.#stamp });
  }

  #increment(path: readonly Part[], by: number): void {
    const id = this.#nextId();
    this.#say(`+${id}`, { t: "increment", path, by, id, stamp: this.#stamp });
  }

  #erase(path: readonly Part[], isMeant: (fact: Alive) => boolean): void {
    for (const fact of this.#base.within(path)) {
      if (!isMeant(fact)) continue;
      const element = fact.path.slice(path.length).find((part) => part[0] === "#");
      if (element) this.#say(`gone${element}`, { t: "gone", element });
      else if (fact.t === "increment") {
        this.#say(`forget${fact.id}`, { t: "forget", ids: [fact.id] });
      } else if (fact.t === "start") this.#start(fact.path, undefined);
      else {
        const { path: at } = fact;
        this.#say(`own${nameOf(at)}`, { t: "own", path: at, value: undefined, stamp: this.#stamp });
      }
    }
  }

  #say(about: string, fact: Fact): void {
    this.facts.set(about, fact);
  }
}
