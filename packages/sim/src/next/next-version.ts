/**
 * A made-up next version of the protocol: what a node of it sends has a field more wherever there is
 * room for one, and comes with a message and items that this version does not know.
 *
 * Not here: fields of envelopes and entries of documents, which such a node writes (next-writes.ts).
 */
import type { Dialect } from "../world/dialect.js";
import { frameOf, isNil, numberIn, small, type Wire, wireOf } from "./wire-tree.js";

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
export const NEXT_MESSAGE = 100;
/** A kind of item that only the next version knows. */
const NEXT_ITEM = small(77);
/** What stands in a field that only the next version knows. */
const NEWER = small({ since: 2, parts: [1, "newer"] });
const NIL = small(null);

const DELTA = 2;
const TOMBSTONE = 0;

/** How many fields this version's envelope has. */
const ENVELOPE_FIELDS = 8;

/** What a made-up version says of itself. */
export interface NextVersionOptions {
  /** The protocols that it speaks. @default [1, 2] */
  readonly protocols?: readonly [min: number, max: number];
  /** Its way to compute digests; this version's is 1. @default 1 */
  readonly digestVersion?: number;
  /** Says that it lives in no other way than by the new message. */
  readonly hasNewHeartbeat?: boolean;
}

/** Makes a version up. */
export function nextVersion({
  protocols = [1, 2],
  digestVersion = 1,
  hasNewHeartbeat = false,
}: NextVersionOptions = {}): Dialect {
  const message = small([NEXT_MESSAGE, { reason: "of a newer version" }]);
  return {
    digestVersion,
    said(frame) {
      const wire = wireOf(frame);
      const code = numberIn(wire[0]);
      if (hasNewHeartbeat && code === CODES.heartbeat) return [message];
      if (code === CODES.hello) wire.splice(1, 3, ...[...protocols, digestVersion].map(small));
      return [message, frameOf(grown(wire))];
    },
    heard(frame) {
      if (frame[1] !== CODES.hello) return frame;
      const wire = wireOf(frame);
      const [min = 0, max = 0, theirs = 0] = wire.slice(1, 4).map(numberIn);
      const isUnderstood = min <= protocols[1] && max >= protocols[0];
      // Its replica is one of this version: told by what it must conclude.
      const told = isUnderstood ? [1, 1] : [max + 1, max + 1];
      wire.splice(1, 3, ...[...told, theirs === digestVersion ? 1 : theirs + 1].map(small));
      return frameOf(wire);
    },
  };
}

/** A message with more in it; vectors and sums are flat and have no room. */
function grown(wire: Wire[]): Wire[] {
  const code = numberIn(wire[0]);
  if (code === CODES.hello) wire[5] = [...(wire[5] as Wire[]), NEWER];
  if (code === CODES.members) wire[1] = (wire[1] as Wire[][]).map((fact) => [...fact, NEWER]);
  if (code === CODES.push) wire[3] = grownItems(wire[3] as Wire[][]);
  if (code === CODES.sync) wire[2] = grownItems(wire[2] as Wire[][]);
  if (code === CODES.ranged) wire[4] = grownItems(wire[4] as Wire[][]);
  if (code === CODES.pulled && !isNil(wire[2])) wire[2] = grownItem(wire[2] as Wire[]);
  return [...wire, NEWER];
}

function grownItems(items: readonly Wire[][]): Wire[] {
  const news = items.map((item): Wire[] => [item[0] ?? NIL, NEXT_ITEM, NEWER]);
  return [...news, ...items.map(grownItem)];
}

function grownItem(item: readonly Wire[]): Wire[] {
  const [session = NIL, kind = NIL, envelope, commit = NIL] = item;
  if (numberIn(kind) === TOMBSTONE) return [...item, NEWER];
  const fields = envelope as Wire[];
  const blanks = Array.from({ length: ENVELOPE_FIELDS - fields.length }, () => NIL);
  const wide = [...fields, ...blanks, NEWER];
  if (numberIn(kind) !== DELTA) return [session, kind, wide, ...item.slice(3), NEWER];
  return [session, kind, wide, isNil(commit) ? NIL : [...(commit as Wire[]), NEWER], NEWER];
}
