/**
 * A reader who goes on with the value he has committed: his later commits say what he did since, and
 * nothing else.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Hlc } from "../hlc.js";
import type { WriterId } from "../ids.js";
import { advance, declareCounter, diff, SessionDocument, type Snapshot } from "./document.js";

const LIMITS = { bytesMax: 1_000_000 };

/** One document, and readers who each keep one value and commit it again and again. */
class Desk {
  readonly document: SessionDocument = SessionDocument.create("s");
  #revision = 0;

  constructor(value: unknown) {
    this.#write(diff(this.document.read().base, value, LIMITS));
  }

  get value(): unknown {
    return this.document.read().value;
  }

  /** Commits what `reader` holds; returns him, carried over, and how much was written. */
  commit(reader: Snapshot): { reader: Snapshot; count: number } {
    const operations = diff(reader.base, reader.value, LIMITS);
    this.#write(operations);
    const { base } = this.document.read();
    const advanced = { value: reader.value, base: advance(reader, base) };
    return { reader: advanced, count: operations.length };
  }

  #write(operations: ReturnType<typeof diff>): void {
    if (operations.length === 0) return;
    const stamp = { hlc: (this.document.hlcMax + 1) as Hlc, writer: 1 as WriterId };
    this.document.commit(operations, stamp, ++this.#revision);
  }
}

type Item = Record<string, unknown>;

/** What the sessions of these tests hold. */
interface Shown {
  a: Item;
  list: Item[];
  object?: Item;
  own: Item;
  /** Equal ones among them. */
  tags: string[];
  n?: number;
  gone?: Item;
}

const live = (reader: Snapshot): Shown => reader.value as unknown as Shown;

describe("a reader who commits twice", () => {
  test("writes nothing the second time when he changed nothing, whatever others did", () => {
    const desk = new Desk({ a: { x: 1, y: 1 }, list: [{ n: 1 }, "s"], gone: { z: 1 }, c: 1 });
    let reader = desk.document.read();
    const other = desk.document.read();
    live(other).a = { x: 2, y: 1, w: 1 };
    (live(other).list as unknown[]).unshift("first");
    delete live(other).gone;
    desk.commit(other);
    live(reader).a["y"] = 5;
    live(reader).list.push({ n: 2 });
    ({ reader } = desk.commit(reader));
    const after = desk.value;
    expect(after).toEqual({
      a: { x: 2, y: 5, w: 1 },
      list: ["first", { n: 1 }, "s", { n: 2 }],
      c: 1,
    });
    expect(desk.commit(reader).count).toBe(0);
    expect(desk.value).toEqual(after);
  });

  test("M7: edits the very element that he added or read before", () => {
    const desk = new Desk({ list: [{ id: "a" }, { id: "b" }] });
    let reader = desk.document.read();
    const { list } = live(reader);
    list.unshift({ id: "new" });
    ({ reader } = desk.commit(reader));
    const other = desk.document.read();
    live(other).list.unshift({ id: "other" });
    desk.commit(other);
    list[0]!["edited"] = 1;
    list[2]!["edited"] = 2;
    ({ reader } = desk.commit(reader));
    list.splice(1, 1);
    desk.commit(reader);
    expect(desk.value).toEqual({
      list: [{ id: "other" }, { id: "new", edited: 1 }, { id: "b", edited: 2 }],
    });
  });

  test("M8: adds to a counter what he added since", () => {
    const desk = new Desk({});
    let [one, two] = [desk.document.read(), desk.document.read()];
    for (const by of [1, 2]) {
      for (const reader of [one, two]) {
        live(reader).n = (live(reader).n ?? 0) + by;
        declareCounter(reader, ["n"]);
      }
      ({ reader: one } = desk.commit(one));
      ({ reader: two } = desk.commit(two));
    }
    expect(desk.value).toEqual({ n: 6 });
  });

  test("M6, M4: writes that meet a removal die with it, and do not come back", () => {
    const desk = new Desk({ list: [{ id: "a" }], object: { a: 1 } });
    let reader = desk.document.read();
    const other = desk.document.read();
    live(other).list.pop();
    delete live(other).object;
    desk.commit(other);
    live(reader).list[0]!["edited"] = true;
    live(reader).object!["b"] = 2;
    ({ reader } = desk.commit(reader));
    expect(desk.value).toEqual({ list: [], object: { b: 2 } });
    desk.commit(reader);
    expect(desk.value).toEqual({ list: [], object: { b: 2 } });
  });
});

