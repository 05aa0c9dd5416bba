/**
 * The mutual proof of the cluster's secret, before any other frame passes.
 *
 *   dialer ──open(cluster tag, nonce, share)─▶ acceptor
 *   dialer ◀──────challenge(nonce, share)───── acceptor
 *   dialer ──proof(one for each secret)──────▶ acceptor   the first that fits is used from here on
 *   dialer ◀─────────────────proof(its own)─── acceptor   open for both
 *
 * A share is an X25519 key made for this one connection. A proof is derived (HKDF-SHA256) from the
 * key of a secret and what the two shares have in common, over the prover's role and the whole of
 * open and challenge: both nonces and shares, both protocol headers, the cluster. The roles differ,
 * so a proof sent back proves nothing; the headers are covered, so nobody can talk two nodes down to
 * an older protocol. The keys of the frames that follow come from the same: who records everything
 * and learns the secret later can open nothing, nor can he try out secrets on what he recorded.
 * The dialer proves first: whoever just knocks learns a nonce and a share, and nothing else.
 * Bytes after the fields known here belong to newer versions: covered, and otherwise ignored.
 *
 * A secret alone decides who may join; node ids, clocks and versions are the replica's business.
 * Not here: sealing (seal.ts), the shares' mathematics (key-share.ts).
 */
