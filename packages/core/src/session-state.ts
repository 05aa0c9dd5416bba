/**
 * A session's state as data: what the table of sessions holds and what peers send one another.
 *
 * Not here: how copies join (session/envelope.ts), and how they are encoded (wire/codec.ts).
 */
import type { Hlc, Stamp } from "./hlc.js";
import type { Millis, SessionId, WriterId } from "./ids.js";

/** Writers ascending, each followed by its count: `[writer, count, writer, count, …]`. */
export type VersionVector = readonly number[];

/** How a field that this version does not know joins: it is kept, merged and passed on all the same. */
export type Join = "max" | "min" | "or" | "last";

/** A field of a newer version, or the shell's. `stamp` decides `last` and is zero for the other joins. */
export interface UnknownField {
  readonly join: Join;
  readonly value: unknown;
  readonly stamp: Stamp;
}

/** Fields that the shell writes with a commit, by name: core stamps and joins them, and no more. */
export type ShellFields = ReadonlyMap<string, Pick<UnknownField, "join" | "value">>;

/** The lattice beside a session's document. */
export interface Envelope {
  /** Immutable; the minimum where copies differ. */
  readonly createdAtMs: Millis;
  /** Immutable; the minimum where copies differ. After it every copy is dead. */
  readonly absoluteExpiresAtMs: Millis;
  /** The idle time, and who set it when: the later one wins (M10). */
  readonly idleMs: Millis;
  readonly idleStamp: Stamp;
  /** The latest touch, rounded up to the next quantum: the maximum wins (M10). */
  readonly touchedAtMs: Millis;
  /** How many commits each writer has made. */
  readonly revisions: VersionVector;
  /** Fields of a newer version and the shell's, by name. */
  readonly unknown: ReadonlyMap<string, UnknownField>;
}

/** Proof that a session was destroyed. */
export interface Tombstone {
  /**
   * When every copy of the session is dead anyway. The maximum where copies differ, for a node that
   * destroys what it does not hold can only guess.
   */
  readonly absoluteExpiresAtMs: Millis;
  /**
   * When the session was regenerated under another id, else 0; the maximum where copies differ. Only
   * of use for seconds, so it is neither fingerprinted nor repaired.
   */
  readonly regeneratedAtMs: Millis;
}

/** One commit: what it adds to the document, and what its author had seen. */
export interface Commit {
  readonly author: WriterId;
  /** The author's how-many-th commit to this session, from 1. */
  readonly rev: number;
  /** The revisions that the author held, this commit included. */
  readonly seen: VersionVector;
  readonly hlc: Hlc;
  /** A Yjs update in format 1; absent where only the envelope changed. */
  readonly update: Uint8Array | undefined;
}

/** What one local change adds to a session: of use only to who holds everything before it. */
export interface DeltaItem {
  readonly kind: "delta";
  readonly session: SessionId;
  /** The fields that changed; all of them for a session that is new. */
  readonly fields: Partial<Omit<Envelope, "revisions">>;
  readonly commit: Commit | undefined;
}

/** A whole copy of a session. */
export interface StateItem {
  readonly kind: "state";
  readonly session: SessionId;
  readonly envelope: Envelope;
  readonly hlcMax: Hlc;
  /** The document as a Yjs update in format 2. */
  readonly update: Uint8Array;
}

/** The news that a session was destroyed. */
export interface TombstoneItem extends Tombstone {
  readonly kind: "tombstone";
  readonly session: SessionId;
}

/** A piece of news about one session. */
export type Item = DeltaItem | StateItem | TombstoneItem;

/** An item that stands for itself, whatever the receiver holds. */
export type WholeItem = StateItem | TombstoneItem;