const WHATS = [
  ...([
    "set",
    "delete",
    "push",
    "insert",
    "remove",
    "edit",
    "move",
    "tag",
    "commit",
    "read",
  ] as const),
];

interface Act {
  readonly who: number;
  readonly what: (typeof WHATS)[number];
  readonly dice: number;
}

const act: fc.Arbitrary<Act> = fc.record({
  who: fc.nat(2),
  what: fc.constantFrom(...WHATS),
  dice: fc.nat(30),
});

/** What the readers together have made, by what they did and nothing else. */
class Ledger {
  readonly added = new Set<string>();
  readonly removed = new Set<string>();
  readonly tags: string[] = [];
  readonly edits = new Map<string, Set<string>>();
}

function perform({ who, what, dice }: Act, reader: Snapshot, made: Ledger, uid: string): void {
  const { own, list, tags } = live(reader);
  const at = dice % Math.max(1, list.length);
  if (what === "set") own[`${who}.${dice % 3}`] = uid;
  else if (what === "delete") delete own[`${who}.${dice % 3}`];
  else if (what === "push" || what === "insert") {
    list.splice(what === "push" ? list.length : at, 0, { id: uid });
    made.added.add(uid);
  } else if (list[at] && what === "remove") {
    made.removed.add(String(list[at]["id"]));
    list.splice(at, 1);
  } else if (list[at] && what === "edit") {
    const id = String(list[at]["id"]);
    made.edits.set(id, (made.edits.get(id) ?? new Set()).add(`e${who}`));
    list[at][`e${who}`] = true;
  } else if (list[at] && what === "move") list.splice(dice % 3, 0, ...list.splice(at, 1));
  else if (what === "tag") {
    tags.splice(dice % (tags.length + 1), 0, ["x", "y"][dice % 2] as string);
    made.tags.push(["x", "y"][dice % 2] as string);
  }
}

test("no run of readers who commit and go on doubles, loses or revives anything", () => {
  const property = fc.property(fc.array(act, { minLength: 20, maxLength: 80 }), (acts) => {
    const desk = new Desk({ own: {}, list: [], tags: [] });
    const made = new Ledger();
    const readers = [0, 1, 2].map(() => desk.document.read());
    const commit = (who: number): void => {
      readers[who] = desk.commit(readers[who] as Snapshot).reader;
      const after = desk.value;
      readers[who] = desk.commit(readers[who] as Snapshot).reader;
      expect(desk.value).toEqual(after);
    };
    acts.forEach((one, i) => {
      // An element removed and one added by the same commit would be one that was edited.
      const isAlone = ["commit", "read", "remove"].includes(one.what);
      if (isAlone) commit(one.who);
      if (one.what === "read") readers[one.who] = desk.document.read();
      perform(one, readers[one.who] as Snapshot, made, `u${i}`);
      if (isAlone) commit(one.who);
    });
    const own = readers.map((reader, who) => {
      commit(who);
      const mine = Object.entries(live(reader).own);
      return mine.filter(([name]) => name.startsWith(`${who}.`));
    });
    const { own: shown, list, tags } = live(desk.document.read());
    expect(tags.toSorted()).toEqual(made.tags.toSorted());
    expect(shown).toEqual(Object.fromEntries(own.flat()));
    const expected = [...made.added].filter((id) => !made.removed.has(id));
    expect(list.map(({ id }) => String(id)).toSorted()).toEqual(expected.toSorted());
    for (const { id, ...fields } of list) {
      expect(Object.keys(fields).toSorted()).toEqual(
        [...(made.edits.get(String(id)) ?? [])].toSorted(),
      );
    }
  });
  fc.assert(property, { numRuns: Number(process.env["SESSION_MESH_RUNS"] ?? 300) });
});
