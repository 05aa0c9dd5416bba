/**
 * When a key of the mesh ends, as its envelope says: `idleMs` is the time to live that was asked for
 * last, and the field `x` the exact end, both registers by clock (M10). The envelope's own expiry only
 * bounds how long the bytes are kept.
 *
 * An end that is asked for with the same time to live again moves in steps, as touches do, so that not
 * every EXPIRE is a change; what writes anyway says the exact end.
 *
 * Not here: commands and their units.
 */
import type { Millis } from "session-mesh";
import type { LocalCommit } from "session-mesh/records";
import type { Held } from "./instances.js";
import type { Expiry } from "./key.js";

const END = "x";

/** An end that is asked for again and again moves in steps of its time to live over this. */
const STEPS_PER_TTL = 20;

/** The largest such step. */
const STEP_MS_MAX: Millis = 60_000;

/** A time to live may be below `idleMs` by this factor without a change of it. */
const ROOM = 1.1;

/** What of a copy says when it ends. */
type Lifetimes = Pick<Held, "fields" | "absoluteExpiresAtMs" | "lifetime">;

/** What a change of the end does to the envelope. */
type EndChange = Pick<LocalCommit, "idleMs" | "fields">;

/** When a copy ends, as far as it says so itself; undefined for never. */
export function endOf(held: Lifetimes): Millis | undefined {
  const value = held.fields.get(END)?.value;
  if (typeof value !== "number" || value <= 0) return undefined;
  return Math.min(value, held.absoluteExpiresAtMs);
}

/** Whether a copy is alive at a moment, whatever it holds. */
export function isLive(held: Lifetimes, nowMs: Millis): boolean {
  const endMs = endOf(held);
  return held.lifetime === "live" && (endMs === undefined || nowMs < endMs);
}

/** What is to happen, and to what. */
export interface EndWish {
  readonly expiry: Expiry;
  /** Whether the copy counts as alive. */
  readonly isLive: boolean;
  /** Whether something is written anyway. */
  readonly isWrite: boolean;
  readonly nowMs: Millis;
}

/** What becomes of the envelope of a copy, or of one that is made; undefined for nothing. */
export function endChange(held: Held | undefined, wish: EndWish): EndChange | undefined {
  const { expiry, nowMs } = wish;
  const endMs = held && wish.isLive ? endOf(held) : undefined;
  if (expiry === "keep") return undefined;
  if (expiry === "never") {
    if (!held || (endMs === undefined && wish.isLive)) return undefined;
    return endAt(0, Math.max(1, held.absoluteExpiresAtMs - nowMs));
  }
  const { atMs } = expiry;
  const ttlMs = Math.max(1, expiry.ttlMs);
  if (!held || endMs === undefined) return endAt(atMs, ttlMs);
  if (endMs === atMs && held.idleMs >= ttlMs && held.idleMs <= ttlMs * ROOM) return undefined;
  if (!expiry.isRelative) {
    const isRoomy = held.idleMs >= ttlMs && held.idleMs <= ttlMs * ROOM;
    return endAt(atMs, isRoomy ? held.idleMs : ttlMs);
  }
  if (held.idleMs !== ttlMs || wish.isWrite) return endAt(atMs, ttlMs);
  if (endMs >= atMs) return undefined;
  const stepMs = Math.min(STEP_MS_MAX, Math.floor(ttlMs / STEPS_PER_TTL));
  return endAt(atMs + stepMs, ttlMs);
}

function endAt(atMs: Millis, ttlMs: Millis): EndChange {
  return { idleMs: ttlMs, fields: new Map([[END, { join: "last", value: atMs }]]) };
}
