/**
 * Keys that never leave this node: locks, above all. What they promise, they promise here alone, as
 * one Redis would to the clients of this machine; other nodes do not see them.
 *
 * Bounded: a further key beyond `localKeysMax` is refused, once what has ended is gone.
 *
 * Not here: keys of the mesh (mesh-key.ts).
 */
import type { Millis } from "session-mesh";
import { matchesGlob } from "../resp/glob.js";
import { type Expiry, type Key, type KeyType, RefusedWrite } from "./key.js";
import { type KeyId, nameOf } from "./key-names.js";

interface LocalValue {
  /** A string, or the fields of a hash. */
  content: Uint8Array | Map<string, Uint8Array>;
  endMs: Millis | undefined;
}

/** See the file's comment. */
export class LocalKeys {
  readonly #values = new Map<KeyId, LocalValue>();
  readonly #patterns: readonly Buffer[];
  readonly #keysMax: number;

  constructor(patterns: readonly string[], keysMax: number) {
    this.#patterns = patterns.map((pattern) => Buffer.from(pattern));
    this.#keysMax = keysMax;
  }

  /** Whether a key is one that never leaves this node, by its name. */
  owns(id: KeyId): boolean {
    const name = nameOf(id);
    return this.#patterns.some((pattern) => matchesGlob(pattern, name));
  }

  /** How many there are, those that have ended included. */
  get size(): number {
    return this.#values.size;
  }

  /** A key, whether there is anything or not. */
  key(id: KeyId, nowMs: Millis): Key {
    return new LocalKey(this, id, nowMs);
  }

  /** The keys that live. */
  *ids(nowMs: Millis): Iterable<KeyId> {
    for (const id of this.#values.keys()) if (this.get(id, nowMs)) yield id;
  }

  /** For keys of this store: what lives under an id. */
  get(id: KeyId, nowMs: Millis): LocalValue | undefined {
    const value = this.#values.get(id);
    if (value?.endMs === undefined || nowMs < value.endMs) return value;
    this.#values.delete(id);
    return undefined;
  }

  /** For keys of this store: a new value. */
  set(id: KeyId, value: LocalValue, nowMs: Millis): void {
    if (!this.#values.has(id) && this.#values.size >= this.#keysMax) this.#sweep(nowMs);
    this.#values.set(id, value);
  }

  /** For keys of this store. */
  delete(id: KeyId): boolean {
    return this.#values.delete(id);
  }

  #sweep(nowMs: Millis): void {
    for (const id of [...this.#values.keys()]) this.get(id, nowMs);
    if (this.#values.size < this.#keysMax) return;
    throw new RefusedWrite(
      `OOM command not allowed: this node holds \`localKeysMax\` (${this.#keysMax}) local keys; ` +
        "give them an end, or raise it",
    );
  }
}

class LocalKey implements Key {
  readonly nowMs: Millis;
  readonly #keys: LocalKeys;
  readonly #id: KeyId;

  constructor(keys: LocalKeys, id: KeyId, nowMs: Millis) {
    this.#keys = keys;
    this.#id = id;
    this.nowMs = nowMs;
  }

  get #value(): LocalValue | undefined {
    return this.#keys.get(this.#id, this.nowMs);
  }

  get #fields(): Map<string, Uint8Array> | undefined {
    const content = this.#value?.content;
    return content instanceof Map ? content : undefined;
  }

  get type(): KeyType {
    const content = this.#value?.content;
    if (content === undefined) return "none";
    return content instanceof Map ? "hash" : "string";
  }

  get expiresAtMs(): Millis | undefined {
    return this.#value?.endMs;
  }

  get remainingMs(): Millis | undefined {
    const endMs = this.expiresAtMs;
    return endMs === undefined ? undefined : endMs - this.nowMs;
  }

  get bytes(): Uint8Array | undefined {
    const content = this.#value?.content;
    return content instanceof Map ? undefined : content;
  }

  get fieldCount(): number {
    return this.#fields?.size ?? 0;
  }

  field(name: string): Uint8Array | undefined {
    return this.#fields?.get(name);
  }

  fields(): [name: string, value: Uint8Array][] {
    return [...(this.#fields ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  noteRead(): void {}

  setBytes(bytes: Uint8Array, expiry: Expiry): void {
    const kept = this.#value?.endMs;
    const endMs = expiry === "keep" ? kept : expiry === "never" ? undefined : expiry.atMs;
    this.#keys.set(this.#id, { content: new Uint8Array(bytes), endMs }, this.nowMs);
  }

  setFields(fields: ReadonlyMap<string, Uint8Array>): number {
    const known = this.#fields ?? new Map<string, Uint8Array>();
    const before = known.size;
    for (const [name, bytes] of fields) known.set(name, new Uint8Array(bytes));
    if (before === 0) {
      this.#keys.set(this.#id, { content: known, endMs: undefined }, this.nowMs);
    }
    return known.size - before;
  }

  deleteFields(names: readonly string[]): number {
    const fields = this.#fields;
    const count = names.filter((name) => fields?.delete(name) === true).length;
    if (fields?.size === 0) this.#keys.delete(this.#id);
    return count;
  }

  add(by: bigint, from: bigint, field?: string): void {
    const sum = Buffer.from((from + by).toString(), "latin1");
    if (field === undefined) this.setBytes(sum, "keep");
    else this.setFields(new Map([[field, sum]]));
  }

  expire(expiry: Expiry): void {
    const value = this.#value;
    if (!value || expiry === "keep") return;
    value.endMs = expiry === "never" ? undefined : expiry.atMs;
  }

  remove(): boolean {
    const wasThere = this.#value !== undefined;
    this.#keys.delete(this.#id);
    return wasThere;
  }
}
