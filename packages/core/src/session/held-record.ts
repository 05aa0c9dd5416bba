/**
 * A cold session as one record of bytes, and what can be told of it without unpacking it.
 *
 * What audits and collecting look at stands first, at fixed places. The rest follows as compact as it
 * gets: a million of these are a node's memory.
 *
 * Not here: the document's own bytes (packing.ts), and where records lie (record-map.ts).
 */
import * as Y from "yjs";
import type { Hlc } from "../hlc.js";
import type { Bytes, Millis, WriterId } from "../ids.js";
import type { Envelope, Join, UnknownField, VersionVector } from "../session-state.js";
import type { Lifetimes } from "./expiry.js";
import type { Digest } from "./fingerprint.js";
import { PackedDocument } from "./packed-document.js";
import { RecordReader, type RecordWriter } from "./record-bytes.js";
import type { RecordView } from "./slab.js";
import { EMPTY_VECTOR, joinVectors, versionOf } from "./version-vector.js";

/** What is held of a cold session beside its name. */
export interface HeldRecord {
  readonly envelope: Envelope;
  readonly digest: Digest;
  readonly changedAtMs: Millis;
  readonly heardAtMs: Millis;
  readonly pushedSeq: number;
  readonly stateVector: VersionVector;
  readonly documentHlcMax: Hlc;
  readonly measuredBytes: Bytes;
  readonly addedBytes: Bytes;
  readonly document: PackedDocument;
}

const NO_UNKNOWN: Envelope["unknown"] = new Map();
const JOINS: readonly Join[] = ["max", "min", "or", "last"];
/** The place of each field that stands at a fixed one. */
const AT = { a: 0, b: 4, changedAt: 8, absoluteExpiresAt: 16, touchedAt: 24, idle: 32 } as const;
/** The writer of the idle time is none of those that wrote anything. */
const OTHER_WRITER = 0;

/** In place of a record, for what is an object: over since ever, so that everyone looks at that. */
export const NOT_RECORDED: Uint8Array = new Uint8Array(AT.idle + 8);

/** The digest in a record. */
export function digestIn({ view, fromInclusive }: RecordView): Digest {
  return {
    a: view.getUint32(fromInclusive + AT.a),
    b: view.getUint32(fromInclusive + AT.b),
  };
}

/** When anything last changed in the session of a record. */
export function changedAtIn({ view, fromInclusive }: RecordView): Millis {
  return view.getFloat64(fromInclusive + AT.changedAt);
}

/** The lifetimes in a record. */
export function lifetimesIn({ view, fromInclusive }: RecordView): Lifetimes {
  return {
    absoluteExpiresAtMs: view.getFloat64(fromInclusive + AT.absoluteExpiresAt),
    touchedAtMs: view.getFloat64(fromInclusive + AT.touchedAt),
    idleMs: view.getFloat64(fromInclusive + AT.idle),
  };
}

/** Whether the record of a session with these fields gives back the very same fields. */
export function canRecord(unknown: Envelope["unknown"]): boolean {
  for (const { value } of unknown.values()) if (!isPlain(value)) return false;
  return true;
}

/** Writes a record. */
export function writeHeld(writer: RecordWriter, held: HeldRecord): Uint8Array {
  const { envelope, digest, stateVector } = held;
  const { absoluteExpiresAtMs, idleStamp, revisions, unknown } = envelope;
  writer.begin().uint32(digest.a).uint32(digest.b).float(held.changedAtMs);
  writer.float(absoluteExpiresAtMs).float(envelope.touchedAtMs).float(envelope.idleMs);
  writeSpan(writer, absoluteExpiresAtMs, envelope.createdAtMs);
  const writers = joinVectors(revisions, stateVector);
  writer.number(writers.length / 2);
  for (let i = 0; i < writers.length; i += 2) {
    const each = writers[i] as WriterId;
    writer.float(each).number(versionOf(revisions, each)).number(versionOf(stateVector, each));
  }
  const index = writers.indexOf(idleStamp.writer);
  writer.float(idleStamp.hlc).number(index % 2 === 0 ? index / 2 + 1 : OTHER_WRITER);
  if (index % 2 !== 0) writer.number(idleStamp.writer);
  writer
    .number(held.documentHlcMax - idleStamp.hlc)
    .number(held.heardAtMs)
    .number(held.pushedSeq);
  writer.number(held.measuredBytes).number(held.addedBytes);
  const fields = unknown.size > 0 ? encodeFields(unknown) : undefined;
  writer.number(fields?.length ?? 0);
  if (fields) writer.raw(fields);
  held.document.write(writer);
  return writer.end();
}

