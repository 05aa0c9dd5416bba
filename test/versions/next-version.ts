/**
 * A made-up next version of the protocol: what a node of it sends has a field more wherever there is
 * room for one, and comes with a message and items that this version does not know.
 *
 * Not here: fields of envelopes and entries of documents, which such a node writes (next-writes.ts).
 */
import { Packr, Unpackr } from "msgpackr";
import type { Dialect } from "@session-mesh/sim";

/** The numbers on the wire of this version's messages that matter here. */
export const CODES = {
  hello: 1,
  members: 3,
  heartbeat: 4,
  push: 7,
  audit: 9,
  listed: 12,
  sync: 13,
  pulled: 16,
  ranged: 20,
} as const;

/** A message that only the next version knows. */
export const NEXT_MESSAGE = 200;
/** A kind of item that only the next version knows. */
const NEXT_ITEM = 77;
/** What stands in a field that only the next version knows. */
const NEWER = { since: 2, parts: [1, "newer"] };

const DELTA = 2;
const TOMBSTONE = 0;

/** What a made-up version says of itself. */
export interface NextVersionOptions {
  /** The protocols that it speaks. @default [1, 2] */
  readonly protocols?: readonly [min: number, max: number];
  /** Its way to compute digests; this version's is 1. @default 1 */
  readonly digestVersion?: number;
  /** Says that it lives in no other way than by the new message. */
  readonly hasNewHeartbeat?: boolean;
}

type Wire = unknown[];

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true });

/** The array that a frame is. */
export function wireOf(frame: Uint8Array): Wire {
  return unpackr.unpack(frame) as Wire;
}

/** Makes a version up. */
export function nextVersion({
  protocols = [1, 2],
  digestVersion = 1,
  hasNewHeartbeat = false,
}: NextVersionOptions = {}): Dialect {
  const message = packr.pack([NEXT_MESSAGE, { reason: "of a newer version" }]);
  return {
    said(frame) {
      const wire = wireOf(frame);
      if (hasNewHeartbeat && wire[0] === CODES.heartbeat) return [message];
      if (wire[0] === CODES.hello) wire.splice(1, 3, ...protocols, digestVersion);
      return [message, packr.pack(grown(wire))];
    },
    heard(frame) {
      if (frame[1] !== CODES.hello) return frame;
      const wire = wireOf(frame);
      const [min, max, theirs] = wire.slice(1, 4) as [number, number, number];
      const isUnderstood = min <= protocols[1] && max >= protocols[0];
      // Its replica is one of this version: told by what it must conclude.
      const told = isUnderstood ? [1, 1] : [max + 1, max + 1];
      wire.splice(1, 3, ...told, theirs === digestVersion ? 1 : theirs + 1);
      return packr.pack(wire);
    },
  };
}

/** A message with more in it; vectors and sums are flat and have no room. */
function grown(wire: Wire): Wire {
  const [code] = wire;
  if (code === CODES.hello) wire[5] = [...(wire[5] as Wire), NEWER];
  if (code === CODES.members) wire[1] = (wire[1] as Wire[]).map((fact) => [...fact, NEWER]);
  if (code === CODES.push) wire[3] = grownItems(wire[3] as Wire[]);
  if (code === CODES.sync) wire[2] = grownItems(wire[2] as Wire[]);
  if (code === CODES.ranged) wire[4] = grownItems(wire[4] as Wire[]);
  if (code === CODES.pulled && wire[2] !== null) wire[2] = grownItem(wire[2] as Wire);
  return [...wire, NEWER];
}

function grownItems(items: readonly Wire[]): Wire[] {
  const news = items.map((item) => [item[0], NEXT_ITEM, NEWER]);
  return [...news, ...items.map(grownItem)];
}

function grownItem(item: Wire): Wire {
  const [session, kind, envelope, commit] = item;
  if (kind === TOMBSTONE) return [...item, NEWER];
  const fields = envelope as Wire;
  const wide = [...fields, ...Array<null>(8 - fields.length).fill(null), NEWER];
  if (kind !== DELTA) return [session, kind, wide, ...item.slice(3), NEWER];
  return [session, kind, wide, commit === null ? null : [...(commit as Wire), NEWER], NEWER];
}
