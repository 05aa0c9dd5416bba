/**
 * The payload of an entry: what it says of its path, as the arrays that a document stores.
 *
 *   absent                    ⊥: what was here is gone
 *   text, number, …, bytes    a leaf
 *   [1]  [2]                  here is an object, a list
 *   [4, whole]                a leaf with parts, see `atomic`
 *   [5, position, content]    an element of a list; its content is a leaf or a marker
 *   [6, plus, minus]          what a writer added to a counter and took from it, ever; or a floor
 *   [8, bytes]                text that UTF-8 cannot carry, two bytes a unit
 *
 * Parts of a whole: leaves as above, `[1, name, part, …]`, `[2, part, …]`. Objects are not stored as
 * objects: a name such as `__proto__` must stay data in every decoder.
 * Other numbers are a newer version's: kept, and never shown.
 *
 * Not here: keys (keys.ts).
 */
import { type Step, STEPS_MAX, hasLoneSurrogate } from "./keys.js";
import { isPosition } from "./positions.js";
import type { Content, JsonValue, Scalar } from "./values.js";

/** What an entry says of its path. */
export type Leaf =
  | { readonly kind: "cleared" }
  | { readonly kind: "scalar"; readonly value: Scalar }
  | { readonly kind: "atomic"; readonly whole: unknown }
  | { readonly kind: "object" }
  | { readonly kind: "list" }
  | { readonly kind: "slot"; readonly position: string; readonly content: Leaf }
  | { readonly kind: "totals"; readonly plus: number; readonly minus: number }
  | { readonly kind: "unknown" };

const OBJECT = 1;
const LIST = 2;
const ATOMIC = 4;
const SLOT = 5;
const TOTALS = 6;
const TEXT = 8;

const CLEARED: Leaf = { kind: "cleared" };
const UNKNOWN: Leaf = { kind: "unknown" };

/** The payload of a slot at `position` with the payload `content`. */
export function slotPayload(position: string, content: unknown): unknown {
  return [SLOT, position, content];
}

/** The payload of a counter's cell or floor. */
export function totalsPayload(plus: number, minus: number): unknown {
  return [TOTALS, plus, minus];
}

/** The payload that says `content` is here; of an object or list only the marker. */
export function contentPayload(content: Content): unknown {
  switch (content.kind) {
    case "scalar":
      return scalarPayload(content.value);
    case "atomic":
      return [ATOMIC, content.whole];
    case "object":
      return [OBJECT];
    case "list":
      return [LIST];
    case "counter":
      return content.total;
  }
}

/** The payload that says what `leaf` says. */
export function leafPayload(leaf: Leaf): unknown {
  switch (leaf.kind) {
    case "scalar":
      return scalarPayload(leaf.value);
    case "atomic":
      return [ATOMIC, leaf.whole];
    case "object":
      return [OBJECT];
    default:
      return [LIST];
  }
}

function scalarPayload(value: Scalar): unknown {
  if (typeof value !== "string" || !hasLoneSurrogate(value)) return value;
  const bytes = new Uint8Array(value.length * 2);
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    bytes[2 * i] = unit >> 8;
    bytes[2 * i + 1] = unit & 0xff;
  }
  return [TEXT, bytes];
}

/** The whole that `content` is as one leaf. */
export function wholeOfContent(content: Content): unknown {
  switch (content.kind) {
    case "scalar":
      return scalarPayload(content.value);
    case "atomic":
      return content.whole;
    case "object": {
      const parts: unknown[] = [OBJECT];
      for (const name of [...content.fields.keys()].sort()) {
        parts.push(scalarPayload(name), wholeOfContent(content.fields.get(name) as Content));
      }
      return parts;
    }
    case "list":
      return [LIST, ...content.items.map(wholeOfContent)];
    case "counter":
      return content.total;
  }
}

/** What the payload of an entry whose key ends in `step` says; a peer may have sent anything. */
export function leafOf(payload: unknown, step: Step): Leaf {
  if (payload === undefined) return CLEARED;
  switch (step.kind) {
    case "field":
      return contentLeaf(payload);
    case "slot":
      return slotLeaf(payload);
    case "start":
      return typeof payload === "number" && Number.isFinite(payload)
        ? { kind: "scalar", value: payload }
        : UNKNOWN;
    default:
      return totalsLeaf(payload);
  }
}

function contentLeaf(payload: unknown): Leaf {
  const scalar = scalarOf(payload);
  if (scalar !== undefined) return { kind: "scalar", value: scalar };
  if (!Array.isArray(payload)) return UNKNOWN;
  switch (payload[0]) {
    case OBJECT:
      return { kind: "object" };
    case LIST:
      return { kind: "list" };
    case ATOMIC:
      return isWhole(payload[1], 0) ? { kind: "atomic", whole: payload[1] } : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

function slotLeaf(payload: unknown): Leaf {
  if (!Array.isArray(payload) || payload[0] !== SLOT || !isPosition(payload[1])) return UNKNOWN;
  return { kind: "slot", position: payload[1], content: contentLeaf(payload[2]) };
}

function totalsLeaf(payload: unknown): Leaf {
  if (!Array.isArray(payload) || payload[0] !== TOTALS) return UNKNOWN;
  const [, plus, minus] = payload as unknown[];
  return isTotal(plus) && isTotal(minus) ? { kind: "totals", plus, minus } : UNKNOWN;
}

const isTotal = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= Number.MAX_VALUE;

/** The scalar that a payload is; undefined where it is none. */
function scalarOf(payload: unknown): Scalar | undefined {
  switch (typeof payload) {
    case "string":
    case "boolean":
      return payload;
    case "number":
      return Number.isFinite(payload) ? payload + 0 : undefined;
    case "object":
      if (payload === null || payload instanceof Uint8Array) return payload;
      return Array.isArray(payload) && payload[0] === TEXT ? textOf(payload[1]) : undefined;
    default:
      return undefined;
  }
}

function textOf(bytes: unknown): string | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined;
  let text = "";
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    text += String.fromCharCode(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  }
  return text;
}

function isWhole(part: unknown, depth: number): boolean {
  if (scalarOf(part) !== undefined) return true;
  if (!Array.isArray(part) || depth > STEPS_MAX) return false;
  if (part[0] === LIST) return part.every((item, i) => i === 0 || isWhole(item, depth + 1));
  if (part[0] !== OBJECT || part.length % 2 === 0) return false;
  return part.every((item, i) => {
    if (i === 0) return true;
    return i % 2 === 1 ? typeof scalarOf(item) === "string" : isWhole(item, depth + 1);
  });
}

/** A fresh plain value of a whole. */
export function wholeValue(part: unknown): JsonValue {
  const scalar = scalarOf(part);
  if (scalar !== undefined) return scalar instanceof Uint8Array ? scalar.slice() : scalar;
  const [kind, ...parts] = part as unknown[];
  if (kind === LIST) return parts.map(wholeValue);
  const object = {};
  for (let i = 0; i < parts.length; i += 2) {
    setOwn(object, scalarOf(parts[i]) as string, wholeValue(parts[i + 1]));
  }
  return object;
}

/** Sets a property of its own, whatever its name. */
export function setOwn(object: object, name: string, value: unknown): void {
  if (name !== "__proto__") (object as Record<string, unknown>)[name] = value;
  else {
    const attributes = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(object, name, attributes);
  }
}

/** Whether two wholes are the same value; `b` may be a payload that was made here. */
export function equalWholes(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((part, i) => equalWholes(part, b[i]));
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  return a === b;
}
