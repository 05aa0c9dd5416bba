/**
 * What values a session takes and gives back, and what is no change.
 */
import { describe, expect, test } from "vitest";
import type { Hlc } from "../hlc.js";
import type { WriterId } from "../ids.js";
import {
  type Operation,
  SessionDocument,
  UnsupportedValueError,
  atomic,
  declareCounter,
  diff,
  resetCounter,
} from "./document.js";

const LIMITS = { bytesMax: 10_000 };

type Live = Record<string, any>; // reason: examples change sessions as applications do

class Session {
  document: SessionDocument = SessionDocument.create("s");

  /** Writes a whole session and reads it back from a cold copy. */
  write(value: object): unknown {
    this.commit(diff(this.document.read().base, value, LIMITS));
    this.document = SessionDocument.hydrate("s", this.document.encode());
    return this.document.read().value;
  }

  commit(operations: readonly Operation[]): void {
    const stamp = { hlc: (this.document.hlcMax + 1) as Hlc, writer: 5 as WriterId };
    this.document.commit(operations, stamp, 1);
  }

  operations(change: (live: Live) => unknown): readonly Operation[] {
    const { value, base } = this.document.read();
    const replaced = change(value);
    return diff(base, replaced ?? value, LIMITS);
  }
}

const roundTrip = (value: object): unknown => new Session().write(value);
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("values", () => {
  test("come back as JSON would have them", () => {
    const value = {
      text: "€ \u0000 \ud83d\ude00",
      numbers: [0, -0, 1.5, -1e300, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY],
      flags: [true, false, null, undefined],
      absent: undefined,
      date: new Date(0),
      never: new Date(Number.NaN),
      url: new URL("http://a.example/"),
      boxed: [Object(1), Object("a"), Object(true)],
      nested: { empty: {}, list: [], lists: [[], [[1]]] },
      instance: new (class {
        a = 1;
        method(): number {
          return 1;
        }
      })(),
    };
    expect(roundTrip(value)).toEqual(asJson(value));
  });

  test("keep bytes as bytes, in copies of their own", () => {
    const bytes = Buffer.from([1, 2, 3]);
    const read = roundTrip({ a: bytes, b: bytes.buffer.slice(0, 2), c: [new Uint8Array(0)] });
    expect(read).toMatchObject({ a: new Uint8Array([1, 2, 3]), c: [new Uint8Array(0)] });
    const session = new Session();
    session.write({ a: bytes });
    expect(session.operations((live) => void (live["a"] = Buffer.from([1, 2, 3])))).toEqual([]);
    expect(session.operations((live) => void (live["a"][0] = 9)).length).toBe(1);
    expect(session.document.read().value).toEqual({ a: new Uint8Array([1, 2, 3]) });
  });

  test("keep halves of surrogate pairs, in names too", () => {
    const value = { "\ud800": "x\udc00", "/~": ["\udfff"], "": atomic({ "\ud801": "\ud802" }) };
    expect(roundTrip(value)).toEqual({ ...value, "": { "\ud801": "\ud802" } });
  });

  test("are data whatever their names", () => {
    const value = JSON.parse('{"__proto__":{"a":1},"constructor":1,"toString":[{"__proto__":2}]}');
    const whole = JSON.parse('{"__proto__":[{"__proto__":1}]}');
    const read = roundTrip({ ...value, whole: atomic(whole), ["__proto__"]: value["__proto__"] });
    expect(JSON.stringify((read as Live)["whole"])).toBe(JSON.stringify(whole));
    expect(Object.keys(read as object).sort()).toEqual([
      "__proto__",
      "constructor",
      "toString",
      "whole",
    ]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
  });

  test("are refused by path where JSON would lose them, and nothing changes", () => {
    const session = new Session();
    session.write({ a: 1 });
    const cycle: Record<string, unknown> = {};
    cycle["self"] = [cycle];
    const before = session.document.encode();
    const refused: [unknown, string][] = [
      [() => 1, "x"],
      [Symbol("s"), "x"],
      [10n, "x"],
      [{ y: [0, { "odd name": 1n }] }, 'x.y[1]["odd name"]'],
      [new Map(), "x"],
      [[new Set()], "x[0]"],
      [Promise.resolve(), "x"],
      [/re/, "x"],
      [new WeakMap(), "x"],
      [new Error("e"), "x"],
      [new Float64Array(1), "x"],
      [cycle, "x.self[0]"],
    ];
    for (const [x, path] of refused) {
      const { value, base } = session.document.read();
      let error: unknown;
      try {
        diff(base, { ...value, x }, LIMITS);
      } catch (thrown) {
        error = thrown;
      }
      expect(error, path).toBeInstanceOf(UnsupportedValueError);
      expect((error as UnsupportedValueError).path).toBe(path);
      expect((error as UnsupportedValueError).message).toMatch(/; (store|remove|convert) /);
    }
    expect(() => diff(session.document.read().base, [1], LIMITS)).toThrow(/must be an object/);
    expect(session.document.encode()).toEqual(before);
  });

  test("may be shared, and nest to a bound", () => {
    const shared = { a: 1 };
    expect(roundTrip({ x: shared, y: [shared, shared] })).toEqual({
      x: shared,
      y: [shared, shared],
    });
    let deep: unknown = 1;
    for (let i = 0; i < 99; i++) deep = i % 2 === 0 ? { deep } : [deep];
    expect(roundTrip({ deep })).toEqual({ deep });
    expect(roundTrip({ deep: atomic(deep) })).toEqual({ deep });
    for (let i = 0; i < 3; i++) deep = { deep };
    expect(() => roundTrip({ deep })).toThrow(/nested more than 100 deep/);
    expect(() =>
      diff(new Session().document.read().base, { a: [[[1]]] }, { ...LIMITS, depthMax: 2 }),
    ).toThrow(UnsupportedValueError);
  });

  test("P14: growth over the limit is refused and named; shrinking always works", () => {
    const session = new Session();
    const text = (length: number): string => "x".repeat(length);
    session.write({ small: "a", big: text(9_000) });
    const grow = { small: text(3_000), big: text(9_000) };
    expect(() => session.write(grow)).toThrow(
      /session\.small: .*grow to 12\d+ bytes.* raise `sessionBytesMax`/,
    );
    const { base } = session.document.read();
    expect(() => diff(base, { big: text(8_999), small: "a" }, { bytesMax: 100 })).not.toThrow();
    expect(() => diff(base, { big: text(9_010) }, { bytesMax: 100 })).toThrow(/session\.big/);
  });
});

describe("what is no change", () => {
  test("an unchanged session makes no operation, whether the same object or an equal one", () => {
    const session = new Session();
    const list = [{ id: 1 }, "a", [1, [2]], { id: 1 }, new Uint8Array([1])];
    session.write({ a: { b: { c: null } }, list, w: atomic([{ x: 1 }]), n: 1, e: [], o: {} });
    expect(session.operations(() => undefined)).toEqual([]);
    expect(session.operations((live) => structuredClone(live))).toEqual([]);
    expect(session.operations((live) => ({ ...live, absent: undefined }))).toEqual([]);
    expect(session.operations((live) => void (live["a"] = { b: { c: Number.NaN } }))).toEqual([]);
    expect(session.operations((live) => void live["list"].push(live["list"].shift()))).not.toEqual(
      [],
    );
  });

  test("the value that was read, written again, is no write", () => {
    const session = new Session();
    session.write({ at: new Date(5), n: 1 });
    expect(session.operations((live) => void (live["at"] = new Date(5)))).toEqual([]);
    const { value, base } = session.document.read();
    declareCounter({ value, base }, ["n"]);
    expect(diff(base, value, LIMITS)).toEqual([]);
  });

  test("a change names only what changed", () => {
    const session = new Session();
    session.write({ a: { b: 1, c: 2 }, list: [1, 2, 3] });
    const kinds = (change: (live: Live) => unknown): string[] =>
      session.operations(change).map(({ kind, key }) => `${kind} ${key}`);
    expect(kinds((live) => void (live["a"] = { b: 1, c: 3 }))).toEqual(["set /a/c"]);
    expect(kinds((live) => void live["list"].splice(1, 0, 9))).toEqual(["insert /list"]);
    expect(kinds((live) => void (live["list"] = [...live["list"], 4]))).toEqual(["insert /list"]);
    expect(kinds((live) => void delete live["a"]["b"])).toEqual(["clear /a/b"]);
  });
});

describe("wholes and counters", () => {
  test("what was one leaf stays one, however it is changed, in lists too", () => {
    const session = new Session();
    session.write({ w: atomic({ a: 1 }), l: [atomic({ a: 1 }), 2] });
    const operations = session.operations((live) => {
      live["w"].b = 2;
      live["l"][0].b = 2;
    });
    const written = operations.filter(({ kind }) => kind !== "clear");
    expect(written).toMatchObject([
      { content: { kind: "atomic" } },
      { content: { kind: "atomic" } },
    ]);
    session.commit(operations);
    expect(session.document.read().value).toEqual({ w: { a: 1, b: 2 }, l: [{ a: 1, b: 2 }, 2] });
    expect(session.write({ w: 1 })).toEqual({ w: 1 });
  });

  test("a counter in a new object, declared, reset and declared again", () => {
    const session = new Session();
    const change = (n: number, reset?: number): unknown => {
      const snapshot = session.document.read();
      if (reset === undefined) declareCounter(snapshot, ["page", "views"]);
      else resetCounter(snapshot, ["page", "views"], reset);
      session.commit(diff(snapshot.base, { page: { views: n } }, LIMITS));
      return session.document.read().value;
    };
    expect(change(3)).toEqual({ page: { views: 3 } });
    expect(change(-1)).toEqual({ page: { views: -1 } });
    expect(change(10, 9)).toEqual({ page: { views: 10 } });
    expect(change(0, 0)).toEqual({ page: { views: 0 } });
    expect(session.write({ page: { views: "none" } })).toEqual({ page: { views: "none" } });
    expect(change(1)).toEqual({ page: { views: 1 } });
    expect(session.write({ page: {} })).toEqual({ page: {} });
  });

  test("a counter cannot be an element of a list", () => {
    const snapshot = new Session().document.read();
    declareCounter(snapshot, ["l", "0"]);
    expect(() => diff(snapshot.base, { l: [1] }, LIMITS)).toThrow(
      /session\.l\[0\]: a counter must/,
    );
  });
});
