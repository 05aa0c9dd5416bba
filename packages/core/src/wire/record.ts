/**
 * One session as it is stored: an item as on the wire, with a version before it and a checksum.
 *
 *   record = version[1] checksum[8] item          ; docs/PROTOCOL.md
 *
 * Disks are no more to be trusted than peers: what was torn, mixed up, or written by another cluster
 * fails the checksum, which is keyed; what passes is validated like any item.
 *
 * Not here: when sessions are stored (storage/persister.ts), and where (the shell).
 */
import { Packr, Unpackr } from "msgpackr";
import { assert } from "../assert.js";
import type { SessionId } from "../ids.js";
import type { WholeItem } from "../session-state.js";
import { itemToWire } from "./codec.js";
import { isWellFormed } from "./scan.js";
import { item as itemOf } from "./validate-items.js";

/** The version that this build writes. Fields appended to items need no new one. */
const RECORD_VERSION = 1;

/** What keys the checksum: the cluster's digest key. */
export type RecordKey = readonly [number, number];

/**
 * Why a record is not taken. `damaged`: torn, altered, or of another cluster. `newer`: a version or
 * a kind of item that this build does not know.
 */
export type RecordProblem = "damaged" | "newer";

const HEADER_BYTES = 9;

const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });
// Bytes are copied, or a few of them would keep their whole record alive.
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true });

/** The record of a whole copy or of a tombstone. */
export function encodeRecord(item: WholeItem, key: RecordKey): Uint8Array {
  const packed = packr.pack(itemToWire(item));
  assert(packed.length > 0, `the record of ${item.session} encoded to nothing`);
  return sealRecord(packed, { version: RECORD_VERSION, key });
}

/** Puts version and checksum before a body: this header is the same in every version. */
export function sealRecord(
  body: Uint8Array,
  { version, key }: { version: number; key: RecordKey },
): Uint8Array {
  const record = new Uint8Array(HEADER_BYTES + body.length);
  record.set(body, HEADER_BYTES);
  record[0] = version;
  const view = new DataView(record.buffer);
  const [a, b] = checksum(record, key);
  view.setUint32(1, a);
  view.setUint32(5, b);
  return record;
}

/** The item in a record that was stored under `session`; never throws. */
export function decodeRecord(
  record: Uint8Array,
  { session, key }: { session: SessionId; key: RecordKey },
): WholeItem | RecordProblem {
  // A plain view: a Buffer would make its copies Buffers too.
  const bytes = new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
  if (bytes.length <= HEADER_BYTES) return "damaged";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [a, b] = checksum(bytes, key);
  if (view.getUint32(1) !== a || view.getUint32(5) !== b) return "damaged";
  const version = bytes[0] as number;
  if (version > RECORD_VERSION) return "newer";
  const body = bytes.subarray(HEADER_BYTES);
  if (version !== RECORD_VERSION || !isWellFormed(body)) return "damaged";
  try {
    const item = itemOf(unpackr.unpack(body));
    if (!item) return "newer";
    return item.kind === "delta" || item.session !== session ? "damaged" : item;
  } catch {
    return "damaged";
  }
}

/** A keyed 64-bit hash of everything but itself, four bytes at a time. Against chance, not forgery. */
function checksum(record: Uint8Array, key: RecordKey): readonly [number, number] {
  const size = record.length;
  let a = (key[0] ^ size) | 0;
  let b = (key[1] + (record[0] ?? 0)) | 0;
  for (let i = HEADER_BYTES; i < size; i += 4) {
    const low = (record[i] ?? 0) | ((record[i + 1] ?? 0) << 8);
    const word = low | ((record[i + 2] ?? 0) << 16) | ((record[i + 3] ?? 0) << 24);
    a = Math.imul(a ^ word, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    b = Math.imul((b + word) ^ (a >>> 16), 0x85ebca6b);
    b ^= b >>> 13;
  }
  return [scramble(a) >>> 0, scramble(b ^ a) >>> 0];
}

function scramble(x: number): number {
  let z = x | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}
