/**
 * What a commit states, in the terms of the model: the difference between what its author read and
 * what he left behind.
 *
 * List elements are told apart by their `id`, or by being equal. So in one request no list of objects
 * may both lose and gain elements, which would count as edits, and equal elements may not be removed.
 *
 * Not here: what follows from facts (merge-model.ts).
 */
import type { JsonObject, JsonValue } from "@session-mesh/core";
import { canonical } from "./convergence.js";
import { type Fact, type ModelView, type Own, type Path, textOf } from "./merge-model.js";

/** What a request means to do to top-level attributes, beside changing them. */
export interface Intents {
  /** Counters by name, and what they were reset to, if they were. */
  readonly counters: ReadonlyMap<string, number | undefined>;
  /** Attributes that were assigned as one leaf. */
  readonly atomics: ReadonlySet<string>;
  /** Attributes that hold lists of objects whose elements were moved. */
  readonly moved: ReadonlySet<string>;
}

const NOTHING: ReadonlyMap<string, ModelView> = new Map();

/** A text for a value in which the order of lists does not count. */
export function unordered(value: JsonValue): string {
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) {
    return canonical(value);
  }
  if (Array.isArray(value)) return `[${value.map(unordered).sort().join(",")}]`;
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${unordered(inner)}`).join(",")}}`;
}

/** The facts that turn what `view` shows into `wanted`; `commit` names the commit among all. */
export function factsFor(
  view: ModelView | undefined,
  wanted: JsonObject,
  { intents, commit }: { intents: Intents; commit: string },
): Fact[] {
  const writing = new Writing(intents, commit);
  writing.fields([], view?.fields ?? NOTHING, wanted);
  return [...writing.facts.values()];
}

class Writing {
  /** By what they are about: of two in one commit the second counts. */
  readonly facts = new Map<string, Fact>();
  readonly #intents: Intents;
  readonly #commit: string;
  #ids = 0;

  constructor(intents: Intents, commit: string) {
    this.#intents = intents;
    this.#commit = commit;
  }

  /** Writes attributes; whether anything was to be written. */
  fields(path: Path, had: ReadonlyMap<string, ModelView>, wanted: JsonObject): boolean {
    let isChanged = false;
    const values = new Map(Object.entries(wanted));
    for (const [name, view] of had) {
      if (values.has(name)) continue;
      this.#erase([...path, `.${name}`], view);
      isChanged = true;
    }
    for (const [name, value] of values) {
      isChanged = this.#value([...path, `.${name}`], had.get(name), value) || isChanged;
    }
    return isChanged;
  }

