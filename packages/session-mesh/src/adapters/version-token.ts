/**
 * What a user has seen of his session, as it travels in a cookie: revisions by writer, and a MAC that
 * covers the session's id, so that a token is of no use for another session (P5).
 *
 *   token    = base64url(mac ‖ revision*)          mac: the first 10 bytes of HMAC-SHA256
 *   revision = writer, 7 bytes ‖ count, LEB128
 *
 * A forged token could only make its own sender wait; 80 bits are plenty for that.
 * Not here: which cookies carry them (token-slots.ts, version-tokens.ts).
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { VersionVector } from "@session-mesh/core";
import { RecentMap } from "../recent-map.js";

const MAC_BYTES = 10;
const WRITER_BYTES = 7;

/** With this, a cookie's name and its usual attributes a Set-Cookie line has at most 120 bytes. */
const TOKEN_BYTES_MAX = 37;

/** No token that was made here is longer. */
const TOKEN_LENGTH_MAX = Math.ceil((TOKEN_BYTES_MAX * 4) / 3);

/** A client brings its token with each request for a minute. */
const DECODED_MAX = 8_192;

const decodedLately = new RecentMap<string, VersionToken>(DECODED_MAX);

/** A token that came, not verified yet. */
export interface VersionToken {
  readonly revisions: VersionVector;
  /** Whether one of the secrets signed it for this session. */
  isSignedFor(id: string, secrets: readonly string[]): boolean;
}

/** Signs with the first secret. Undefined for more than fits. */
export function encodeToken(
  revisions: VersionVector,
  id: string,
  secrets: readonly string[],
): string | undefined {
  const bytes: number[] = [];
  for (let i = 0; i < revisions.length; i += 2) {
    writeInteger(bytes, revisions[i] as number);
    writeCount(bytes, revisions[i + 1] as number);
  }
  if (MAC_BYTES + bytes.length > TOKEN_BYTES_MAX) return undefined;
  const body = Buffer.from(bytes);
  return Buffer.concat([macOf(body, id, secrets[0] as string), body]).toString("base64url");
}

/** Reads a token; undefined for what cannot be one. */
export function decodeToken(value: string): VersionToken | undefined {
  if (value.length > TOKEN_LENGTH_MAX) return undefined;
  const known = decodedLately.get(value);
  if (known) return known;
  const token = decode(value);
  if (token) decodedLately.set(value, token);
  return token;
}

function decode(value: string): VersionToken | undefined {
  const bytes = Buffer.from(value, "base64url");
  const mac = bytes.subarray(0, MAC_BYTES);
  const body = bytes.subarray(MAC_BYTES);
  const revisions = readRevisions(body);
  if (mac.length < MAC_BYTES || revisions === undefined) return undefined;
  const isSignedFor = (id: string, secrets: readonly string[]): boolean =>
    secrets.some((secret) => timingSafeEqual(mac, macOf(body, id, secret)));
  return { revisions, isSignedFor };
}

function macOf(body: Uint8Array, id: string, secret: string): Buffer {
  const hmac = createHmac("sha256", secret).update(`session-mesh token 1\0${id}\0`).update(body);
  return hmac.digest().subarray(0, MAC_BYTES);
}

function readRevisions(body: Buffer): VersionVector | undefined {
  const revisions: number[] = [];
  let writerBefore = 0;
  let at = 0;
  while (at < body.length) {
    if (at + WRITER_BYTES >= body.length) return undefined;
    const writer = body.readUIntBE(at, 1) * 2 ** 48 + body.readUIntBE(at + 1, WRITER_BYTES - 1);
    const count = readCount(body, at + WRITER_BYTES);
    if (count === undefined || !Number.isSafeInteger(writer) || writer <= writerBefore) {
      return undefined;
    }
    revisions.push(writer, count.value);
    writerBefore = writer;
    at = count.end;
  }
  return revisions.length > 0 ? revisions : undefined;
}

function readCount(body: Buffer, start: number): { value: number; end: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let at = start; at < body.length; at += 1) {
    const byte = body[at] as number;
    value += (byte & 0x7f) * scale;
    if (!Number.isSafeInteger(value)) return undefined;
    if (byte < 0x80) return value > 0 ? { value, end: at + 1 } : undefined;
    scale *= 0x80;
  }
  return undefined;
}

function writeInteger(bytes: number[], value: number): void {
  for (let shift = WRITER_BYTES - 1; shift >= 0; shift -= 1) {
    bytes.push(Math.floor(value / 2 ** (8 * shift)) % 0x100);
  }
}

function writeCount(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  bytes.push(rest);
}
