/**
 * One key as a command sees it, at the moment at which the command runs: what it holds, and what can
 * be done to it at once. Keys of the mesh (mesh-key.ts) and local ones (local-keys.ts) are alike here.
 *
 * Names of hash fields are text with one unit for each byte (latin1), as keys are.
 *
 * Not here: protocols, and waiting for peers (keyspace.ts).
 */
import type { Millis } from "session-mesh";

/** What a key holds. */
export type KeyType = "none" | "string" | "hash";

/** When a key ends: as before, never, or at a time, which was said as such or as a time from now. */
export type Expiry =
  | "keep"
  | "never"
  | { readonly atMs: Millis; readonly ttlMs: Millis; readonly isRelative: boolean };

/** See the file's comment. Every write is complete, and visible to the next command, when it returns. */
export interface Key {
  readonly type: KeyType;
  /** When it ends, in mesh time; undefined for never, and where there is nothing. */
  readonly expiresAtMs: Millis | undefined;
  /** How long it has still to live, as the client asked for; undefined as above. */
  readonly remainingMs: Millis | undefined;
  /** The time that verdicts are made with. */
  readonly nowMs: Millis;
  /** The bytes of a string, not to be changed; undefined for anything else. */
  readonly bytes: Uint8Array | undefined;
  /** The number of fields of a hash, else 0. */
  readonly fieldCount: number;
  /** The value of a field. */
  field(name: string): Uint8Array | undefined;
  /** All fields, in the order of their names. */
  fields(): [name: string, value: Uint8Array][];
  /** Its bytes are given to the client, whose next write may build on them. */
  noteRead(): void;
  /** Makes it a string, whatever it was. */
  setBytes(bytes: Uint8Array, expiry: Expiry): void;
  /** Sets fields of a hash or of nothing; how many of them are new. */
  setFields(fields: ReadonlyMap<string, Uint8Array>): number;
  /** Deletes fields of a hash; how many there were. The last one takes the key along. */
  deleteFields(names: readonly string[]): number;
  /** Adds to the integer in the string, or in `field`, which the caller has read as `from`. */
  add(by: bigint, from: bigint, field?: string): void;
  /** Changes when it ends. */
  expire(expiry: Expiry): void;
  /** Removes it; whether there was anything. */
  remove(): boolean;
}

/** A write that was refused: nothing was changed. `reply` is what its client is told. */
export class RefusedWrite extends Error {
  override readonly name = "RefusedWrite";
  readonly reply: string;

  constructor(reply: string) {
    super(reply);
    this.reply = reply;
  }
}
