/**
 * A key of the mesh: one instance's session, read by reference and written by operations.
 *
 * When it ends is in the envelope: `idleMs` is the time to live that was asked for last, and the field
 * `x` the exact end, both registers by clock (M10); the envelope's own expiry only bounds how long the
 * bytes are kept. An end that was asked for with the same time to live again moves in steps, as
 * touches do, so that not every EXPIRE is a change.
 *
 * A key that has expired, or whose last field went, begins anew with the next write: what showed is
 * removed with it.
 *
 * Not here: which instance it is (instances.ts), what lies where in the document (record-layout.ts).
 */
import type { Millis } from "session-mesh";
import type { CommitResult, LocalCommit, Operation, SessionRecords } from "session-mesh/records";
import { sizeOfView } from "session-mesh/records";
import type { Held, Instance, Sighting } from "./instances.js";
import { type Expiry, type Key, type KeyType, RefusedWrite } from "./key.js";
import {
  addOperations,
  deleteFieldOperations,
  emptyOperations,
  RecordContent,
  setBytesOperations,
  setFieldOperations,
} from "./record-layout.js";

/** What a change does to the envelope. */
type EnvelopeChange = Pick<LocalCommit, "idleMs" | "fields">;

/** The fields of the envelope that are ours. */
const END = "x";
const NAME = "n";

/** An end that is asked for again and again moves in steps of its time to live over this. */
const STEPS_PER_TTL = 20;

/** The largest such step. */
const STEP_MS_MAX: Millis = 60_000;

/** What a name, a register's entry and the like take beside the bytes. */
const FIELD_BYTES = 8;

/** What keys of the mesh need of their keyspace. */
export interface MeshKeyPort {
  readonly records: SessionRecords;
  readonly sessionBytesMax: number;
  /** The sealed name of this key. */
  sealedName(): Uint8Array;
  /** Where a key is made that is written as a whole. */
  current(): Sighting;
  /** A change was made, with that number. */
  wrote(seq: number): void;
  /** Whether what is idle is alive all the same: its user holds it, and goes on with it. */
  readonly isRevived?: boolean;
  /** Every instance of the key that is held is destroyed. */
  removeAll(): void;
}

/** What of a copy says when it ends. */
type Lifetimes = Pick<Held, "fields" | "absoluteExpiresAtMs" | "lifetime">;

/** When a copy ends, as far as it says so itself; undefined for never. */
export function endOf(held: Lifetimes): Millis | undefined {
  const value = held.fields.get(END)?.value;
  return typeof value === "number" && value > 0
    ? Math.min(value, held.absoluteExpiresAtMs)
    : undefined;
}

/** Whether a copy is alive at a moment, whatever it holds. */
export function isLive(held: Lifetimes, nowMs: Millis): boolean {
  const endMs = endOf(held);
  return held.lifetime === "live" && (endMs === undefined || nowMs < endMs);
}

/** The sealed name in a copy. */
export function sealedNameOf(held: Pick<Held, "fields">): unknown {
  return held.fields.get(NAME)?.value;
}

/** See the file's comment. */
export class MeshKey implements Key {
  readonly nowMs: Millis;
  readonly #port: MeshKeyPort;
  #instance: Instance;
  #held: Held | undefined;
  #content: RecordContent | undefined;
  #isLive = false;
  /** The number of the last change that was made through this object; 0 for none. */
  writtenSeq = 0;

  constructor(port: MeshKeyPort, { instance, held }: Sighting, nowMs: Millis) {
    this.#port = port;
    this.nowMs = nowMs;
    this.#instance = instance;
    this.#held = held;
    this.#see();
  }

  get type(): KeyType {
    return this.#content?.type ?? "none";
  }

  get expiresAtMs(): Millis | undefined {
    return this.#content && this.#held && endOf(this.#held);
  }

