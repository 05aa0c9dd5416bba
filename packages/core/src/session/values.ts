/**
 * What a session may hold: plain values as JSON knows them, and binary ones.
 *
 * `contentOf` turns what an application left behind into {@link Content}, a checked copy. As in JSON:
 * `toJSON` is honoured (so dates become text), a property that is undefined is absent, undefined in
 * a list is null, and so are numbers without a value. Unlike in JSON: what JSON would silently turn
 * into `{}` is refused, and bytes stay bytes.
 *
 * Not here: how values are stored (payload.ts) and compared with what was read (diff.ts).
 */
import type { Bytes } from "../ids.js";
import type { CounterIntents } from "./counter.js";
import { wholeOfContent } from "./payload.js";

/** A value without parts. */
export type Scalar = string | number | boolean | null | Uint8Array;

/** A value that a session can hold. */
export type JsonValue = Scalar | JsonObject | readonly JsonValue[];

/** A session's attributes, or an object in them. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** A checked value. `source` is the object it was copied from: its identity tells list elements apart. */
export type Content =
  | { readonly kind: "scalar"; readonly value: Scalar }
  | { readonly kind: "atomic"; readonly whole: unknown }
  | {
      readonly kind: "object";
      readonly fields: ReadonlyMap<string, Content>;
      readonly source: object;
    }
  | { readonly kind: "list"; readonly items: readonly Content[]; readonly source: object }
  | { readonly kind: "counter"; readonly total: number; readonly resetTo: number | undefined };

/** How deep and how large a session may become by local writes. Merging is never refused. */
export interface DiffLimits {
  /** The bytes of keys and values together; shrinking is always allowed (P14). */
  readonly bytesMax: Bytes;
  /** How deeply values may nest. At most 100, which is the default too. */
  readonly depthMax?: number;
}

/** The deepest nesting that documents can store. */
export const DEPTH_MAX = 100;

/**
 * A value that a session cannot hold. Nothing was changed: neither the document nor the value.
 */
export class UnsupportedValueError extends Error {
  override readonly name = "UnsupportedValueError";
  /** Where the value lies, as one would write it: `cart.items[3].when`. Empty for the session itself. */
  readonly path: string;

  constructor(path: readonly (string | number)[], problem: string) {
    const text = pathText(path);
    super(`[session-mesh] session.${text || "(root)"}: ${problem}`);
    this.path = text;
  }
}

function pathText(path: readonly (string | number)[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

class Atomic {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/**
 * Makes `value` one leaf: of two concurrent writes the later one wins as a whole (M2), where objects
 * and lists would otherwise merge. What is read back is the plain value, and assigning to what was
 * read, or within it, keeps it whole.
 */
export function atomic<T>(value: T): T {
  return new Atomic(value) as T;
}

/** A fresh copy of the bytes of a Uint8Array, a Buffer or an ArrayBuffer; undefined for anything else. */
function bytesOf(value: object): Uint8Array | undefined {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice(0));
  return undefined;
}

/** Whether two scalars are the same value. */
export function equalScalars(a: Scalar, b: Scalar): boolean {
  if (a === b) return true;
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) return false;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Checks and copies `value`, the session's attributes as the application left them. */
export function contentOf(
  value: unknown,
  limits: DiffLimits,
  intents: CounterIntents | undefined,
): Content & { readonly kind: "object" } {
  const content = new Reader(limits.depthMax ?? DEPTH_MAX).read(value, intents);
  if (content?.kind === "object") return content;
  throw new UnsupportedValueError([], "a session must be an object; put the value in an attribute");
}

/** Objects that JSON takes for the scalars they box. */
const BOXES: ReadonlySet<string> = new Set(["Number", "String", "Boolean"]);

class Reader {
  readonly #depthMax: number;
  readonly #path: (string | number)[] = [];
  /** The objects that contain the one being read. */
  readonly #open = new Set<object>();

  constructor(depthMax: number) {
    this.#depthMax = depthMax;
  }

  /** Undefined stands for an absent value. */
  read(given: unknown, intents: CounterIntents | undefined): Content | undefined {
    const value = this.#viaToJson(given);
    switch (typeof value) {
      case "undefined":
        return undefined;
      case "string":
      case "boolean":
        return { kind: "scalar", value };
      case "number":
        return this.#number(value, intents);
      case "object":
        return value === null ? { kind: "scalar", value } : this.#object(value, given, intents);
      case "bigint":
        return this.#refuse("a BigInt cannot be stored; store its text");
      default:
        return this.#refuse(`a ${typeof value} cannot be stored; remove it or store plain data`);
    }
  }

  #viaToJson(value: unknown): unknown {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
    const toJson: unknown = (value as { toJSON?: unknown }).toJSON;
    if (typeof toJson !== "function") return value;
    return toJson.call(value, String(this.#path.at(-1) ?? ""));
  }

  #number(value: number, intents: CounterIntents | undefined): Content {
    if (!Number.isFinite(value)) return { kind: "scalar", value: null };
    // Minus zero becomes zero, as in JSON.
    if (!intents?.declared) return { kind: "scalar", value: value + 0 };
    return { kind: "counter", total: value + 0, resetTo: intents.resetTo };
  }

  #object(value: object, given: unknown, intents: CounterIntents | undefined): Content {
    const bytes = bytesOf(value);
    if (bytes) return { kind: "scalar", value: bytes };
    if (this.#open.has(value))
      this.#refuse("it contains itself; store an id instead of the object");
    if (this.#path.length > this.#depthMax) {
      this.#refuse(`it is nested more than ${this.#depthMax} deep; store it flatter, or as text`);
    }
    this.#open.add(value);
    const content = this.#parts(value, given, intents);
    this.#open.delete(value);
    return content;
  }

  #parts(value: object, given: unknown, intents: CounterIntents | undefined): Content {
    const source = typeof given === "object" && given !== null ? given : value;
    if (value instanceof Atomic) return this.#whole(value.value);
    if (Array.isArray(value)) return { kind: "list", items: this.#items(value, intents), source };
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    if (BOXES.has(tag)) return this.read(value.valueOf(), intents) as Content;
    if (tag !== "Object") {
      this.#refuse(`a ${tag} cannot be stored; convert it to a plain object, a list or text`);
    }
    return { kind: "object", fields: this.#fields(value, intents), source };
  }

  #whole(value: unknown): Content {
    const whole = this.read(value, undefined) ?? { kind: "scalar", value: null };
    return whole.kind === "scalar" ? whole : { kind: "atomic", whole: wholeOfContent(whole) };
  }

  #items(list: readonly unknown[], intents: CounterIntents | undefined): Content[] {
    const items: Content[] = [];
    for (let i = 0; i < list.length; i++) {
      this.#path.push(i);
      const part = intents?.parts?.get(String(i));
      if (part?.declared) this.#refuse("a counter must be a property of an object");
      items.push(this.read(list[i], part) ?? { kind: "scalar", value: null });
      this.#path.pop();
    }
    return items;
  }

  #fields(object: object, intents: CounterIntents | undefined): Map<string, Content> {
    const fields = new Map<string, Content>();
    for (const name of Object.keys(object)) {
      this.#path.push(name);
      const value: unknown = (object as Record<string, unknown>)[name];
      const content = this.read(value, intents?.parts?.get(name));
      if (content) fields.set(name, content);
      this.#path.pop();
    }
    return fields;
  }

  #refuse(problem: string): never {
    throw new UnsupportedValueError(this.#path, problem);
  }
}
