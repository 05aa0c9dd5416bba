/**
 * What surrounds a session's document: a small lattice of lifetimes and revisions, each field with
 * its own join, so that any two copies merge to the same envelope in any order.
 *
 * Not here: the verdict whether a session is alive (expiry.ts), tombstones (tombstones.ts), and the
 * document itself (document.ts).
 */
import { compareStamps, type Hlc, HLC_ZERO, type Stamp } from "../hlc.js";
import type { Millis, WriterId } from "../ids.js";
import type { DeltaItem, Envelope, ShellFields, UnknownField } from "../session-state.js";
import { EMPTY_VECTOR, joinVectors, withVersion } from "./version-vector.js";

const NO_UNKNOWN: ReadonlyMap<string, UnknownField> = new Map();
const NO_STAMP: Stamp = { hlc: HLC_ZERO, writer: 0 as WriterId };

/** A touch moves in steps of the idle time over this, so that not every request is a write. */
const QUANTA_PER_IDLE = 20;

/** How a session begins. */
export interface EnvelopeBirth {
  readonly nowMs: Millis;
  readonly idleMs: Millis;
  readonly absoluteMs: Millis;
  readonly stamp: Stamp;
}

/** The envelope of a session created now. */
export function createEnvelope(birth: EnvelopeBirth): Envelope {
  return {
    createdAtMs: birth.nowMs,
    absoluteExpiresAtMs: birth.nowMs + birth.absoluteMs,
    idleMs: birth.idleMs,
    idleStamp: birth.stamp,
    touchedAtMs: touchQuantum(birth.nowMs, birth.idleMs),
    revisions: EMPTY_VECTOR,
    unknown: NO_UNKNOWN,
  };
}

/** The envelope of a session that a peer created; undefined where the fields are not all there. */
export function envelopeOfBirth(fields: DeltaItem["fields"]): Envelope | undefined {
  const { createdAtMs, absoluteExpiresAtMs, idleMs, idleStamp, touchedAtMs } = fields;
  const isWhole =
    createdAtMs !== undefined &&
    absoluteExpiresAtMs !== undefined &&
    idleMs !== undefined &&
    idleStamp !== undefined &&
    touchedAtMs !== undefined;
  if (!isWhole) return undefined;
  const lifetimes = { createdAtMs, absoluteExpiresAtMs, idleMs, idleStamp, touchedAtMs };
  return { ...lifetimes, revisions: EMPTY_VECTOR, unknown: fields.unknown ?? NO_UNKNOWN };
}

/** The end of the quantum that `nowMs` lies in. */
export function touchQuantum(nowMs: Millis, idleMs: Millis): Millis {
  const quantumMs = Math.max(1, Math.floor(idleMs / QUANTA_PER_IDLE));
  return Math.ceil(nowMs / quantumMs) * quantumMs;
}

/** Marks a commit of `writer` as its `rev`-th. */
export function withRevision(envelope: Envelope, writer: WriterId, rev: number): Envelope {
  return { ...envelope, revisions: withVersion(envelope.revisions, writer, rev) };
}

/** A touch at `nowMs`; the same envelope where no quantum moved. */
export function withTouch(envelope: Envelope, nowMs: Millis): Envelope {
  const touchedAtMs = touchQuantum(nowMs, envelope.idleMs);
  return touchedAtMs > envelope.touchedAtMs ? { ...envelope, touchedAtMs } : envelope;
}

/** Another idle time; the same envelope where it is already so. */
export function withIdle(envelope: Envelope, idleMs: Millis, stamp: Stamp): Envelope {
  return idleMs === envelope.idleMs ? envelope : { ...envelope, idleMs, idleStamp: stamp };
}

/** What a commit does to the envelope. */
export interface EnvelopeChange {
  readonly idleMs: Millis | undefined;
  readonly fields?: ShellFields | undefined;
  /** Every commit is a touch. */
  readonly nowMs: Millis;
  readonly stamp: Stamp;
}

