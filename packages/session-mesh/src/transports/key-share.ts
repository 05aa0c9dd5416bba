/**
 * A key made for one connection and forgotten with it (X25519, RFC 7748): what two shares have in
 * common cannot be told from having seen both, so a recorded link stays closed even to someone who
 * learns the secret later.
 *
 * Not here: who is at the other end. A share proves nothing; the handshake does.
 */
import {
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyPairKeyObjectResult,
} from "node:crypto";

/** The length of a share as it travels. */
export const SHARE_BYTES = 32;

/** What stands in front of the key in the DER encoding of an X25519 public key (RFC 8410). */
const DER_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/** One end's half of what two ends will have in common; made when first used. */
export class KeyShare {
  #made: KeyPairKeyObjectResult | undefined;

  /** What the other end is sent. */
  bytes(): Uint8Array {
    const der = this.#keys().publicKey.export({ type: "spki", format: "der" });
    return der.subarray(DER_PREFIX.length);
  }

  /** What this share and another one have in common; undefined for one that gives nothing away. */
  combine(other: Uint8Array): Uint8Array | undefined {
    try {
      const key = Buffer.concat([DER_PREFIX, other]);
      const publicKey = createPublicKey({ key, format: "der", type: "spki" });
      return diffieHellman({ privateKey: this.#keys().privateKey, publicKey });
    } catch {
      // A point of small order: everyone would know the result.
      return undefined;
    }
  }

  /** Whoever only connects costs nothing. */
  #keys(): KeyPairKeyObjectResult {
    this.#made ??= generateKeyPairSync("x25519");
    return this.#made;
  }
}
