/**
 * How keys are named: the raw id of each instance of a key, and the sealed name that lets every node
 * of the cluster, and nobody else, list the keys it holds.
 *
 *   raw id  = db \0 window \0 n \0 key            hashed with the idKey at the door, never sent
 *   sealed  = base64url(siv ‖ AES-256-CTR(siv, db ‖ key))    siv: the first 16 bytes of HMAC-SHA256(db ‖ key)
 *
 * Equal keys have equal sealed names, so two nodes that make one key at the same time agree on it; a
 * sealed name that was tampered with does not open.
 *
 * Not here: which instance is the current one (instances.ts).
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import type { SessionRecords } from "session-mesh/records";

const SIV_BYTES = 16;
const KEY_BYTES = 32;

/** The field of the envelope that holds the sealed name. */
export const NAME_FIELD = "n";

/** A key in a database as text: the database's number as one unit, then a unit for each byte. */
export type KeyId = string;

/** The id of a key; `name` is what the client sent. */
export function keyIdOf(db: number, name: Buffer): KeyId {
  return String.fromCharCode(db) + name.toString("latin1");
}

/** The database of a key. */
export function dbOf(id: KeyId): number {
  return id.charCodeAt(0);
}

/** The bytes of a key's name. */
export function nameOf(id: KeyId): Buffer {
  return Buffer.from(id.slice(1), "latin1");
}

/** The raw id of an instance. */
export function rawIdOf(id: KeyId, window: number, n: number): Buffer {
  return Buffer.from(`${dbOf(id)}\0${window}\0${n}\0${id.slice(1)}`, "latin1");
}

/** Seals and opens the names of keys. */
export class SealedNames {
  readonly #macKey: Uint8Array;
  readonly #cipherKey: Uint8Array;

  constructor(records: SessionRecords) {
    this.#macKey = records.deriveKey("sidecar key names, mac 1", KEY_BYTES);
    this.#cipherKey = records.deriveKey("sidecar key names, cipher 1", KEY_BYTES);
  }

  /** The sealed name of a key. */
  seal(id: KeyId): string {
    const plain = Buffer.from(id, "latin1");
    const siv = this.#sivOf(plain);
    const cipher = createCipheriv("aes-256-ctr", this.#cipherKey, siv);
    return Buffer.concat([siv, cipher.update(plain)]).toString("base64url");
  }

  /** The key that a sealed name is of; undefined for what was not sealed with this cluster's key. */
  open(sealed: unknown): KeyId | undefined {
    const bytes = Buffer.from(typeof sealed === "string" ? sealed : "", "base64url");
    if (bytes.length <= SIV_BYTES) return undefined;
    const siv = bytes.subarray(0, SIV_BYTES);
    const cipher = createDecipheriv("aes-256-ctr", this.#cipherKey, siv);
    const plain = cipher.update(bytes.subarray(SIV_BYTES));
    return this.#sivOf(plain).equals(siv) ? plain.toString("latin1") : undefined;
  }

  #sivOf(plain: Uint8Array): Buffer {
    return createHmac("sha256", this.#macKey).update(plain).digest().subarray(0, SIV_BYTES);
  }
}