  get remainingMs(): Millis | undefined {
    const endMs = this.expiresAtMs;
    return endMs === undefined ? undefined : Math.min(endMs - this.nowMs, this.#held?.idleMs ?? 0);
  }

  get bytes(): Uint8Array | undefined {
    return this.#content?.bytes;
  }

  get fieldCount(): number {
    return this.#content?.fieldCount ?? 0;
  }

  field(name: string): Uint8Array | undefined {
    return this.#content?.field(name);
  }

  fields(): [name: string, value: Uint8Array][] {
    return this.#content?.fields() ?? [];
  }

  setBytes(bytes: Uint8Array, expiry: Expiry): void {
    const isWhole = expiry !== "keep";
    if (isWhole) this.#moveToNow();
    this.#refuseAbove(bytes.length);
    const known = this.#content?.bytes;
    const isSame = known !== undefined && equalBytes(known, bytes);
    const operations = isSame ? [] : setBytesOperations(this.#held?.root, new Uint8Array(bytes));
    this.#commit(operations, expiry === "keep" && !this.#content ? "never" : expiry);
  }

  setFields(fields: ReadonlyMap<string, Uint8Array>): number {
    let newCount = 0;
    for (const name of fields.keys()) if (this.field(name) === undefined) newCount += 1;
    this.change(fields, this.#content ? "keep" : "never");
    return newCount;
  }

  deleteFields(names: readonly string[]): number {
    const found = new Map<string, undefined>();
    for (const name of names) if (this.field(name) !== undefined) found.set(name, undefined);
    if (found.size > 0) this.change(found, "keep");
    return found.size;
  }

  /** Sets and deletes fields of a hash or of nothing, in one commit; whether any was changed. */
  change(fields: ReadonlyMap<string, Uint8Array | undefined>, expiry: Expiry): boolean {
    const operations = this.#beginning();
    const root = this.#content ? this.#held?.root : undefined;
    let growth = 0;
    let isChanged = false;
    for (const [name, bytes] of fields) {
      const known = this.#content?.field(name);
      if (known === bytes || (known && bytes && equalBytes(known, bytes))) continue;
      isChanged = true;
      if (bytes === undefined) {
        if (root) operations.push(...deleteFieldOperations(root, name));
        continue;
      }
      growth += bytes.length - (known?.length ?? -name.length - FIELD_BYTES);
      operations.push(...setFieldOperations(root, name, new Uint8Array(bytes)));
    }
    if (growth > 0) this.#refuseAbove(growth + (root ? sizeOfView(root) : 0));
    const isShrinking = operations.every(({ kind }) => kind === "clear" || kind === "floor");
    this.#commit(operations, expiry, { isShrinking });
    return isChanged;
  }

  add(by: bigint, from: bigint, field?: string): void {
    const root = this.#content ? this.#held?.root : undefined;
    const added = addOperations(root, by, field);
    const result = new Uint8Array(Buffer.from((from + by).toString(), "latin1"));
    const set = (): Operation[] =>
      field === undefined
        ? setBytesOperations(root, result)
        : setFieldOperations(root, field, result);
    const operations = [...this.#beginning(), ...(added ?? set())];
    this.#commit(operations, this.#content ? "keep" : "never");
  }

  expire(expiry: Expiry): void {
    if (this.#content) this.#commit([], expiry);
  }

  remove(): boolean {
    const wasThere = this.#content !== undefined;
    this.#port.removeAll();
    this.#show(this.#port.current());
    return wasThere;
  }

  /** The operations before those that write to it: of what has ended, nothing stays. */
  #beginning(): Operation[] {
    return this.#content ? [] : emptyOperations(this.#held?.root);
  }

  /** What is written as a whole goes where it lives longest. */
  #moveToNow(): void {
    const current = this.#port.current();
    if (current.instance.session === this.#instance.session) return;
    if (current.instance.window < this.#instance.window) return;
    this.#port.removeAll();
    this.#show(this.#port.current());
  }

  #refuseAbove(size: number): void {
    const { sessionBytesMax } = this.#port;
    if (size <= sessionBytesMax) return;
    throw new RefusedWrite(
      `ERR the value would have ${size} bytes, above the limit \`sessionBytesMax\` of ` +
        `${sessionBytesMax}; store less, or raise it`,
    );
  }

  #commit(
    operations: readonly Operation[],
    expiry: Expiry,
    options: { isShrinking?: boolean } = {},
  ): void {
    const change = this.#change(expiry);
    if (operations.length === 0 && this.#held && !change) return;
    const { records } = this.#port;
    const birth = this.#held ? undefined : this.#birth(change);
    const result = records.commit(this.#instance.session, {
      operations,
      ...change,
      ...birth,
      ...options,
    });
    this.#committed(result);
  }

  #birth(change: EnvelopeChange | undefined): Partial<LocalCommit> {
    const { endsAtMs } = this.#instance;
    const idleMs = change?.idleMs ?? Math.max(1, endsAtMs - this.nowMs);
    const fields = new Map(change?.fields);
    fields.set(NAME, { join: "max", value: this.#port.sealedName() });
    return { fields, birth: { idleMs, absoluteExpiresAtMs: endsAtMs } };
  }

  /** What a change of the end does to the envelope; undefined for nothing. */
  #change(expiry: Expiry): EnvelopeChange | undefined {
    const held = this.#held;
    const endMs = held && this.#isLive ? endOf(held) : undefined;
    if (expiry === "keep") return undefined;
    if (expiry === "never") {
      if (!held || (endMs === undefined && this.#isLive)) return undefined;
      return endAt(0, Math.max(1, held.absoluteExpiresAtMs - this.nowMs));
    }
    const { atMs, isRelative } = expiry;
    const ttlMs = Math.max(1, expiry.ttlMs);
    if (!held || endMs === undefined) return endAt(atMs, ttlMs);
    if (endMs === atMs && held.idleMs === ttlMs) return undefined;
    if (!isRelative) {
      const isRoomy = held.idleMs >= ttlMs && held.idleMs <= ttlMs * 1.1;
      return endMs === atMs && isRoomy ? undefined : endAt(atMs, isRoomy ? held.idleMs : ttlMs);
    }
    if (held.idleMs !== ttlMs) return endAt(atMs, ttlMs);
    if (endMs >= atMs) return undefined;
    const stepMs = Math.min(STEP_MS_MAX, Math.floor(ttlMs / STEPS_PER_TTL));
    return endAt(atMs + stepMs, ttlMs);
  }

  #committed(result: CommitResult): void {
    if (result.status === "full") {
      throw new RefusedWrite(
        `OOM command not allowed: this node is at its limit \`${result.limit}\`; raise it, or store less`,
      );
    }
    if (result.status === "committed") {
      this.writtenSeq = result.seq;
      this.#port.wrote(result.seq);
    }
    const look = this.#port.records.look(this.#instance.session);
    this.#show({ instance: this.#instance, held: look.status === "held" ? look : undefined });
  }

  #show({ instance, held }: Sighting): void {
    this.#instance = instance;
    this.#held = held;
    this.#see();
  }

  #see(): void {
    const held = this.#held;
    const isRevived = this.#port.isRevived === true;
    this.#isLive = held !== undefined && (isRevived || isLive(held, this.nowMs));
    this.#content = this.#isLive ? RecordContent.of(held?.root) : undefined;
  }
}

function endAt(atMs: Millis, ttlMs: Millis): EnvelopeChange {
  return { idleMs: ttlMs, fields: new Map([[END, { join: "last", value: atMs }]]) };
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
