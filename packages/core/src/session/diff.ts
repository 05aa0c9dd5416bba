/**
 * What a request did to a session: the difference between what it read and what it left behind.
 *
 * Objects and lists are not values: assigning one writes the difference of its leaves. Whatever is
 * written at a path, or beneath it, also clears what the reader could not see there because another
 * kind of value hid it (M12). Deleting clears what the reader had beneath, and only that (M4).
 *
 * Not here: which attributes need no look (untouched.ts), which list element is which (match.ts),
 * and what the operations become (writing.ts).
 */
import { assert } from "../assert.js";
import { equalsView, sizeOfContent, sizeOfName, sizeOfView } from "./equality.js";
import { fieldKey, startKey } from "./keys.js";
import { type Matching, matchItems } from "./match.js";
import type { Operation } from "./operation.js";
import { wholeOfContent } from "./payload.js";
import { positionsBetween } from "./positions.js";
import type { Base } from "./snapshot.js";
import { isUntouched, untouchedFields, withoutFields } from "./untouched.js";
import {
  type Content,
  DEPTH_MAX,
  type DiffLimits,
  UnsupportedValueError,
  contentOf,
} from "./values.js";
import type { View } from "./view.js";

const NO_FIELDS: ReadonlyMap<string, View> = new Map();

/**
 * The operations that turn what was read into `value`; none when nothing changed.
 *
 * Throws {@link UnsupportedValueError} for what a session cannot hold or may not grow to; nothing is
 * changed then.
 */
export function diff(base: Base, value: unknown, limits: DiffLimits): Operation[] {
  const depthMax = limits.depthMax ?? DEPTH_MAX;
  assert(depthMax <= DEPTH_MAX, `depthMax ${depthMax} is above ${DEPTH_MAX}`);
  const { root, intents } = base;
  if (!intents && root && isUntouched(root, value)) return [];
  const untouched = untouchedFields(base, value);
  const content = contentOf(untouched ? withoutFields(value, untouched) : value, limits, intents);
  const differ = new Differ(base.identities);
  const views = root?.fields ?? NO_FIELDS;
  const touched = untouched ? new Map([...views].filter(([name]) => !untouched.has(name))) : views;
  differ.fields("", touched, content.fields);
  if (differ.operations.length > 0) refuseGrowth(root, { content, untouched }, limits);
  return differ.operations;
}

/** What a request left behind: the attributes that it touched, and those that it surely did not. */
interface Left {
  readonly content: Content & { kind: "object" };
  readonly untouched: ReadonlyMap<string, View> | undefined;
}

/** Refuses a session that is over the limit and larger than it was (P14). */
function refuseGrowth(
  root: View | undefined,
  { content, untouched }: Left,
  { bytesMax }: DiffLimits,
): void {
  let size = sizeOfContent(content);
  for (const [name, view] of untouched ?? []) size += sizeOfName(name) + sizeOfView(view);
  if (size <= bytesMax || (root && size <= sizeOfView(root))) return;
  let [largest, largestGrowth] = ["", -1];
  for (const [name, field] of content.fields) {
    const before = root?.fields.get(name);
    const growth = sizeOfContent(field) - (before ? sizeOfView(before) : 0);
    if (growth > largestGrowth) [largest, largestGrowth] = [name, growth];
  }
  throw new UnsupportedValueError(
    [largest],
    `the session would grow to ${size} bytes, above the limit of ${bytesMax}; ` +
      "store less here, or raise `sessionBytesMax`",
  );
}

class Differ {
  readonly operations: Operation[] = [];
  readonly #identities: ReadonlyMap<unknown, View>;

  constructor(identities: ReadonlyMap<unknown, View>) {
    this.#identities = identities;
  }

  /** The attributes of the object at `key`; whether anything was written. */
  fields(
    key: string,
    views: ReadonlyMap<string, View>,
    contents: ReadonlyMap<string, Content>,
  ): boolean {
    let isChanged = false;
    for (const [name, view] of views) {
      if (contents.has(name)) continue;
      this.#clear(view);
      isChanged = true;
    }
    for (const [name, content] of contents) {
      const view = views.get(name);
      if (view) isChanged = this.#value(view, content) || isChanged;
      else {
        this.operations.push({ kind: "set", key: fieldKey(key, name), content });
        isChanged = true;
      }
    }
    return isChanged;
  }