/** Reads a record. */
export function readHeld(record: RecordView): HeldRecord {
  const reader = new RecordReader(record);
  const digest = { a: reader.uint32(), b: reader.uint32() };
  const changedAtMs = reader.float();
  const absoluteExpiresAtMs = reader.float();
  const touchedAtMs = reader.float();
  const idleMs = reader.float();
  const createdAtMs = readSpan(reader, absoluteExpiresAtMs);
  const { writers, revisions, stateVector } = readVectors(reader);
  const idleHlc = reader.float() as Hlc;
  const index = reader.number();
  const writer = (index === OTHER_WRITER ? reader.number() : writers[index - 1]) as WriterId;
  const documentHlcMax = (idleHlc + reader.number()) as Hlc;
  const heardAtMs = reader.number();
  const pushedSeq = reader.number();
  const measuredBytes = reader.number();
  const addedBytes = reader.number();
  const fieldsBytes = reader.number();
  const unknown = fieldsBytes > 0 ? decodeFields(reader.raw(fieldsBytes)) : NO_UNKNOWN;
  const document = PackedDocument.read(reader);
  const idleStamp = { hlc: idleHlc, writer };
  const lifetimes = { createdAtMs, absoluteExpiresAtMs, idleMs, idleStamp, touchedAtMs };
  return {
    envelope: { ...lifetimes, revisions, unknown },
    digest,
    changedAtMs,
    heardAtMs,
    pushedSeq,
    stateVector,
    documentHlcMax,
    measuredBytes,
    addedBytes,
    document,
  };
}

/** Writes `from`, as how long before `to` it was, which is shorter. */
function writeSpan(writer: RecordWriter, to: Millis, from: Millis): void {
  const isExact = to - (to - from) === from;
  if (isExact) writer.number(to - from);
  else writer.number(Number.NaN).float(from);
}

function readSpan(reader: RecordReader, to: Millis): Millis {
  const span = reader.number();
  return Number.isNaN(span) ? reader.float() : to - span;
}

function readVectors(reader: RecordReader): {
  writers: number[];
  revisions: VersionVector;
  stateVector: VersionVector;
} {
  const count = reader.number();
  const writers: number[] = [];
  const revisions: number[] = [];
  const stateVector: number[] = [];
  for (let i = 0; i < count; i++) {
    const writer = reader.float();
    const revision = reader.number();
    const clock = reader.number();
    writers.push(writer);
    if (revision > 0) revisions.push(writer, revision);
    if (clock > 0) stateVector.push(writer, clock);
  }
  return { writers, revisions: revisions.length > 0 ? revisions : EMPTY_VECTOR, stateVector };
}

/** The fields of an envelope that this version does not know, flat, as Yjs encodes plain values. */
function encodeFields(unknown: Envelope["unknown"]): Uint8Array {
  const encoder = new Y.UpdateEncoderV1();
  const flat = [...unknown].flatMap(([name, { join, value, stamp }]) => [
    name,
    JOINS.indexOf(join),
    value,
    stamp.hlc,
    stamp.writer,
  ]);
  encoder.writeAny(flat);
  return encoder.toUint8Array();
}

function decodeFields(bytes: Uint8Array<ArrayBuffer>): Envelope["unknown"] {
  const flat = new Y.UpdateDecoderV1({ arr: bytes, pos: 0 }).readAny() as unknown[];
  const unknown = new Map<string, UnknownField>();
  for (let i = 0; i < flat.length; i += 5) {
    const [name, join, value, hlc, writer] = flat.slice(i, i + 5);
    const stamp = { hlc: hlc as Hlc, writer: writer as WriterId };
    unknown.set(name as string, { join: JOINS[join as number] as Join, value, stamp });
  }
  return unknown;
}

/** Whether Yjs' encoding of plain values keeps `value` as it is. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string") return !LONE_SURROGATE.test(value);
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value !== "object") return false;
  if (value instanceof Uint8Array) return value.constructor === Uint8Array;
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.entries(value).every(([key, inner]) => !LONE_SURROGATE.test(key) && isPlain(inner));
}

const LONE_SURROGATE = /\p{Surrogate}/u;
