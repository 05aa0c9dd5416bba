/**
 * What the layouts of a session cost that were considered for the decision record 0001: bytes, heap and
 * microseconds. Run it by hand, nothing depends on it:
 *
 *   NODE_OPTIONS=--expose-gc npx vitest bench --run packages/core/src/session/document.bench.ts
 *
 * The table is printed while the file is collected. Not a test: it asserts nothing.
 */
import { bench } from "vitest";
import * as Y from "yjs";
import type { Hlc } from "../hlc.js";
import type { WriterId } from "../ids.js";
import { type Prng, createPrng } from "../prng.js";
import { SessionDocument, diff } from "./document.js";

const LIMITS = { bytesMax: 1_000_000 };
/** 190 bytes of JSON, 7 leaves. */
const SESSION: Record<string, unknown> = {
  user: "5f1d9a27-9c1e-4bb0-a1a5-6d2f0f5e9a11",
  name: "Ada Lovelace",
  roles: "admin,editor",
  locale: "en-GB",
  views: 12,
  csrf: "Zm9vYmFyYmF6cXV4cXV1eGNvcmdl",
  lastSeen: "2026-03-01T12:00:00.000Z",
};
const KEYS = Object.keys(SESSION);
const HLC_START = 400_000_000_000_000;

/** One layout: a session that several writers overwrite in turn. */
interface Layout {
  readonly name: string;
  create(prng: Prng): Session;
}

interface Session {
  /** Sets one attribute, as `writer` would; the update to send. */
  set(writer: number, key: string, value: unknown): Uint8Array;
  encode(format: 1 | 2): Uint8Array;
  hydrate(bytes: Uint8Array): Session;
  read(): unknown;
  apply(update: Uint8Array): void;
}

/** The layouts that keep everything in one root type: `write` makes one entry the live one. */
function plainLayout(
  name: string,
  write: (doc: Y.Doc, key: string, value: unknown, hlc: number) => void,
  read: (doc: Y.Doc) => unknown,
): Layout {
  const wrap = (doc: Y.Doc, clock: { hlc: number }): Session => ({
    set(writer, key, value) {
      doc.clientID = writer;
      let update: Uint8Array = new Uint8Array();
      const keep = (bytes: Uint8Array): void => void (update = bytes);
      doc.once("update", keep);
      doc.transact(() => write(doc, key, value, ++clock.hlc));
      doc.clientID = 0;
      return update;
    },
    encode: (format) => (format === 1 ? Y.encodeStateAsUpdate(doc) : Y.encodeStateAsUpdateV2(doc)),
    hydrate(bytes) {
      const copy = new Y.Doc({ guid: "s" });
      copy.clientID = 0;
      Y.applyUpdateV2(copy, bytes);
      return wrap(copy, { ...clock });
    },
    read: () => read(doc),
    apply: (update) => Y.applyUpdate(doc, update),
  });
  return {
    name,
    create() {
      const doc = new Y.Doc({ guid: "s" });
      doc.clientID = 0;
      return wrap(doc, { hlc: HLC_START });
    },
  };
}

const byAttribute = plainLayout(
  "Y.Map, value by attribute",
  (doc, key, value) => doc.getMap("s").set(key, value),
  (doc) => doc.getMap("s").toJSON(),
);

const withClock = plainLayout(
  "Y.Map, [hlc, value] by path",
  (doc, key, value, hlc) => doc.getMap("s").set(`/${key}`, [hlc, value]),
  (doc) => {
    const map = doc.getMap<[number, unknown]>("s");
    return Object.fromEntries([...map].map(([key, [, value]]) => [key.slice(1), value]));
  },
);

const oneArray = plainLayout(
  "one Y.Array, [path, hlc, value]",
  (doc, key, value, hlc) => {
    const array = doc.getArray<[string, number, unknown]>("s");
    const old = array.toArray().findIndex(([path]) => path === `/${key}`);
    array.push([[`/${key}`, hlc, value]]);
    if (old >= 0) array.delete(old);
  },
  (doc) => {
    const entries = doc.getArray<[string, number, unknown]>("s").toArray();
    return Object.fromEntries(entries.map(([path, , value]) => [path.slice(1), value]));
  },
);