  /** The value at `view`, which is there before and after; whether anything was written. */
  #value(view: View, content: Content): boolean {
    if (content.kind === "counter") return this.#counter(view, content);
    if (view.shown === "counter" && content.kind === "scalar") {
      if (typeof content.value === "number") return this.#increment(view, content.value);
    }
    if (view.shown === content.kind && (content.kind === "object" || content.kind === "list")) {
      const isChanged =
        content.kind === "object"
          ? this.fields(view.key, view.fields, content.fields)
          : this.#list(view, content.items);
      if (isChanged) this.#passThrough(view, content.kind);
      return isChanged;
    }
    if (equalsView(view, content)) return false;
    const isWhole = view.shown === "atomic" && content.kind !== "scalar";
    const written = isWhole ? wholeOf(content) : content;
    this.#clearBeneath(view);
    this.operations.push({ kind: "set", key: view.key, content: written });
    return true;
  }

  /** A write beneath an object or list clears what it hides, and says again that it is there. */
  #passThrough(view: View, shown: "object" | "list"): void {
    if (shown !== "object") for (const field of view.fields.values()) this.#clear(field);
    if (shown !== "list") for (const item of view.items) this.#clear(item);
    this.#clearCounter(view);
    // The content of a list element never changes its kind.
    if (view.own?.kind === shown || view.rank !== undefined) return;
    const content: Content =
      shown === "object"
        ? { kind: "object", fields: new Map(), source: view }
        : { kind: "list", items: [], source: view };
    this.operations.push({ kind: "set", key: view.key, content });
  }

  #counter(view: View, { total, resetTo }: Content & { kind: "counter" }): boolean {
    if (resetTo === undefined && view.shown === "counter") return this.#increment(view, total);
    const plain = view.shown === "scalar" && view.own?.kind === "scalar" ? view.own.value : 0;
    const was = typeof plain === "number" ? plain : 0;
    if (resetTo === undefined && view.shown === "scalar" && plain === total) return false;
    const start = resetTo ?? was;
    for (const field of view.fields.values()) this.#clear(field);
    for (const item of view.items) this.#clear(item);
    this.#raiseFloors(view);
    if (view.own) this.operations.push({ kind: "clear", key: view.key });
    this.operations.push({ kind: "start", key: view.key, value: start });
    this.#add(view.key, total - start);
    return true;
  }

  #increment(view: View, total: number): boolean {
    const by = total - (view.counter?.value ?? 0);
    if (by === 0) return false;
    for (const field of view.fields.values()) this.#clear(field);
    for (const item of view.items) this.#clear(item);
    if (view.own) this.operations.push({ kind: "clear", key: view.key });
    this.#add(view.key, by);
    return true;
  }

  #add(key: string, by: number): void {
    if (by !== 0) this.operations.push({ kind: "increment", key, by });
  }

  /** Deletes a value with everything that was seen or hidden beneath it. */
  #clear(view: View): void {
    if (view.own || view.rank !== undefined) this.operations.push({ kind: "clear", key: view.key });
    // Nothing survives beneath a removed list element.
    if (view.rank === undefined) this.#clearBeneath(view);
  }

  #clearBeneath(view: View): void {
    for (const field of view.fields.values()) this.#clear(field);
    for (const item of view.items) this.#clear(item);
    this.#clearCounter(view);
  }

  #clearCounter(view: View): void {
    if (view.counter?.start) this.operations.push({ kind: "clear", key: startKey(view.key) });
    this.#raiseFloors(view);
  }

  #raiseFloors({ key, counter }: View): void {
    for (const cell of counter?.cells ?? []) this.operations.push({ kind: "floor", key, ...cell });
  }

  #list(view: View, items: readonly Content[]): boolean {
    const matching = matchItems(view.items, items, this.#identities);
    const matched = new Set(matching.indexes);
    let isChanged = false;
    view.items.forEach((item, i) => {
      if (matched.has(i)) return;
      this.#clear(item);
      isChanged = true;
    });
    isChanged = this.#arrange(view, items, matching) || isChanged;
    items.forEach((content, j) => {
      const item = view.items[matching.indexes[j] as number];
      if (item) isChanged = this.#element(item, content) || isChanged;
    });
    return isChanged;
  }

  /** Edits a list element in place. */
  #element(item: View, content: Content): boolean {
    if (equalsView(item, content)) return false;
    return this.#value(item, content);
  }

  /** Gives a place to every element that is new or has moved. */
  #arrange(view: View, items: readonly Content[], { indexes, isKept }: Matching): boolean {
    let low: string | undefined;
    let run: number[] = [];
    let isChanged = false;
    for (let j = 0; j <= items.length; j++) {
      if (j < items.length && !isKept[j]) {
        run.push(j);
        continue;
      }
      const high = view.items[indexes[j] ?? -1]?.rank;
      if (run.length > 0) {
        this.#placeRun(view, items, { indexes, run, low, high });
        isChanged = true;
      }
      low = high;
      run = [];
    }
    return isChanged;
  }

  /** New elements that stand side by side share a position; their ids put them in order. */
  #placeRun(view: View, items: readonly Content[], { indexes, run, low, high }: Run): void {
    const isNew = (j: number | undefined): boolean => j !== undefined && indexes[j] === -1;
    const groupOf: number[] = [];
    let groups = 0;
    run.forEach((j, r) => {
      if (r > 0 && !(isNew(j) && isNew(run[r - 1]))) groups++;
      groupOf.push(groups);
    });
    const positions = positionsBetween(low, high, groups + 1);
    run.forEach((j, r) => {
      const position = positions[groupOf[r] as number] as string;
      const content = items[j] as Content;
      const item = view.items[indexes[j] as number];
      if (!item) this.#insert(view.key, position, content);
      else this.#move(item, position);
    });
  }

  #insert(key: string, position: string, content: Content): void {
    const was = "source" in content ? this.#identities.get(content.source) : undefined;
    const inserted = was?.shown === "atomic" ? wholeOf(content) : content;
    this.operations.push({ kind: "insert", key, position, content: inserted });
  }

  #move(item: View, position: string): void {
    const content = item.own ?? { kind: item.shown === "list" ? "list" : "object" };
    this.operations.push({ kind: "move", key: item.key, position, content });
  }
}

interface Run {
  readonly indexes: readonly number[];
  readonly run: readonly number[];
  readonly low: string | undefined;
  readonly high: string | undefined;
}

/** A value that was one leaf stays one, however it was changed. */
function wholeOf(content: Content): Content {
  return content.kind === "atomic" ? content : { kind: "atomic", whole: wholeOfContent(content) };
}
