/**
 * What a request surely left as it was, found without a copy: the common case is that it changed
 * nothing, or one attribute of many.
 *
 * Not here: what became of the rest (diff.ts).
 */
import { setOwn } from "./payload.js";
import { type Base, scalarOf } from "./snapshot.js";
import { equalScalars } from "./values.js";
import type { View } from "./view.js";

const isOwn = Object.prototype.propertyIsEnumerable;

/** The attributes that surely did not change: their values need no closer look. */
export function untouchedFields(
  { root, intents }: Base,
  value: unknown,
): ReadonlyMap<string, View> | undefined {
  if (!root || root.shown !== "object" || !isPlainObject(value)) return undefined;
  const untouched = new Map<string, View>();
  for (const [name, view] of root.fields) {
    const isIntended = intents?.parts?.has(name) === true;
    if (isIntended || !isOwn.call(value, name)) continue;
    if (isUntouched(view, value[name])) untouched.set(name, view);
  }
  return untouched;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A copy of the object without some of its attributes. */
export function withoutFields(value: unknown, left: ReadonlyMap<string, View>): object {
  const rest = {};
  for (const name of Object.keys(value as object)) {
    if (!left.has(name)) setOwn(rest, name, (value as Record<string, unknown>)[name]);
  }
  return rest;
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
  if (!isPlainObject(live)) return false;
  const names = Object.keys(live);
  if (names.length !== view.fields.size) return false;
  return names.every((name) => {
    const field = view.fields.get(name);
    return field !== undefined && isUntouched(field, live[name]);
  });
}