  #value(path: Path, view: ModelView | undefined, wanted: JsonValue): boolean {
    if (!view) return this.#put(path, wanted);
    const [name] = path.length === 1 ? [(path[0] as string).slice(1)] : [];
    const { counters, atomics } = this.#intents;
    if (name !== undefined && counters.has(name)) {
      return this.#counter(path, view, { total: wanted as number, resetTo: counters.get(name) });
    }
    if (view.shown === "counter" && typeof wanted === "number") {
      return this.#counter(path, view, { total: wanted, resetTo: undefined });
    }
    const isAtomic = name !== undefined && atomics.has(name);
    const kind = isAtomic ? "atomic" : kindOf(wanted);
    if (view.shown === kind && (kind === "object" || kind === "list")) {
      const isChanged =
        kind === "object"
          ? this.fields(path, view.fields, wanted as JsonObject)
          : this.#items(path, view.items, wanted as readonly JsonValue[]);
      if (isChanged) this.#passThrough(path, view, kind);
      return isChanged;
    }
    if (isEqualLeaf(view, wanted)) return false;
    const isWhole = isAtomic || (view.shown === "atomic" && kind !== "scalar");
    this.#erase(path, view);
    if (isWhole) this.#own(path, { kind: "atomic", text: canonical(wanted) });
    else this.#put(path, wanted);
    return true;
  }

  #items(path: Path, had: ReadonlyMap<string, ModelView>, wanted: readonly JsonValue[]): boolean {
    const free = new Map<string, string[]>();
    for (const [uid, view] of had) {
      const token = tokenOfView(view);
      free.set(token, [...(free.get(token) ?? []), uid]);
    }
    let isChanged = path.length === 1 && this.#intents.moved.has((path[0] as string).slice(1));
    for (const value of wanted) {
      const uid = free.get(tokenOf(value))?.shift();
      const at = [...path, `#${uid ?? this.#nextId()}`];
      const isWritten =
        uid === undefined ? this.#put(at, value) : this.#value(at, had.get(uid), value);
      isChanged ||= isWritten;
    }
    for (const uid of [...free.values()].flat()) {
      const at = [...path, `#${uid}`];
      this.#say("gone", { t: "gone", path: at });
      isChanged = true;
    }
    return isChanged;
  }

  /** A write beneath clears what hid there, and says that the object or list is there. */
  #passThrough(path: Path, view: ModelView, shown: "object" | "list"): void {
    const isElement = path.at(-1)?.startsWith("#") === true;
    if (shown !== "object")
      for (const [name, each] of view.fields) this.#erase([...path, `.${name}`], each);
    if (shown !== "list") this.#eraseItems(path, view);
    this.#eraseCounter(path, view);
    if (view.own?.kind !== shown && !isElement) this.#own(path, { kind: shown });
  }

  #counter(
    path: Path,
    view: ModelView,
    { total, resetTo }: { total: number; resetTo: number | undefined },
  ): boolean {
    const isCounter = view.shown === "counter";
    const plain = view.own?.kind === "scalar" ? view.own.number : undefined;
    const was = isCounter ? view.counter?.total : view.shown === "scalar" ? plain : undefined;
    if (resetTo === undefined && was === total) return false;
    const keeps = resetTo === undefined && isCounter;
    for (const [name, each] of view.fields) this.#erase([...path, `.${name}`], each);
    this.#eraseItems(path, view);
    if (view.own) this.#own(path, undefined);
    const start = keeps ? (was ?? 0) : (resetTo ?? was ?? 0);
    if (!keeps) {
      this.#eraseCounter(path, view);
      this.#say("start", { t: "start", path, value: start });
    }
    this.#increment(path, total - start);
    return true;
  }

  /** Writes where nothing lived. */
  #put(path: Path, value: JsonValue): true {
    const name = path.length === 1 ? (path[0] as string).slice(1) : undefined;
    if (name !== undefined && this.#intents.counters.has(name)) {
      const start = this.#intents.counters.get(name) ?? 0;
      this.#say("start", { t: "start", path, value: start });
      this.#increment(path, (value as number) - start);
      return true;
    }
    if (name !== undefined && this.#intents.atomics.has(name)) {
      this.#own(path, { kind: "atomic", text: canonical(value) });
      return true;
    }
    const kind = kindOf(value);
    this.#own(path, kind === "scalar" ? scalarOf(value) : { kind });
    if (kind === "object") {
      for (const [field, inner] of Object.entries(value as JsonObject)) {
        this.#put([...path, `.${field}`], inner);
      }
    } else if (kind === "list") {
      for (const inner of value as readonly JsonValue[]) {
        this.#put([...path, `#${this.#nextId()}`], inner);
      }
    }
    return true;
  }

  /** Clears everything that lives at and beneath a path, and nothing else. */
  #erase(path: Path, view: ModelView): void {
    if (path.at(-1)?.startsWith("#") === true) {
      this.#say("gone", { t: "gone", path });
      return;
    }
    if (view.own) this.#own(path, undefined);
    for (const [name, each] of view.fields) this.#erase([...path, `.${name}`], each);
    this.#eraseItems(path, view);
    this.#eraseCounter(path, view);
  }

  #eraseItems(path: Path, { items }: ModelView): void {
    for (const [uid, each] of items) this.#erase([...path, `#${uid}`], each);
  }

  #eraseCounter(path: Path, { counter }: ModelView): void {
    if (!counter) return;
    if (counter.isStarted) this.#say("start", { t: "start", path, value: undefined });
    if (counter.ids.length > 0) this.#say("forget", { t: "forget", path, ids: counter.ids });
  }

  #own(path: Path, value: Own | undefined): void {
    this.#say("own", { t: "own", path, value });
  }

  #increment(path: Path, by: number): void {
    if (by !== 0) this.#say("increment", { t: "increment", path, by, id: this.#nextId() });
  }

  #nextId(): string {
    this.#ids += 1;
    return `${this.#commit}.${this.#ids}`;
  }

  #say(about: string, fact: Fact): void {
    this.facts.set(about + JSON.stringify(fact.path), fact);
  }
}

function kindOf(value: JsonValue): "scalar" | "object" | "list" {
  if (Array.isArray(value)) return "list";
  const isObject = typeof value === "object" && value !== null && !(value instanceof Uint8Array);
  return isObject ? "object" : "scalar";
}

function scalarOf(value: JsonValue): Own {
  const text = canonical(value);
  return typeof value === "number"
    ? { kind: "scalar", text, number: value }
    : { kind: "scalar", text };
}

function isEqualLeaf(view: ModelView, wanted: JsonValue): boolean {
  const isLeaf = view.shown === "scalar" || view.shown === "atomic";
  return (
    isLeaf && view.own !== undefined && "text" in view.own && view.own.text === canonical(wanted)
  );
}

function tokenOf(value: JsonValue): string {
  const isObject = kindOf(value) === "object";
  return isObject ? `id ${canonical((value as JsonObject)["id"] ?? null)}` : unordered(value);
}

function tokenOfView(view: ModelView): string {
  if (view.shown !== "object") return textOf(view);
  const id = view.fields.get("id")?.own;
  return `id ${id && "text" in id ? id.text : "null"}`;
}
