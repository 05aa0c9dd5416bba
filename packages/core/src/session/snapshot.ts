/**
 * What a request reads: the session as plain data of its own, which it may change in place, and
 * beside it an opaque base from which `diff` later tells what it changed.
 *
 * Not here: how the change is told (diff.ts).
 */
import type { CounterIntents } from "./counter.js";
import { type Leaf, setOwn, wholeValue } from "./payload.js";
import { type JsonObject, type JsonValue, type Scalar, equalScalars } from "./values.js";
import type { View } from "./view.js";

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
  const object = {};
  for (const [name, field] of view.fields) setOwn(object, name, plainValue(field, identities));
  return object;
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
    case "list": {
      const list: JsonValue[] = [];
      for (const item of view.items) {
        const value = plainValue(item, identities);
        if (typeof value === "object" && value !== null) identities.set(value, item);
        list.push(value);
      }
      return list;
    }
  }
}

/** The scalar that a scalar's view holds. */
export function scalarOf(leaf: Leaf | undefined): Scalar {
  return leaf?.kind === "scalar" ? leaf.value : null;
}

/** The whole that an atomic's view holds, as stored. */
export function wholeOf(leaf: Leaf | undefined): unknown {
  return leaf?.kind === "atomic" ? leaf.whole : null;
}

/**
 * Whether `live` is surely what `view` shows, found without a copy: the common case is that a request
 * changed nothing. False may also mean that it takes a closer look.
 */
export function isUntouched(view: View, live: unknown): boolean {
  switch (view.shown) {
    case "scalar": {
      const value = scalarOf(view.own);
      if (value === live) return true;
      return live instanceof Uint8Array && equalScalars(value, live);
    }
    case "counter":
      return view.counter?.value === live;
    case "object":
      return isUntouchedObject(view, live);
    case "list":
      if (!Array.isArray(live) || live.length !== view.items.length) return false;
      return view.items.every((item, i) => isUntouched(item, live[i]));
    case "atomic":
      return false;
  }
}

function isUntouchedObject(view: View, live: unknown): boolean {
  if (typeof live !== "object" || live === null) return false;
  const prototype: unknown = Object.getPrototypeOf(live);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const names = Object.keys(live);
  if (names.length !== view.fields.size) return false;
  return names.every((name) => {
    const field = view.fields.get(name);
    return field !== undefined && isUntouched(field, (live as JsonObject)[name]);
  });
}
