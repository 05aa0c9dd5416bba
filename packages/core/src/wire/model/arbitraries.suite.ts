/**
 * Random messages of every type, as a peer may send them. For tests only.
 *
 * Not here: bytes that are no message; each test breaks frames in its own way.
 */
import * as fc from "fast-check";
import type { Hlc, Stamp } from "../../hlc.js";
import { isSessionId, type NodeId, type SessionId, type WriterId } from "../../ids.js";
import type {
  Commit,
  DeltaItem,
  Envelope,
  Item,
  StateItem,
  TombstoneItem,
  UnknownField,
  WholeItem,
} from "../../session-state.js";
import type { MemberFact, Message } from "../messages.js";

const COUNT = fc.oneof(fc.nat(300), fc.maxSafeNat());
const LANE = fc.nat({ max: 0xffff_ffff });
const TIME = fc.oneof(
  fc.nat(),
  fc.integer({ min: 0, max: 4e12 }),
  fc.constant(1_763_000_000_000.5),
);
const BYTES = fc.uint8Array({ maxLength: 40 });
const TEXT = fc.string({ unit: "binary", maxLength: 30 });
const WRITER = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map((n) => n as WriterId);
const HLC = fc.maxSafeNat().map((n) => n as Hlc);
const NODE = fc.string({ minLength: 1, maxLength: 64 }).map((name) => name as NodeId);
const ADDRESS = fc.oneof(fc.constant(""), fc.webUrl());

/** Any session id. */
export const SESSION: fc.Arbitrary<SessionId> = fc
  .stringMatching(/^[A-Za-z0-9_-]{22}$/)
  .filter(isSessionId);

/** Any version vector. */
export const VECTOR: fc.Arbitrary<number[]> = fc
  .uniqueArray(WRITER, { maxLength: 5 })
  .chain((writers) =>
    fc.tuple(
      ...writers
        .sort((a, b) => a - b)
        .map((writer) =>
          fc.tuple(fc.constant(writer), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
        ),
    ),
  )
  .map((pairs) => pairs.flat());

const STAMP: fc.Arbitrary<Stamp> = fc.oneof(
  fc.record({ hlc: HLC, writer: WRITER }),
  fc.constant({ hlc: 0 as Hlc, writer: 0 as WriterId }),
);

/** Plain values as MessagePack carries them unchanged: -0 becomes 0 on the way. */
export const PLAIN: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false, 0, 1, -1, 0.5, 2 ** 40, -(2 ** 40)),
    TEXT,
    BYTES,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.string({ maxLength: 5 }).filter((key) => !key.includes("__")),
      tie("value"),
      { maxKeys: 3, noNullPrototype: true },
    ),
  ),
})).value;

/** Fields of a newer version. */
export const UNKNOWN: fc.Arbitrary<ReadonlyMap<string, UnknownField>> = fc
  .array(
    fc.tuple(
      fc.constantFrom("cutoff", "user", "tier", "region"),
      fc.record({
        join: fc.constantFrom("max", "min", "or", "last"),
        value: PLAIN,
        stamp: STAMP,
      }),
    ),
    { maxLength: 3 },
  )
  .map((fields) => new Map(fields));

/** Any envelope. */
export const ENVELOPE: fc.Arbitrary<Envelope> = fc.record({
  createdAtMs: TIME,
  absoluteExpiresAtMs: TIME,
  idleMs: TIME,
  idleStamp: STAMP,
  touchedAtMs: TIME,
  revisions: VECTOR,
  unknown: UNKNOWN,
});

const COMMIT: fc.Arbitrary<Commit> = fc.record({
  author: WRITER,
  rev: COUNT,
  seen: VECTOR,
  hlc: HLC,
  update: fc.option(BYTES, { nil: undefined }),
});

const FIELDS: fc.Arbitrary<DeltaItem["fields"]> = fc
  .tuple(
    fc.record(
      { createdAtMs: TIME, absoluteExpiresAtMs: TIME, touchedAtMs: TIME },
      {
        requiredKeys: [],
      },
    ),
    fc.oneof(fc.constant({}), fc.record({ idleMs: TIME, idleStamp: STAMP })),
    fc.oneof(
      fc.constant({}),
      fc.record({ unknown: UNKNOWN.filter((unknown) => unknown.size > 0) }),
    ),
  )
  .map(([times, idle, unknown]) => ({ ...times, ...idle, ...unknown }));