/** The envelope after a commit but for its revision, and the fields to send for it. */
export function withChange(
  envelope: Envelope,
  { idleMs, fields, nowMs, stamp }: EnvelopeChange,
): { envelope: Envelope; changed: DeltaItem["fields"] } {
  const idled = idleMs === undefined ? envelope : withIdle(envelope, idleMs, stamp);
  const touched = withTouch(idled, nowMs);
  const news = fields && stampFields(fields, stamp);
  const changed = {
    ...(idled !== envelope && { idleMs: idled.idleMs, idleStamp: idled.idleStamp }),
    ...(touched !== idled && { touchedAtMs: touched.touchedAtMs }),
    ...(news && { unknown: news }),
  };
  if (!news) return { envelope: touched, changed };
  return { envelope: { ...touched, unknown: joinUnknown(touched.unknown, news) }, changed };
}

function stampFields(fields: ShellFields, stamp: Stamp): Envelope["unknown"] {
  const stamped = new Map<string, UnknownField>();
  for (const [name, { join, value }] of fields) {
    stamped.set(name, { join, value, stamp: join === "last" ? stamp : NO_STAMP });
  }
  return stamped;
}

/** Joins two copies. Commutative, associative, idempotent; `a` itself where `b` adds nothing. */
export function joinEnvelopes(a: Envelope, b: Envelope): Envelope {
  const idle = compareStamps(a.idleStamp, b.idleStamp) || a.idleMs - b.idleMs;
  const later = idle >= 0 ? a : b;
  const joined: Envelope = {
    createdAtMs: Math.min(a.createdAtMs, b.createdAtMs),
    absoluteExpiresAtMs: Math.min(a.absoluteExpiresAtMs, b.absoluteExpiresAtMs),
    idleMs: later.idleMs,
    idleStamp: later.idleStamp,
    touchedAtMs: Math.max(a.touchedAtMs, b.touchedAtMs),
    revisions: joinVectors(a.revisions, b.revisions),
    unknown: joinUnknown(a.unknown, b.unknown),
  };
  return isSame(a, joined) ? a : joined;
}

function isSame(a: Envelope, b: Envelope): boolean {
  return (
    a.createdAtMs === b.createdAtMs &&
    a.absoluteExpiresAtMs === b.absoluteExpiresAtMs &&
    a.idleMs === b.idleMs &&
    compareStamps(a.idleStamp, b.idleStamp) === 0 &&
    a.touchedAtMs === b.touchedAtMs &&
    a.revisions === b.revisions &&
    a.unknown === b.unknown
  );
}

function joinUnknown(
  a: Envelope["unknown"],
  b: Envelope["unknown"],
): ReadonlyMap<string, UnknownField> {
  let joined: Map<string, UnknownField> | undefined;
  for (const [name, field] of b) {
    const mine = a.get(name);
    const winner = mine === undefined ? field : joinField(mine, field);
    if (winner !== mine) (joined ??= new Map(a)).set(name, winner);
  }
  return joined ?? a;
}

/** A text for each plain value, for digests and for joins that must not depend on the order of arrival. */
export function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `b${value.join(",")}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return `${typeof value}${String(value)}`;
  const entries = Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(",")}}`;
}

function joinField(a: UnknownField, b: UnknownField): UnknownField {
  if (a.join !== b.join) return a.join < b.join ? a : b;
  const byStamp = compareStamps(a.stamp, b.stamp);
  const byValue = compareValues(a.value, b.value) * (a.join === "min" ? -1 : 1);
  const order = a.join === "last" ? byStamp || byValue : byValue || byStamp;
  return order >= 0 ? a : b;
}

function compareValues(a: unknown, b: unknown): number {
  // What is not a number is not ordered among them, but its text is.
  if (typeof a === "number" && typeof b === "number" && a < b) return -1;
  if (typeof a === "number" && typeof b === "number" && a > b) return 1;
  const [x, y] = [canonical(a), canonical(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The highest clock in an envelope, or in a change of one: a commit must go above it. */
export function envelopeHlcMax({ idleStamp, unknown }: Partial<Envelope>): Hlc {
  let hlc = idleStamp?.hlc ?? HLC_ZERO;
  for (const { stamp } of unknown?.values() ?? []) if (stamp.hlc > hlc) hlc = stamp.hlc;
  return hlc;
}
