/** A session that becomes a record and is read again is the very same session. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Hlc } from "../hlc.js";
import type { WriterId } from "../ids.js";
import type { UnknownField } from "../session-state.js";
import { lifetimeAt } from "./expiry.js";
import {
  canRecord,
  changedAtIn,
  digestIn,
  type HeldRecord,
  lifetimesIn,
  NOT_RECORDED,
  readHeld,
  writeHeld,
} from "./held-record.js";
import { PackedDocument } from "./packed-document.js";
import { RecordWriter } from "./record-bytes.js";
import type { RecordView } from "./slab.js";

const time = fc.oneof(fc.nat(), fc.constantFrom(1_800_000_000_000, 1_800_000_000_000.25, 0.1));
const hlc = fc.maxSafeNat().map((value) => value as Hlc);
const writer = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map((w) => w as WriterId);
const someWriter = fc.oneof(
  writer,
  fc.constantFrom(1, 2, 3).map((w) => w as WriterId),
);
const stamp = fc.record({ hlc, writer: fc.oneof(someWriter, fc.constant(0 as WriterId)) });
const vector = fc
  .uniqueArray(fc.tuple(someWriter, fc.integer({ min: 1, max: 2 ** 40 })), {
    maxLength: 5,
    selector: ([each]) => each,
  })
  .map((pairs) => pairs.sort(([a], [b]) => a - b).flat());
const value = fc.oneof(
  ...[fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })],
  ...[fc.boolean(), fc.constant(null), fc.uint8Array({ maxLength: 9 })],
  fc.array(fc.oneof(fc.string(), fc.nat()), { maxLength: 3 }),
  fc.dictionary(fc.string(), fc.nat(), { maxKeys: 3, noNullPrototype: true }),
);
const join = fc.constantFrom("max", "min", "or", "last" as const);
const unknown = fc
  .array(fc.tuple(fc.string(), fc.record({ join, value, stamp })), { maxLength: 3 })
  .map((fields) => new Map<string, UnknownField>(fields));
const held: fc.Arbitrary<HeldRecord> = fc.record({
  envelope: fc.record({
    createdAtMs: time,
    absoluteExpiresAtMs: time,
    idleMs: time,
    idleStamp: stamp,
    touchedAtMs: time,
    revisions: vector,
    unknown,
  }),
  digest: fc.record({ a: fc.nat(), b: fc.nat() }),
  changedAtMs: time,
  heardAtMs: fc.nat(),
  pushedSeq: fc.nat(),
  stateVector: vector,
  documentHlcMax: hlc,
  measuredBytes: fc.nat(),
  addedBytes: fc.nat(),
  document: fc.constant(PackedDocument.EMPTY),
});

function viewOf(bytes: Uint8Array): RecordView {
  const copy = new Uint8Array(bytes);
  return {
    bytes: copy,
    view: new DataView(copy.buffer),
    fromInclusive: 0,
    toExclusive: copy.length,
  };
}

test("every field is as it was, and can be told from outside", () => {
  const writer = new RecordWriter();
  const property = fc.property(held, (before) => {
    expect(canRecord(before.envelope.unknown)).toBe(true);
    const record = viewOf(writeHeld(writer, before));
    const { document, ...after } = readHeld(record);
    expect(document.deltaCount).toBe(0);
    expect(after).toEqual({ ...before, document: undefined });
    expect(digestIn(record)).toEqual(before.digest);
    expect(changedAtIn(record)).toBe(before.changedAtMs);
    const { absoluteExpiresAtMs, idleMs, touchedAtMs } = before.envelope;
    expect(lifetimesIn(record)).toEqual({ absoluteExpiresAtMs, idleMs, touchedAtMs });
  });
  fc.assert(property, { numRuns: 300 });
});

test("a document's parts come back as they were, whenever they were added", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const property = fc.property(
    fc.option(bytes, { nil: undefined }),
    fc.array(bytes, { maxLength: 6 }),
    fc.nat(6),
    (base, deltas, at) => {
      let document = base ? PackedDocument.of(base).packed : PackedDocument.EMPTY;
      deltas.forEach((delta, i) => {
        if (i === at) document = written(document);
        document = document.with(delta).packed;
      });
      expect(document.unpack()).toEqual({ base, deltas });
      expect(written(document).unpack()).toEqual({ base, deltas });
      expect(written(document).deltaCount).toBe(deltas.length);
    },
  );
  fc.assert(property, { numRuns: 200 });
});

test("fields that a record cannot keep as they are are not recorded", () => {
  const fieldOf = (value: unknown): Map<string, UnknownField> =>
    new Map([["f", { join: "last", value, stamp: { hlc: 1 as Hlc, writer: 1 as WriterId } }]]);
  const odd = [Number.NaN, "\ud800", 5n, undefined, new Date(0), new Map(), [new Set()], { a: 1n }];
  expect(odd.filter((each) => canRecord(fieldOf(each)))).toEqual([]);
});

test("P4: what stands in place of an object's record is over, so that the object is looked at", () => {
  expect(lifetimeAt(lifetimesIn(viewOf(NOT_RECORDED)), 1)).toBe("over");
});

function written(document: PackedDocument): PackedDocument {
  const envelope = {
    ...{ createdAtMs: 1, absoluteExpiresAtMs: 9, idleMs: 2, touchedAtMs: 1, revisions: [] },
    ...{ idleStamp: { hlc: 0 as Hlc, writer: 0 as WriterId }, unknown: new Map() },
  };
  const clocks = { changedAtMs: 0, heardAtMs: 0, pushedSeq: 0, documentHlcMax: 0 as Hlc };
  const sizes = { measuredBytes: 0, addedBytes: 0, stateVector: [], digest: { a: 0, b: 0 } };
  const record = { envelope, ...clocks, ...sizes, document };
  return readHeld(viewOf(writeHeld(new RecordWriter(), record))).document;
}