import { createHash, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { assert, PROTOCOL_MAX, PROTOCOL_MIN, type RefusalCode } from "@session-mesh/core";
import { KeyShare, SHARE_BYTES } from "./key-share.js";

/** The version of this exchange, apart from the protocol spoken after it. */
const HANDSHAKE_VERSION = 1;

/** How many secrets a node may hold at once; rotation takes two. */
export const SECRETS_MAX = 8;

const MAGIC = Buffer.from("smsh");
const KIND = { open: 1, challenge: 2, dialerProof: 3, acceptorProof: 4, refuse: 5 } as const;
const HEADER_BYTES = 1 + MAGIC.length + 3;
const TAG_BYTES = 16;
const NONCE_BYTES = 32;
const OPEN_BYTES = HEADER_BYTES + TAG_BYTES + NONCE_BYTES + SHARE_BYTES;
const CHALLENGE_BYTES = HEADER_BYTES + NONCE_BYTES + SHARE_BYTES;
const PROOF_BYTES = 32;
const DETAIL_BYTES_MAX = 200;
const KEY_MATERIAL_BYTES = 64;

/** Refusals that may be said in a handshake, by their code on the wire. */
const REFUSALS: readonly RefusalCode[] = ["cluster", "protocol", "proof"];

/** Which end of a connection: who dialled, or who accepted. */
export type Role = "dialer" | "acceptor";

/** What a frame led to. After anything but `waiting` the handshake is over. */
export type HandshakeStep =
  | { readonly status: "waiting"; readonly reply: Uint8Array }
  | {
      readonly status: "proved";
      readonly reply: Uint8Array | undefined;
      /** 64 bytes that only the two ends know: the first half keys what the dialer sends. */
      readonly keyMaterial: Uint8Array;
    }
  | {
      readonly status: "refused";
      readonly code: RefusalCode;
      readonly byPeer: boolean;
      readonly detail: string;
      readonly reply: Uint8Array | undefined;
    }
  | { readonly status: "malformed"; readonly reason: string };

/** What a node proves itself with, derived once. */
export interface Credentials {
  readonly clusterTag: Uint8Array;
  /** One for each secret, in the order given. */
  readonly keys: readonly Uint8Array[];
  /** Whether frames are sealed: not where the only key is what everyone can derive. */
  readonly isSealed: boolean;
}

/**
 * Derives what proofs are made with. Without a secret, allowed on loopback only, the key comes from
 * the cluster's name alone: it keeps clusters apart and strangers not.
 */
export function createCredentials(cluster: string, secrets: readonly string[]): Credentials {
  const clusterTag = createHash("sha256").update(`session-mesh cluster\0${cluster}`).digest();
  const info = secrets.length === 0 ? "session-mesh open v1" : "session-mesh secret v1";
  const derive = (secret: string): Uint8Array =>
    new Uint8Array(hkdfSync("sha256", secret, `session-mesh\0${cluster}`, info, 32));
  return {
    clusterTag: clusterTag.subarray(0, TAG_BYTES),
    keys: secrets.length === 0 ? [derive(cluster)] : secrets.map(derive),
    isSealed: secrets.length > 0,
  };
}

/** One end of one handshake: frames in, steps out. */
export class Handshake {
  readonly #role: Role;
  readonly #credentials: Credentials;
  readonly #share = new KeyShare();
  /** What the two shares have in common. */
  #common: Uint8Array | undefined;
  #open: Uint8Array | undefined;
  #challenge: Uint8Array | undefined;

  constructor(role: Role, credentials: Credentials) {
    this.#role = role;
    this.#credentials = credentials;
  }

  /** The dialer's first frame; the acceptor has none. */
  start(): Uint8Array | undefined {
    if (this.#role === "acceptor") return undefined;
    const { clusterTag } = this.#credentials;
    const nonce = randomBytes(NONCE_BYTES);
    this.#open = Buffer.concat([header(KIND.open), clusterTag, nonce, this.#share.bytes()]);
    return this.#open;
  }

  /** Takes the next frame of the other end; never throws. */
  receive(frame: Uint8Array): HandshakeStep {
    const kind = frame[0];
    if (kind === KIND.refuse) return readRefusal(frame);
    if (this.#role === "acceptor") {
      if (!this.#open && kind === KIND.open) return this.#onOpen(frame);
      if (this.#challenge && kind === KIND.dialerProof) return this.#onDialerProof(frame);
    } else {
      if (!this.#challenge && kind === KIND.challenge) return this.#onChallenge(frame);
      if (this.#challenge && kind === KIND.acceptorProof) return this.#onAcceptorProof(frame);
    }
    return malformed("a frame that is not part of the handshake");
  }

  #onOpen(frame: Uint8Array): HandshakeStep {
    if (!hasMagic(frame)) return malformed("not a session-mesh peer");
    if (!hasVersion(frame)) return refuse("protocol", versionDetail(frame));
    if (frame.length < OPEN_BYTES) return malformed("an opening frame that is too short");
    const tag = frame.subarray(HEADER_BYTES, HEADER_BYTES + TAG_BYTES);
    if (!timingSafeEqual(tag, this.#credentials.clusterTag)) {
      return refuse("cluster", "it belongs to another cluster");
    }
    this.#common = this.#share.combine(frame.subarray(OPEN_BYTES - SHARE_BYTES, OPEN_BYTES));
    if (!this.#common) return malformed("a key share that is worthless");
    this.#open = Uint8Array.from(frame);
    const nonce = randomBytes(NONCE_BYTES);
    this.#challenge = Buffer.concat([header(KIND.challenge), nonce, this.#share.bytes()]);
    return { status: "waiting", reply: this.#challenge };
  }

  #onChallenge(frame: Uint8Array): HandshakeStep {
    if (!hasMagic(frame)) return malformed("not a session-mesh peer");
    if (!hasVersion(frame)) return refuse("protocol", versionDetail(frame));
    if (frame.length < CHALLENGE_BYTES) return malformed("a challenge that is too short");
    const share = frame.subarray(CHALLENGE_BYTES - SHARE_BYTES, CHALLENGE_BYTES);
    this.#common = this.#share.combine(share);
    if (!this.#common) return malformed("a key share that is worthless");
    this.#challenge = Uint8Array.from(frame);
    const proofs = this.#credentials.keys.map((key) => this.#proof(key, "dialer"));
    const head = Uint8Array.of(KIND.dialerProof, proofs.length);
    return { status: "waiting", reply: Buffer.concat([head, ...proofs]) };
  }

  #onDialerProof(frame: Uint8Array): HandshakeStep {
    const count = frame[1] ?? 0;
    const isWhole = frame.length >= 2 + count * PROOF_BYTES;
    if (count === 0 || count > SECRETS_MAX || !isWhole) return malformed("a proof that is cut off");
    let proved: Uint8Array | undefined;
    for (const key of this.#credentials.keys) {
      const expected = this.#proof(key, "dialer");
      for (let index = 0; index < count; index++) {
        const from = 2 + index * PROOF_BYTES;
        const isEqual = timingSafeEqual(frame.subarray(from, from + PROOF_BYTES), expected);
        if (isEqual) proved ??= key;
      }
    }
    if (!proved) return refuse("proof", "it does not know the secret");
    const reply = Buffer.concat([
      Uint8Array.of(KIND.acceptorProof),
      this.#proof(proved, "acceptor"),
    ]);
    return { status: "proved", reply, keyMaterial: this.#keyMaterial(proved) };
  }

  #onAcceptorProof(frame: Uint8Array): HandshakeStep {
    if (frame.length < 1 + PROOF_BYTES) return malformed("a proof that is cut off");
    const proof = frame.subarray(1, 1 + PROOF_BYTES);
    const isProved = (key: Uint8Array): boolean =>
      timingSafeEqual(proof, this.#proof(key, "acceptor"));
    const proved = this.#credentials.keys.find(isProved);
    if (!proved) return refuse("proof", "it does not know the secret");
    return { status: "proved", reply: undefined, keyMaterial: this.#keyMaterial(proved) };
  }

  #proof(key: Uint8Array, prover: Role): Uint8Array {
    return this.#derive(key, `session-mesh proof v1 ${prover}`, PROOF_BYTES);
  }

  #keyMaterial(key: Uint8Array): Uint8Array {
    return this.#derive(key, "session-mesh link keys v1", KEY_MATERIAL_BYTES);
  }

  /** What only the ends of this exchange can know, and of them only those with the secret. */
  #derive(key: Uint8Array, info: string, length: number): Uint8Array {
    const common = this.#common;
    assert(common !== undefined, "shares must be combined before anything is derived");
    const input = Buffer.concat([key, common]);
    return new Uint8Array(hkdfSync("sha256", input, this.#transcript(), info, length));
  }

  /** A digest of open and challenge; the length in front tells where the one ends. */
  #transcript(): Uint8Array {
    const open = this.#open ?? new Uint8Array();
    const challenge = this.#challenge ?? new Uint8Array();
    const openLength = Buffer.alloc(4);
    openLength.writeUInt32BE(open.length);
    return createHash("sha256").update(openLength).update(open).update(challenge).digest();
  }
}

function header(kind: number): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(kind),
    MAGIC,
    Uint8Array.of(HANDSHAKE_VERSION, PROTOCOL_MIN, PROTOCOL_MAX),
  ]);
}

function hasMagic(frame: Uint8Array): boolean {
  return frame.length >= HEADER_BYTES && MAGIC.equals(frame.subarray(1, 1 + MAGIC.length));
}

function hasVersion(frame: Uint8Array): boolean {
  return frame[1 + MAGIC.length] === HANDSHAKE_VERSION;
}

function versionDetail(frame: Uint8Array): string {
  return `handshake version ${frame[1 + MAGIC.length]} met version ${HANDSHAKE_VERSION}`;
}

function malformed(reason: string): HandshakeStep {
  return { status: "malformed", reason };
}

function refuse(code: RefusalCode, detail: string): HandshakeStep {
  const reply = Buffer.concat([
    Uint8Array.of(KIND.refuse, REFUSALS.indexOf(code)),
    Buffer.from(detail),
  ]);
  return { status: "refused", code, byPeer: false, detail, reply };
}

/** What the peer says is shown in logs, so only printable characters are taken from it. */
function readRefusal(frame: Uint8Array): HandshakeStep {
  const code = REFUSALS[frame[1] ?? REFUSALS.length];
  if (code === undefined) return malformed("a refusal without a known code");
  const text = Buffer.from(frame.subarray(2, 2 + DETAIL_BYTES_MAX)).toString("latin1");
  const detail = text.replace(/[^\x20-\x7e]/g, "?");
  return { status: "refused", code, byPeer: true, detail, reply: undefined };
}
