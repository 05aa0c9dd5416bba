/**
 * A key of the mesh: one instance's session, read by reference and written by operations.
 *
 * A key that has expired, or whose last field went, begins anew with the next write: what showed is
 * removed with it.
 *
 * Not here: which instance it is (instances.ts), when it ends (key-ends.ts), and what lies where in the
 * document (record-layout.ts).
 */
import type { Millis } from "session-mesh";
import {
  type CommitResult,
  type LocalCommit,
  type Operation,
  sizeOfView,
} from "session-mesh/records";
import { splitBlob } from "./blobs/blob.js";
import type { Held, Instance, KnownKey, Sighting } from "./instances.js";
import { type Expiry, type Key, type KeyType, RefusedWrite } from "./key.js";
import { endChange, endOf, isLive } from "./key-ends.js";
import type { MeshKeys } from "./mesh-keys.js";
import { NAME_FIELD } from "./key-names.js";
import { RecordContent } from "./record-layout.js";
import {
  addOperations,
  deleteFieldOperations,
  emptyOperations,
  setBlobOperations,
  setBytesOperations,
  setFieldOperations,
} from "./record-operations.js";

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** What a name, a register's entry and the like take beside the bytes. */
const FIELD_BYTES = 8;

/** How a key was found. */
export interface MeshKeyView {
  readonly sighting: Sighting;
  readonly nowMs: Millis;
  /** Whether what is idle is alive all the same: its user holds it, and goes on with it. */
  readonly isRevived?: boolean;
  /** Who reads and writes, where that is known. */
  readonly clientId?: number | undefined;
}

/** See the file's comment. */
export class MeshKey implements Key {
  readonly nowMs: Millis;
  readonly #keys: MeshKeys;
  readonly #known: KnownKey;
  readonly #isRevived: boolean;
  readonly #clientId: number | undefined;
  #instance: Instance;
  /** As of the last look, which may be old. */
  #lastHeld: Held | undefined;
  #lastContent: RecordContent | undefined;
  #wasLive = false;
  /** Something was written since the last look. */
  #isOld = false;
  /** The number of the last change that was made through this object; 0 for none. */
  writtenSeq = 0;

