/**
 * The keys of a document's entries: paths as text.
 *
 *   /cart/items            the attribute `items` in the attribute `cart`
 *   /cart/items~@<slot>    one element of that list; `/name` may follow
 *   /views~=               the start value of a counter
 *   /views~+<writer>       what that writer added to the counter and took from it
 *   /views~-<writer>       how much of that a reset has seen
 *
 * In a name `~` is written `~0`, `/` is `~1` and half a surrogate pair, which UTF-8 cannot carry, is
 * `~s` and its four hexadecimal digits, so that `~` and a sign are never part of a name. Every path
 * has one spelling: a key that spells it otherwise is no key.
 *
 * Not here: what an entry says of its path (payload.ts), and which entry counts (places.ts).
 */
import { type WriterId, isWriterId } from "../ids.js";

/** The key of the session itself; no entry has it. */
export const ROOT_KEY = "";

/** A key with more steps is never shown: reading recurses once a step. */
export const STEPS_MAX = 128;

/** One step of a path, from what contains it. */
export type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "slot"; readonly id: string }
  | { readonly kind: "start" }
  | { readonly kind: "cell" | "floor"; readonly writer: WriterId };

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const NEEDS_ESCAPE = /[~/\ud800-\udfff]/;
const ESCAPED = /~(?:0|1|s([0-9a-f]{4}))/g;
const SLOT_ID = /^[0-9A-Za-z]{1,32}$/;

/** Whether UTF-8 cannot carry `text`: it holds half of a surrogate pair. */
export function hasLoneSurrogate(text: string): boolean {
  return text.search(LONE_SURROGATE) >= 0;
}

function escapeName(name: string): string {
  if (!NEEDS_ESCAPE.test(name)) return name;
  return name
    .replaceAll("~", "~0")
    .replaceAll("/", "~1")
    .replace(LONE_SURROGATE, (unit) => `~s${unit.charCodeAt(0).toString(16)}`);
}

function unescapeName(text: string): string | undefined {
  if (!text.includes("~")) return text;
  const name = text.replace(ESCAPED, (escape: string, unit: string | undefined) => {
    if (unit !== undefined) return String.fromCharCode(Number.parseInt(unit, 16));
    return escape === "~0" ? "~" : "/";
  });
  return escapeName(name) === text ? name : undefined;
}

/** The key of the attribute `name` of the object at `parent`. */
export function fieldKey(parent: string, name: string): string {
  return `${parent}/${escapeName(name)}`;
}

/** The key of an element of the list at `parent`. */
export function slotKey(parent: string, id: string): string {
  return `${parent}~@${id}`;
}

/** The key of the start value of the counter at `parent`. */
export function startKey(parent: string): string {
  return `${parent}~=`;
}

/** The key of what `writer` did to the counter at `parent`. */
export function cellKey(parent: string, writer: WriterId): string {
  return `${parent}~+${writer.toString(36)}`;
}

/** The key of how much of `writer`'s doing a reset of the counter at `parent` has seen. */
export function floorKey(parent: string, writer: WriterId): string {
  return `${parent}~-${writer.toString(36)}`;
}

/** Where the step that begins at `from` ends: at the next `/`, or `~` and a sign. */
function stepEnd(key: string, from: number): number {
  for (let i = from; i < key.length; i++) {
    const char = key[i];
    if (char === "/") return i;
    if (char === "~" && "@=+-".includes(key[i + 1] ?? "")) return i;
  }
  return key.length;
}

function parseWriter(text: string): WriterId | undefined {
  const writer = Number.parseInt(text, 36);
  return isWriterId(writer) && writer.toString(36) === text ? writer : undefined;
}

function parseStep(sign: string, text: string): Step | undefined {
  switch (sign) {
    case "/": {
      const name = unescapeName(text);
      return name === undefined ? undefined : { kind: "field", name };
    }
    case "~@":
      return SLOT_ID.test(text) ? { kind: "slot", id: text } : undefined;
    case "~=":
      return text === "" ? { kind: "start" } : undefined;
    case "~+":
    case "~-": {
      const writer = parseWriter(text);
      return writer && { kind: sign === "~+" ? "cell" : "floor", writer };
    }
    default:
      return undefined;
  }
}

/** The steps of `key`, the first of which is an attribute; undefined where it is not a key of ours. */
export function parseKey(key: string): readonly Step[] | undefined {
  if (key[0] !== "/") return undefined;
  const steps: Step[] = [];
  for (let at = 0; at < key.length;) {
    const last = steps.at(-1);
    const isClosed = last !== undefined && last.kind !== "field" && last.kind !== "slot";
    if (isClosed || steps.length === STEPS_MAX) return undefined;
    const sign = key[at] === "/" ? "/" : key.slice(at, at + 2);
    const end = stepEnd(key, at + sign.length);
    const step = parseStep(sign, key.slice(at + sign.length, end));
    if (!step) return undefined;
    steps.push(step);
    at = end;
  }
  return steps;
}
