/**
 * One entry of a document: what one commit of one writer says of one path.
 *
 * In a document an entry is `[key, hlc]` or `[key, hlc, payload]`; whose root array holds it says who
 * wrote it, and how many entries that writer had made before is its clock.
 *
 * Not here: which of several entries on a path counts (places.ts).
 */
import { type Hlc, HLC_ZERO, isHlc } from "../hlc.js";
import type { WriterId } from "../ids.js";
import { type Step, parseKey } from "./keys.js";
import { type Leaf, leafOf } from "./payload.js";

/** Clocks above this are no clocks: some day a commit could not go above them. */
export const HLC_LIMIT: Hlc = (Number.MAX_SAFE_INTEGER - 2 ** 20) as Hlc;

/** What a commit's author had seen of the others, as revisions; for telling which writes met. */
export interface UpdateContext {
  readonly writer: WriterId;
  /** The author's how-many-th commit to this session, from 1. */
  readonly rev: number;
  readonly seen: ReadonlyMap<WriterId, number>;
  /** The commit's clock: an update with a higher one inside is rejected. */
  readonly hlc?: Hlc;
}

/** What one commit says of one path. */
export interface Entry {
  readonly hlc: Hlc;
  readonly writer: WriterId;
  /** Its place in its writer's array. */
  readonly clock: number;
  readonly leaf: Leaf;
  /** Absent for what came with a whole document. */
  readonly context: UpdateContext | undefined;
}

/** An entry and the path it speaks of. */
export interface PlacedEntry {
  readonly key: string;
  readonly steps: readonly Step[];
  readonly entry: Entry;
}

/** Where an entry comes from. */
export interface Origin {
  readonly writer: WriterId;
  readonly clock: number;
  readonly context: UpdateContext | undefined;
}

/** The entry that `raw` is; undefined for what this version cannot place: it is kept and not shown. */
export function placeEntry(raw: unknown, origin: Origin): PlacedEntry | undefined {
  if (!Array.isArray(raw) || raw.length < 2) return undefined;
  const [key, hlc, payload] = raw as unknown[];
  if (typeof key !== "string" || !isHlc(hlc) || hlc > HLC_LIMIT) return undefined;
  const steps = parseKey(key);
  const last = steps?.at(-1);
  if (!steps || !last) return undefined;
  // A cell sums up what one writer did: nobody else can have written it.
  if (last.kind === "cell" && last.writer !== origin.writer) return undefined;
  return { key, steps, entry: { hlc, ...origin, leaf: leafOf(payload, last) } };
}

/** The clock of an entry as stored, whether this version can place it or not. */
export function rawClock(raw: unknown): Hlc {
  const hlc: unknown = Array.isArray(raw) ? raw[1] : undefined;
  return isHlc(hlc) ? hlc : HLC_ZERO;
}

/** Negative, 0 or positive as `a` is before, the same as, or after `b`: by clock, then by writer. */
export function compareEntries(a: Entry, b: Entry): number {
  return a.hlc - b.hlc || a.writer - b.writer || a.clock - b.clock;
}

/** The later of two entries, either of which may be missing. */
export function laterEntry(a: Entry | undefined, b: Entry | undefined): Entry | undefined {
  if (!a || !b) return a ?? b;
  return compareEntries(a, b) >= 0 ? a : b;
}