function chosen(document: SessionDocument, clock: { hlc: number; rev: number }): Session {
  return {
    set(writer, key, value) {
      const { value: live, base } = document.read();
      (live as Record<string, unknown>)[key] = value;
      const stamp = { hlc: ++clock.hlc as Hlc, writer: writer as WriterId };
      const operations = diff(base, live, LIMITS);
      return document.commit(operations, stamp, ++clock.rev) ?? new Uint8Array();
    },
    encode(format) {
      const bytes = document.encode();
      return format === 1 ? Y.convertUpdateFormatV2ToV1(bytes) : bytes;
    },
    hydrate: (bytes) => chosen(SessionDocument.hydrate("s", bytes), { ...clock }),
    read: () => document.read().value,
    apply: (update) => void document.apply(update, 1),
  };
}

const perWriter: Layout = {
  name: "a Y.Array per writer (chosen)",
  create: () => chosen(SessionDocument.create("s"), { hlc: HLC_START, rev: 0 }),
};

const LAYOUTS = [byAttribute, withClock, oneArray, perWriter];

function fresh(layout: Layout, prng: Prng): Session {
  const session = layout.create(prng);
  const writer = prng.uint53();
  for (const key of KEYS) session.set(writer, key, SESSION[key]);
  return session;
}

function overwritten(layout: Layout, writerCount: number, times: number): Session {
  const prng = createPrng(7);
  const writers = Array.from({ length: writerCount }, () => prng.uint53());
  const session = layout.create(prng);
  for (const key of KEYS) session.set(writers[0] as number, key, SESSION[key]);
  for (let i = 0; i < times; i++) session.set(prng.pick(writers), prng.pick(KEYS), i);
  for (const key of KEYS) session.set(prng.pick(writers), key, SESSION[key]);
  return session;
}

/** The microseconds that `work` takes; the best of many short rounds, since machines are shared. */
function microseconds(count: number, work: (i: number) => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  const each = Math.max(1, Math.floor(count / 20));
  for (let round = 0; round < 100; round++) {
    const start = performance.now();
    for (let i = 0; i < each; i++) work(i);
    best = Math.min(best, ((performance.now() - start) * 1000) / each);
  }
  return best;
}

function heapBytes(make: () => unknown): number {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) return Number.NaN;
  const kept: unknown[] = [];
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 2000; i++) kept.push(make());
  gc();
  return (process.memoryUsage().heapUsed - before) / kept.length;
}

function row(layout: Layout): Record<string, number | string> {
  const session = fresh(layout, createPrng(1));
  const bytes = session.encode(2);
  const session5 = overwritten(layout, 5, 10_000);
  const hot = session.hydrate(bytes);
  hot.read();
  const updates = Array.from({ length: 500 }, (_, i) => hot.set(77, KEYS[i % 7] as string, i));
  return {
    layout: layout.name,
    "bytes V1": session.encode(1).length,
    "bytes V2": bytes.length,
    "1 × 10k V2": overwritten(layout, 1, 10_000).encode(2).length,
    "5 × 10k V2": session5.encode(2).length,
    "5 × 100k V2": layout === oneArray ? "–" : overwritten(layout, 5, 100_000).encode(2).length,
    "delta V1": updates.at(-1)?.length ?? 0,
    "heap hot": Math.round(
      heapBytes(() => {
        const copy = session.hydrate(bytes);
        copy.set(78, "views", 1);
        copy.read();
        return copy;
      }),
    ),
    "heap read": Math.round(
      heapBytes(() => {
        const copy = session.hydrate(bytes);
        copy.read();
        return copy;
      }),
    ),
    "apply µs": (
      microseconds(20, () => {
        const copy = session.hydrate(bytes);
        for (const update of updates) copy.apply(update);
      }) / updates.length
    ).toFixed(1),
    "hydrate+read µs": microseconds(2000, () => session.hydrate(bytes).read()).toFixed(1),
    "5×10k hydrate µs": microseconds(50, () => session.hydrate(session5.encode(2)).read()).toFixed(
      1,
    ),
    "read µs": microseconds(5000, () => hot.read()).toFixed(2),
    "set µs": microseconds(2000, (i) => hot.set(77, KEYS[i % 7] as string, i)).toFixed(1),
    "cold set µs": microseconds(1000, (i) =>
      session.hydrate(bytes).set(78, KEYS[i % 7] as string, i),
    ).toFixed(1),
  };
}

console.table(LAYOUTS.map(row));

const session = SessionDocument.create("s");
chosen(session, { hlc: HLC_START, rev: 0 }).set(5, "cart", { items: [{ sku: 1 }, { sku: 2 }] });
const snapshot = session.read();
const encoded = session.encode();

bench("read a hot session", () => void session.read());
bench("diff of an unchanged session", () => void diff(snapshot.base, snapshot.value, LIMITS));
bench("hydrate", () => void SessionDocument.hydrate("s", encoded));
