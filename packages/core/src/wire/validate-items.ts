/**
 * The items of untrusted messages: pieces of news about one session.
 *
 * Not here: how items are encoded (codec.ts), and how they merge (session/table.ts).
 */
import type {
  Commit,
  DeltaItem,
  Envelope,
  Item,
  Join,
  UnknownField,
  WholeItem,
} from "../session-state.js";
import { ITEM_CODES } from "./codec.js";
import {
  array,
  bytes,
  count,
  hlc,
  isPresent,
  Malformed,
  session,
  stamp,
  text,
  time,
  vector,
  writer,
} from "./fields.js";

/** Items of a kind that this version does not know are left out. */
export function items(value: unknown): Item[] {
  return array(value, "items")
    .map(item)
    .filter((known) => known !== undefined);
}

/** The same, where only items that stand for themselves may be: deltas are left out too. */
export function wholeItems(value: unknown): WholeItem[] {
  return items(value).filter((known) => known.kind !== "delta");
}

/** An item; undefined for a kind that this version does not know. */
export function item(value: unknown): DeltaItem | WholeItem | undefined {
  const w = array(value, "item");
  const id = session(w[0]);
  switch (w[1]) {
    case ITEM_CODES.tombstone: {
      const absoluteExpiresAtMs = time(w[2], "absoluteExpiresAt");
      const regeneratedAtMs = time(w[3], "regeneratedAt");
      return { kind: "tombstone", session: id, absoluteExpiresAtMs, regeneratedAtMs };
    }
    case ITEM_CODES.state: {
      const envelope = wholeEnvelope(w[2]);
      return { kind: "state", session: id, envelope, hlcMax: hlc(w[3]), update: bytes(w[4]) };
    }
    case ITEM_CODES.delta: {
      const commit = w[3] === null ? undefined : commitOf(w[3]);
      return { kind: "delta", session: id, fields: envelopeFields(w[2]), commit };
    }
    default:
      return undefined;
  }
}

function envelopeFields(value: unknown): DeltaItem["fields"] {
  const w = array(value, "envelope");
  const [createdAt, absoluteExpiresAt, idle, idleHlc, idleWriter, touchedAt, , unknown] = w;
  return {
    ...(isPresent(createdAt) && { createdAtMs: time(createdAt, "createdAt") }),
    ...(isPresent(absoluteExpiresAt) && {
      absoluteExpiresAtMs: time(absoluteExpiresAt, "absoluteExpiresAt"),
    }),
    ...(isPresent(idle) && { idleMs: time(idle, "idle"), idleStamp: stamp(idleHlc, idleWriter) }),
    ...(isPresent(touchedAt) && { touchedAtMs: time(touchedAt, "touchedAt") }),
    ...(isPresent(unknown) && { unknown: unknownFields(unknown) }),
  };
}

function wholeEnvelope(value: unknown): Envelope {
  const w = array(value, "envelope");
  return {
    createdAtMs: time(w[0], "createdAt"),
    absoluteExpiresAtMs: time(w[1], "absoluteExpiresAt"),
    idleMs: time(w[2], "idle"),
    idleStamp: stamp(w[3], w[4]),
    touchedAtMs: time(w[5], "touchedAt"),
    revisions: vector(w[6]),
    unknown: isPresent(w[7]) ? unknownFields(w[7]) : new Map(),
  };
}

const JOINS: readonly Join[] = ["max", "min", "or", "last"];

function unknownFields(value: unknown): ReadonlyMap<string, UnknownField> {
  return new Map(
    array(value, "unknown fields").map((field): [string, UnknownField] => {
      const [name, join, inner, fieldHlc, fieldWriter] = array(field, "unknown field");
      const known = JOINS.find((candidate) => candidate === join);
      if (!known) throw new Malformed("an unknown field has an unknown join");
      return [
        text(name, "field name"),
        { join: known, value: inner, stamp: stamp(fieldHlc, fieldWriter) },
      ];
    }),
  );
}

function commitOf(value: unknown): Commit {
  const [author, rev, seen, commitHlc, update] = array(value, "commit");
  return {
    author: writer(author),
    rev: count(rev, "rev"),
    seen: vector(seen),
    hlc: hlc(commitHlc),
    update: update === null ? undefined : bytes(update),
  };
}
