/**
 * Sealing: what travels on a link whose ends share a secret is encrypted and authenticated.
 *
 *   frame ──seal──▶ ciphertext ‖ tag[16] ──open──▶ frame, or nothing
 *
 * AES-256-GCM under a key for each direction. The nonce is the number of the frame under its key,
 * which both ends count and nobody sends: a frame that is altered, cut, repeated, left out or moved
 * does not open, and nothing opens after it. After `FRAMES_PER_KEY` frames both ends derive the next
 * key from the last one, so a nonce never returns, however long a link lives, and whoever steals a
 * key reads nothing that went before its first frame. Decision 5 has the figures.
 *
 * Not here: where the first keys come from (handshake.ts), and what hides how long frames are and
 * when they are sent: nothing does.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import type { Role } from "./handshake.js";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** What sealing adds to a frame. */
export const SEAL_BYTES = 16;

/** Frames under one key: at 16 MiB each they stay far below what GCM may encrypt under one. */
export const FRAMES_PER_KEY = 65_536;

/** One end of a sealed link. */
export class Seal {
  readonly #sending: KeySequence;
  readonly #receiving: KeySequence;
  #isBroken = false;

  /** `keyMaterial` is a handshake's: its first half keys what the dialer sends. */
  constructor(role: Role, keyMaterial: Uint8Array) {
    const ofDialer = new KeySequence(keyMaterial.slice(0, KEY_BYTES));
    const ofAcceptor = new KeySequence(keyMaterial.slice(KEY_BYTES, 2 * KEY_BYTES));
    this.#sending = role === "dialer" ? ofDialer : ofAcceptor;
    this.#receiving = role === "dialer" ? ofAcceptor : ofDialer;
  }

  /** Seals the next frame; every sealed frame must be sent, in this order. */
  seal(frame: Uint8Array): Uint8Array {
    const { key, nonce } = this.#sending.next();
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: SEAL_BYTES });
    const ciphertext = cipher.update(frame);
    cipher.final();
    return Buffer.concat([ciphertext, cipher.getAuthTag()]);
  }

  /** Opens the next frame; undefined for ever once one was not what the other end sealed next. */
  open(sealed: Uint8Array): Uint8Array | undefined {
    if (this.#isBroken) return undefined;
    const { key, nonce } = this.#receiving.next();
    const opened = tryOpen(sealed, key, nonce);
    this.#isBroken = opened === undefined;
    return opened;
  }
}

function tryOpen(sealed: Uint8Array, key: Uint8Array, nonce: Uint8Array): Uint8Array | undefined {
  const length = sealed.length - SEAL_BYTES;
  if (length < 0) return undefined;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: SEAL_BYTES });
  decipher.setAuthTag(sealed.subarray(length));
  const frame = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return frame;
}

/** The keys of one direction, one after the other, and the number of the next frame. */
class KeySequence {
  #key: Uint8Array;
  #count = 0;
  readonly #nonce = Buffer.alloc(NONCE_BYTES);

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The nonce is valid until the next call. */
  next(): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
    if (this.#count === FRAMES_PER_KEY) {
      const info = "session-mesh next key v1";
      this.#key = new Uint8Array(hkdfSync("sha256", this.#key, "", info, KEY_BYTES));
      this.#count = 0;
    }
    this.#nonce.writeUInt32BE(this.#count, NONCE_BYTES - 4);
    this.#count += 1;
    return { key: this.#key, nonce: this.#nonce };
  }
}