const TOMBSTONE: fc.Arbitrary<TombstoneItem> = fc.record({
  kind: fc.constant("tombstone"),
  session: SESSION,
  absoluteExpiresAtMs: TIME,
  regeneratedAtMs: TIME,
});

const STATE: fc.Arbitrary<StateItem> = fc.record({
  kind: fc.constant("state"),
  session: SESSION,
  envelope: ENVELOPE,
  hlcMax: HLC,
  update: BYTES,
});

const DELTA: fc.Arbitrary<DeltaItem> = fc.record({
  kind: fc.constant("delta"),
  session: SESSION,
  fields: FIELDS,
  commit: fc.option(COMMIT, { nil: undefined }),
});

/** Any item that stands for itself. */
export const WHOLE: fc.Arbitrary<WholeItem> = fc.oneof(TOMBSTONE, STATE);
const ITEM: fc.Arbitrary<Item> = fc.oneof(TOMBSTONE, STATE, DELTA);

const MEMBER: fc.Arbitrary<MemberFact> = fc.record({
  node: NODE,
  incarnation: COUNT,
  state: fc.constantFrom("alive", "suspect", "down", "left", "gone"),
  draining: fc.boolean(),
  writer: WRITER,
  address: ADDRESS,
});

const few = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(each, { maxLength: 4 });

type FieldsOf<T extends Message["type"]> = {
  [K in keyof Omit<Extract<Message, { type: T }>, "type">]: fc.Arbitrary<
    Extract<Message, { type: T }>[K]
  >;
};

const FIELDS_BY_TYPE: { [T in Message["type"]]: FieldsOf<T> } = {
  hello: {
    protocolMin: COUNT,
    protocolMax: COUNT,
    digestVersion: COUNT,
    cluster: TEXT,
    member: MEMBER,
    wallMs: TIME,
    hlc: HLC,
    memberSums: few(LANE),
  },
  resume: { haveSeq: COUNT },
  members: { members: few(MEMBER) },
  heartbeat: { wallMs: TIME, haveSeq: COUNT },
  probe: { node: NODE },
  "probe-result": { node: NODE, isReached: fc.boolean() },
  push: {
    fromSeqExclusive: fc.nat(1000),
    toSeqInclusive: fc.integer({ min: 1000, max: Number.MAX_SAFE_INTEGER }),
    items: few(ITEM),
  },
  ack: { seq: COUNT },
  integrated: { seq: COUNT },
  audit: { round: COUNT, a: LANE, b: LANE, count: COUNT },
  partitions: { round: COUNT, sums: few(LANE) },
  list: {
    round: COUNT,
    isThorough: fc.boolean(),
    partitions: few(fc.nat(255)),
    entries: few(fc.record({ session: SESSION, a: LANE, b: LANE })),
    differing: few(fc.nat(255)),
  },
  listed: { round: COUNT, wanted: few(SESSION), lacking: few(SESSION) },
  sync: { request: COUNT, items: few(WHOLE) },
  synced: { request: COUNT },
  pull: { request: COUNT, session: SESSION },
  pulled: { request: COUNT, item: fc.option(WHOLE, { nil: undefined }) },
  range: {
    request: COUNT,
    fromInclusive: COUNT,
    toExclusive: fc.nat(256),
    after: fc.option(SESSION, { nil: undefined }),
  },
  ranged: {
    request: COUNT,
    isGiven: fc.boolean(),
    last: fc.option(SESSION, { nil: undefined }),
    items: few(WHOLE),
  },
  leave: {},
  refuse: { code: fc.constantFrom("cluster", "protocol", "clock", "proof"), detail: TEXT },
};

/** The types of all messages. */
export const MESSAGE_TYPES: readonly Message["type"][] = Object.keys(
  FIELDS_BY_TYPE,
) as Message["type"][];

/** Any message of one type. */
export function messageOf(type: Message["type"]): fc.Arbitrary<Message> {
  const fields = FIELDS_BY_TYPE[type] as Record<string, fc.Arbitrary<unknown>>;
  return fc.record(
    { type: fc.constant(type), ...fields },
    { noNullPrototype: true },
  ) as fc.Arbitrary<Message>;
}

/** Any message. */
export const MESSAGE: fc.Arbitrary<Message> = fc.oneof(...MESSAGE_TYPES.map(messageOf));
