/**
 * Raw session ids and what they turn into at the door: a raw id lives in the user's cookie and in
 * this process, and only its keyed hash is stored, sent, or shown (P12).
 *
 * Not here: signing cookies (the adapters).
 */
import { createHmac, hkdfSync, randomBytes } from "node:crypto";
import type { SessionId } from "@session-mesh/core";
import { RecentMap } from "./recent-map.js";

/** 192 random bits: nobody guesses one, and no two are ever equal. */
const RAW_ID_BYTES = 24;

/** Longest raw id that is looked up; a longer one was not made here. */
export const RAW_ID_LENGTH_MAX = 128;

/** The characters of a SessionId: enough of the hash that no two sessions ever meet. */
export const SESSION_ID_LENGTH = 22;

/** How many raw ids are known again without being hashed: 200 bytes each. */
const HASHED_MAX = 16_384;

/** A new raw id, fit for a cookie. */
export function createRawId(): string {
  return randomBytes(RAW_ID_BYTES).toString("base64url");
}

/** The keys of a cluster that do not rotate with its secret: sessions and sums are named by them. */
export interface NamingKeys {
  readonly idKey: Uint8Array;
  readonly digestKey: readonly [number, number];
}

/** Derives the keys; the same on every node of a cluster. */
export function deriveNamingKeys(cluster: string, idKey: string | undefined): NamingKeys {
  const derive = (info: string, length: number): Buffer =>
    Buffer.from(hkdfSync("sha256", idKey ?? "", `session-mesh\0${cluster}`, info, length));
  const digest = derive("session-mesh digest key v1", 8);
  return {
    idKey: derive("session-mesh id key v1", 32),
    digestKey: [digest.readUInt32BE(0), digest.readUInt32BE(4)],
  };
}

/** The name under which the mesh knows the session of a raw id. */
export function hashRawId(rawId: string, idKey: Uint8Array): SessionId {
  const hash = createHmac("sha256", idKey).update(rawId).digest("base64url");
  return hash.slice(0, SESSION_ID_LENGTH) as SessionId;
}

/** {@link hashRawId} under one key; quick for ids that come again and again. */
export function rawIdHasher(idKey: Uint8Array): (rawId: string) => SessionId {
  const lately = new RecentMap<string, SessionId>(HASHED_MAX);
  return (rawId) => {
    let session = lately.get(rawId);
    if (session === undefined) {
      session = hashRawId(rawId, idKey);
      lately.set(rawId, session);
    }
    return session;
  };
}
