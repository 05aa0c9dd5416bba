/**
 * What a request reads: the session as plain data of its own, which it may change in place, and
 * beside it an opaque base from which `diff` later tells what it changed.
 *
 * Not here: how the change is told (diff.ts).
 */
import type { CounterIntents } from "./counter.js";
import { type Leaf, setOwn, wholeValue } from "./payload.js";
import type { JsonObject, JsonValue, Scalar } from "./values.js";
import { memoOf, type Template, type View } from "./view.js";

/** What was read, for `diff` alone. The views are immutable and shared with the document. */
export interface Base {
  /** Undefined for a session that holds nothing. */
  readonly root: View | undefined;
  /** Which list element each object handed out was. */
  readonly identities: ReadonlyMap<unknown, View>;
  /** What the request means to do to its counters. */
  intents: CounterIntents | undefined;
}

/** One reading of a session. */
export interface Snapshot {
  /** Fresh plain data; change it as you like. */
  readonly value: JsonObject;
  readonly base: Base;
}

/** Reads what shows beneath `root`. */
export function readSnapshot(root: View | undefined): Snapshot {
  const identities = new Map<unknown, View>();
  const value = root ? plainObject(root, identities) : {};
  return { value, base: { root, identities, intents: undefined } };
}

function plainObject(view: View, identities: Map<unknown, View>): JsonObject {
  const { flat, nested } = templateOf(view);
  const object = { ...(flat as JsonObject) };
  for (const [name, field] of nested) {
    setOwn(object, name as string, plainValue(field, identities));
  }
  return object;
}

function plainList(view: View, identities: Map<unknown, View>): JsonValue[] {
  const { flat, nested } = templateOf(view);
  const list = (flat as readonly JsonValue[]).slice();
  for (const [index, item] of nested) {
    const value = plainValue(item, identities);
    list[index as number] = value;
    if (value !== null) identities.set(value, item);
  }
  return list;
}

function plainValue(view: View, identities: Map<unknown, View>): JsonValue {
  switch (view.shown) {
    case "scalar": {
      const value = scalarOf(view.own);
      return value instanceof Uint8Array ? value.slice() : value;
    }
    case "atomic":
      return wholeValue(wholeOf(view.own));
    case "object":
      return plainObject(view, identities);
    case "counter":
      return view.counter?.value ?? 0;
    case "list":
      return plainList(view, identities);
  }
}

/** Copying an object is several times faster than making it anew, name by name. */
function templateOf(view: View): Template {
  const memo = memoOf(view);
  return (memo.template ??= view.shown === "list" ? listTemplate(view) : objectTemplate(view));
}

function objectTemplate(view: View): Template {
  const flat = {};
  const nested: [string, View][] = [];
  for (const [name, field] of view.fields) {
    setOwn(flat, name, flatValue(field));
    if (flatValue(field) === null) nested.push([name, field]);
  }
  return { flat, nested };
}

function listTemplate(view: View): Template {
  const flat: JsonValue[] = [];
  const nested: [number, View][] = [];
  view.items.forEach((item, i) => {
    flat.push(flatValue(item));
    if (flatValue(item) === null) nested.push([i, item]);
  });
  return { flat, nested };
}

/** A value that readers can share; null also stands for what each needs a copy of. */
function flatValue(view: View): JsonValue {
  if (view.shown === "counter") return view.counter?.value ?? 0;
  const value = view.shown === "scalar" ? scalarOf(view.own) : null;
  return typeof value === "object" ? null : value;
}

/** The scalar that a scalar's view holds. */
export function scalarOf(leaf: Leaf | undefined): Scalar {
  return leaf?.kind === "scalar" ? leaf.value : null;
}

/** The whole that an atomic's view holds, as stored. */
export function wholeOf(leaf: Leaf | undefined): unknown {
  return leaf?.kind === "atomic" ? leaf.whole : null;
}