  constructor(keys: MeshKeys, known: KnownKey, view: MeshKeyView) {
    this.#keys = keys;
    this.#known = known;
    this.nowMs = view.nowMs;
    this.#isRevived = view.isRevived === true;
    this.#clientId = view.clientId;
    this.#instance = view.sighting.instance;
    this.#lastHeld = view.sighting.held;
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

  noteRead(): void {
    const blob = this.#keys.formatOf(this.#known) && this.#content?.blob;
    if (blob && this.#clientId !== undefined) {
      this.#keys.blobs.read(this.#clientId, this.#known.id, blob);
    }
  }

  setBytes(bytes: Uint8Array, expiry: Expiry): void {
    if (expiry !== "keep") this.#moveToNow();
    refuseAbove(this.#keys.sessionBytesMax, bytes.length);
    const operations =
      this.#blobOperations(bytes) ??
      setBytesOperations(this.#held?.root, new Uint8Array(bytes), this.#content?.bytes);
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
    if (growth > 0) refuseAbove(this.#keys.sessionBytesMax, growth + (root ? sizeOfView(root) : 0));
    const isShrinking = operations.every(({ kind }) => kind === "clear" || kind === "floor");
    this.#commit(operations, expiry, isShrinking);
    return isChanged;
  }

  add(by: bigint, from: bigint, field?: string): void {
    const root = this.#content ? this.#held?.root : undefined;
    const added = addOperations(root, by, field);
    const result = new Uint8Array(Buffer.from((from + by).toString(), "latin1"));
    const set = (): Operation[] =>
      field === undefined
        ? setBytesOperations(root, result, undefined)
        : setFieldOperations(root, field, result);
    const operations = [...this.#beginning(), ...(added ?? set())];
    this.#commit(operations, this.#content ? "keep" : "never");
  }

  expire(expiry: Expiry): void {
    if (!this.#content) return;
    // Who only says that it was used has changed nothing of what he read.
    if (this.#keys.formatOf(this.#known) && this.#clientId !== undefined) {
      this.#keys.blobs.forgetLast(this.#clientId, this.#known.id);
    }
    this.#commit([], expiry);
  }

  remove(): boolean {
    const wasThere = this.#content !== undefined;
    this.#keys.removeAll(this.#known, this.nowMs);
    this.#show(this.#keys.current(this.#known, this.nowMs));
    return wasThere;
  }

  /** The operations that write what is to be taken apart; undefined for what is kept as a whole. */
  #blobOperations(bytes: Uint8Array): Operation[] | undefined {
    const format = this.#keys.formatOf(this.#known);
    const fields = format && splitBlob(bytes, format);
    if (!format || !fields) return undefined;
    const clientId = this.#content?.blob && this.#clientId;
    const base =
      clientId === undefined
        ? undefined
        : this.#keys.blobs.takeBase(clientId, this.#known.id, fields);
    const root = this.#content ? this.#held?.root : undefined;
    return [...this.#beginning(), ...setBlobOperations(root, { format, fields, base })];
  }

  /** The operations before those that write to it: of what has ended, nothing stays. */
  #beginning(): Operation[] {
    return this.#content ? [] : emptyOperations(this.#held?.root);
  }

  /** What is written as a whole goes where it lives longest. */
  #moveToNow(): void {
    const current = this.#keys.current(this.#known, this.nowMs);
    if (current.instance.session === this.#instance.session) return;
    if (current.instance.window < this.#instance.window) return;
    this.#keys.removeAll(this.#known, this.nowMs);
    this.#show(this.#keys.current(this.#known, this.nowMs));
  }

  #commit(operations: readonly Operation[], expiry: Expiry, isShrinking = false): void {
    const held = this.#held;
    const wish = {
      expiry,
      isLive: this.#isLive,
      isWrite: operations.length > 0,
      nowMs: this.nowMs,
    };
    const change = endChange(held, wish);
    if (operations.length === 0 && held && !change) return;
    const commit: Writable<LocalCommit> = { operations, isShrinking };
    if (change?.idleMs !== undefined) commit.idleMs = change.idleMs;
    if (change?.fields) commit.fields = change.fields;
    if (!held) this.#bear(commit);
    this.#committed(this.#keys.records.commit(this.#instance.session, commit));
  }

  /** Says how the instance begins. */
  #bear(commit: Writable<LocalCommit>): void {
    const { endsAtMs: absoluteExpiresAtMs } = this.#instance;
    const idleMs = commit.idleMs ?? Math.max(1, absoluteExpiresAtMs - this.nowMs);
    const value = this.#keys.names.seal(this.#known.id);
    commit.fields = new Map(commit.fields).set(NAME_FIELD, { join: "max", value });
    commit.birth = { idleMs, absoluteExpiresAtMs };
  }

  #committed(result: CommitResult): void {
    if (result.status === "full") {
      throw new RefusedWrite(
        `OOM command not allowed: this node is at its limit \`${result.limit}\`; raise it, or store less`,
      );
    }
    this.#isOld = true;
    if (result.status !== "committed") return;
    this.writtenSeq = result.seq;
    this.#keys.seq = result.seq;
  }

  /** What is held of it. */
  get #held(): Held | undefined {
    if (this.#isOld) this.#look();
    return this.#lastHeld;
  }

  /** What it holds, while it lives. */
  get #content(): RecordContent | undefined {
    if (this.#isOld) this.#look();
    return this.#lastContent;
  }

  get #isLive(): boolean {
    if (this.#isOld) this.#look();
    return this.#wasLive;
  }

  #look(): void {
    const look = this.#keys.records.look(this.#instance.session);
    this.#lastHeld = look.status === "held" ? look : undefined;
    this.#see();
  }

  #show({ instance, held }: Sighting): void {
    this.#instance = instance;
    this.#lastHeld = held;
    this.#see();
  }

  #see(): void {
    const held = this.#lastHeld;
    this.#isOld = false;
    this.#wasLive = held !== undefined && (this.#isRevived || isLive(held, this.nowMs));
    this.#lastContent = this.#wasLive ? RecordContent.of(held?.root) : undefined;
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

function refuseAbove(bytesMax: number, size: number): void {
  if (size <= bytesMax) return;
  throw new RefusedWrite(
    `ERR the value would have ${size} bytes, above the limit \`sessionBytesMax\` of ${bytesMax}; ` +
      "store less, or raise it",
  );
}
