/**
 * Each merge law once, by example, and what the document promises about updates from peers.
 *
 * The laws on random runs are in the property tests beside this file.
 */
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import type { Hlc } from "../hlc.js";
import type { WriterId } from "../ids.js";
import {
  type JsonObject,
  type Merge,
  SessionDocument,
  type Snapshot,
  atomic,
  declareCounter,
  diff,
  resetCounter,
} from "./document.js";

const LIMITS = { bytesMax: 100_000 };

type Live = Record<string, any>; // reason: examples change sessions as applications do

/** Two nodes, of which the second's clock is later. */
class Node {
  readonly writer: WriterId;
  readonly skew: number;
  document: SessionDocument = SessionDocument.create("s");
  rev = 0;
  readonly seen = new Map<WriterId, number>();

  constructor(writer: number, skew = 0) {
    this.writer = writer as WriterId;
    this.skew = skew;
  }

  do(change: (live: Live, snapshot: Snapshot) => void): Sent {
    const snapshot = this.document.read();
    change(snapshot.value as Live, snapshot);
    return this.write(diff(snapshot.base, snapshot.value, LIMITS));
  }

  write(operations: ReturnType<typeof diff>): Sent {
    const hlc = (Math.max(this.document.hlcMax, this.skew) + 1) as Hlc;
    const stamp = { hlc, writer: this.writer };
    const update = this.document.commit(operations, stamp, ++this.rev);
    this.seen.set(this.writer, this.rev);
    return { update, context: { writer: this.writer, rev: this.rev, seen: new Map(this.seen) } };
  }

  hear({ update, context }: Sent): readonly Merge[] {
    this.seen.set(context.writer, context.rev);
    return update ? this.document.apply(update, 1, context).merges : [];
  }

  get value(): JsonObject {
    return this.document.read().value;
  }
}

interface Sent {
  readonly update: Uint8Array | undefined;
  readonly context: { writer: WriterId; rev: number; seen: ReadonlyMap<WriterId, number> };
}

/** Lets two nodes that agree on `start` change it at the same time; what both then show, and what met. */
function meet(
  start: Live,
  change: (live: Live, snapshot: Snapshot) => void,
  other: (live: Live, snapshot: Snapshot) => void,
): { value: JsonObject; merges: readonly Merge[] } {
  const [a, b] = [new Node(2 ** 40), new Node(7, 1000)];
  b.hear(a.do((live) => void Object.assign(live, start)));
  const [fromA, fromB] = [a.do(change), b.do(other)];
  const merges = a.hear(fromB);
  b.hear(fromA);
  expect(b.value).toEqual(a.value);
  return { value: a.value, merges };
}

describe("merge laws by example", () => {
  test("M1: two keys, even where both create the parent", () => {
    const { value } = meet(
      {},
      (live) => void (live["cart"] = { a: 1 }),
      (live) => void (live["cart"] = { b: { c: 2 } }),
    );
    expect(value).toEqual({ cart: { a: 1, b: { c: 2 } } });
  });

  test("M2: the later write of one key, though its writer's id is lower; and it is reported", () => {
    const { value, merges } = meet(
      { a: 0 },
      (live) => void (live["a"] = 1),
      (live) => void (live["a"] = 2),
    );
    expect(value).toEqual({ a: 2 });
    const [winner, loser] = [
      { hlc: 1001, writer: 7 },
      { hlc: 2, writer: 2 ** 40 },
    ];
    expect(merges).toEqual([{ law: "M2", key: "/a", winner, loser }]);
  });

  test("M2: a whole is one leaf", () => {
    const { value } = meet(
      { w: atomic({ a: 0, b: [1] }) },
      (live) => void (live["w"].a = 1),
      (live) => void live["w"].b.push(2),
    );
    expect(value).toEqual({ w: { a: 0, b: [1, 2] } });
  });

  test("M3: the later of a write and a deletion", () => {
    const { value, merges } = meet(
      { a: 0 },
      (live) => void (live["a"] = 1),
      (live) => void delete live["a"],
    );
    expect(value).toEqual({});
    expect(merges).toMatchObject([{ law: "M3" }]);
  });

  test("M4: a deleted object keeps the field that its deleter had not seen", () => {
    const { value, merges } = meet(
      { o: { old: 1, list: [1] } },
      (live) => void (live["o"].fresh = 2),
      (live) => void delete live["o"],
    );
    expect(value).toEqual({ o: { fresh: 2 } });
    expect(merges.map(({ law }) => law)).toContain("M4");
  });

  test("M4: two nodes that each delete another last field leave an empty object", () => {
    const { value } = meet(
      { o: { a: 1, b: 2 } },
      (live) => void delete live["o"].a,
      (live) => void delete live["o"].b,
    );
    expect(value).toEqual({ o: {} });
  });

  test("M5: equal elements too, where both create the list", () => {
    const { value, merges } = meet(
      {},
      (live) => void (live["l"] = ["x", "y"]),
      (live) => void (live["l"] = ["x"]),
    );
    expect([...(value["l"] as string[])].sort()).toEqual(["x", "x", "y"]);
    expect(merges.map(({ law }) => law)).toContain("M5");
  });

  test("M6: a removed element stays removed, though it was moved and edited later", () => {
    const { value, merges } = meet(
      { l: [{ id: 1 }, { id: 2 }, { id: 3 }] },
      (live) => void live["l"].shift(),
      (live) => {
        live["l"][0].q = 9;
        live["l"].push(live["l"].shift());
      },
    );
    expect(value).toEqual({ l: [{ id: 2 }, { id: 3 }] });
    expect(merges.map(({ law }) => law)).toContain("M6");
  });

  test("M7: two fields of one element", () => {
    const { value, merges } = meet(
      { l: [{ id: 1 }] },
      (live) => void (live["l"][0].a = 1),
      (live) => void (live["l"][0] = { id: 1, b: 2 }),
    );
    expect(value).toEqual({ l: [{ id: 1, a: 1, b: 2 }] });
    expect(merges).toMatchObject([{ law: "M7" }]);
  });

  test("M8: increments of a number that becomes a counter, and a reset", () => {
    const count = (by: number) => (live: Live, snapshot: Snapshot) => {
      live["n"] += by;
      declareCounter(snapshot, ["n"]);
    };
    const { value, merges } = meet({ n: 5 }, count(2), count(-1));
    expect(value).toEqual({ n: 6 });
    expect(merges.map(({ law }) => law)).toContain("M8");
    const reset = meet({ n: 5 }, count(2), (live, snapshot) => {
      live["n"] = 1;
      resetCounter(snapshot, ["n"], 1);
    });
    expect(reset.value).toEqual({ n: 3 });
  });

  test("M8: a plain number written where a counter lives is its difference", () => {
    const [a, b] = [new Node(1), new Node(2)];
    b.hear(
      a.do((live, snapshot) => {
        live["n"] = 5;
        declareCounter(snapshot, ["n"]);
      }),
    );
    const [fromA, fromB] = [a.do((live) => live["n"]++), b.do((live) => (live["n"] += 10))];
    a.hear(fromB);
    b.hear(fromA);
    expect([a.value, b.value]).toEqual([{ n: 16 }, { n: 16 }]);
  });

  test("M12: the later kind shows, and the next write there clears what it hides", () => {
    const [a, b] = [new Node(1), new Node(2, 1000)];
    const [fromA, fromB] = [
      a.do((live) => (live["x"] = { hidden: 1 })),
      b.do((live) => (live["x"] = 5)),
    ];
    expect(a.hear(fromB)).toMatchObject([{ law: "M12" }]);
    b.hear(fromA);
    expect(a.value).toEqual({ x: 5 });
    b.hear(a.do((live) => (live["x"] = 6)));
    b.do((live) => (live["x"] = { fresh: 2 }));
    expect(b.value).toEqual({ x: { fresh: 2 } });
  });

  test("P5: a removal is sent even if the element is gone here already", () => {
    const [a, b, c] = [new Node(1), new Node(2), new Node(3)];
    const made = a.do((live) => (live["l"] = ["x"]));
    for (const node of [b, c]) node.hear(made);
    const { value, base } = a.document.read();
    a.hear(b.do((live) => live["l"].pop()));
    (value["l"] as unknown as unknown[]).pop();
    c.hear(a.write(diff(base, value, LIMITS)));
    expect(c.value).toEqual({ l: [] });
  });
});

describe("updates from peers", () => {
  const [a, b] = [new Node(11), new Node(12)];
  const first = a.do((live) => (live["a"] = 1)).update as Uint8Array;
  const second = a.do((live) => (live["b"] = new Uint8Array([1, 2]))).update as Uint8Array;

  test("M11: a gap changes nothing until it is filled, and what is known is known", () => {
    expect(b.document.apply(second, 1)).toEqual({ verdict: "gap", merges: [] });
    expect([b.value, b.document.stateVector.size, b.document.hlcMax]).toEqual([{}, 0, 0]);
    expect(b.document.apply(first, 1).verdict).toBe("applied");
    expect(b.document.apply(second, 1).verdict).toBe("applied");
    expect(b.document.apply(first, 1).verdict).toBe("known");
    expect(b.document.apply(a.document.encode(), 2).verdict).toBe("known");
    expect(b.value).toEqual(a.value);
  });

  test("P12: bytes cut short, changed or random change nothing, or what an author could have", () => {
    for (const [update, format] of [[second, 1] as const, [a.document.encode(), 2] as const]) {
      for (let i = 0; i < update.length; i++) {
        const document = SessionDocument.hydrate("s", a.document.encode());
        const cut = document.apply(update.subarray(0, i), format);
        expect(cut.verdict).toBe("rejected");
        for (const flip of [1, 0x80, 0xff]) {
          const changed = Uint8Array.from(update);
          changed[i] = (changed[i] as number) ^ flip;
          document.apply(changed, format);
        }
        document.read();
        const encoded = document.encode();
        expect(SessionDocument.hydrate("s", encoded).read()).toEqual(document.read());
      }
    }
  });

  test("P12: what is not laid out as a session is rejected, whatever Yjs would make of it", () => {
    const foreign = (make: (doc: Y.Doc) => void): Uint8Array => {
      const doc = new Y.Doc({ guid: "x" });
      doc.clientID = 99;
      make(doc);
      return Y.encodeStateAsUpdate(doc);
    };
    const updates = [
      foreign((doc) => doc.getMap("s").set("k", 1)),
      foreign((doc) => doc.getText("s").insert(0, "text")),
      foreign((doc) => doc.getArray("another root").push([["/a", 1, 1]])),
      foreign((doc) => doc.getArray("2r").push([new Y.Doc({ guid: "y" })])),
      foreign((doc) => doc.getArray("2r").push([1, 2])).map((byte, i) => (i === 2 ? 98 : byte)),
      foreign((doc) => {
        doc.getArray("2r").push([["/a", 1, 1]]);
        doc.getArray("2r").insert(0, [["/b", 1, 1]]);
      }),
    ];
    for (const update of updates) expect(b.document.apply(update, 1).verdict).toBe("rejected");
    expect(b.value).toEqual(a.value);
  });

  test("P12: a delete set of a peer's deletes nothing here", () => {
    const peer = new Y.Doc({ guid: "s" });
    Y.applyUpdateV2(peer, a.document.encode());
    peer.getArray("b").delete(0, 2);
    const deletes = Y.encodeStateAsUpdate(peer, Y.encodeStateVector(peer));
    expect(b.document.apply(deletes, 1).verdict).toBe("known");
    b.do((live) => (live["c"] = 3));
    expect(SessionDocument.hydrate("s", b.document.encode()).read().value).toEqual({
      a: 1,
      b: new Uint8Array([1, 2]),
      c: 3,
    });
  });

  test("P11: kinds, keys and shapes of a newer version are kept and not shown", () => {
    const doc = new Y.Doc({ guid: "x" });
    doc.clientID = 99;
    const odd = [
      "odd",
      [],
      [5],
      ["/a"],
      ["/a", "x"],
      ["nokey", 1, 1],
      ["/a~?9", 1, 1],
      ["/a~2", 1],
    ];
    const kinds = [
      ["/new", 5, [77, 1]],
      ["/l~@x", 5, [77]],
      ["/l~@y", 5, [5, "a0", [77]]],
    ];
    const deep = [
      ["/d".repeat(500), 5, 1],
      ["/w", 5, [4, [9]]],
      ["/n~+1", 5, [6, 1, 1]],
    ];
    const bad = [
      ["/n~+2r", 5, [6, -1, "x"]],
      ["/n~=", 5, "x"],
      ["/big", 5, 10n],
      ["/o", 5, { a: 1 }],
    ];
    doc.getArray("2r").push([...odd, ...kinds, ...deep, ...bad, ["/ok", 5, true]]);
    const document = SessionDocument.create("s");
    const update = Y.encodeStateAsUpdate(doc);
    expect(document.apply(update, 1).verdict).toBe("applied");
    expect(document.read().value).toEqual({ ok: true });
    const again = SessionDocument.hydrate("s", document.encode());
    expect(again.stateVector).toEqual(document.stateVector);
    const kept = new Y.Doc({ guid: "x" });
    Y.applyUpdateV2(kept, again.encode());
    expect(kept.getArray("2r").length).toBe(doc.getArray("2r").length);
  });

  test("an update with a clock above its commit's is rejected", () => {
    const context = { writer: a.writer, rev: 1, seen: new Map(), hlc: 0 as Hlc };
    const document = SessionDocument.create("s");
    expect(document.apply(first, 1, context).verdict).toBe("rejected");
    expect(document.apply(first, 1, { ...context, hlc: 1 as Hlc }).verdict).toBe("applied");
  });

  test("Yjs keeps no pending structs and no writer's entries but ours", () => {
    const copy = new Y.Doc({ guid: "s" });
    Y.applyUpdateV2(copy, a.document.encode());
    expect(copy.store.pendingStructs).toBeNull();
    expect([...copy.share.keys()]).toEqual(["b"]);
  });
});

describe("bounds", () => {
  test("overwrites by five writers at random leave a document of less than three times a fresh one", () => {
    const nodes = [1, 2, 3, 4, 5].map((i) => new Node(i * 1_234_567_890_123));
    const [first] = nodes as [Node];
    const fill = (live: Live): void => {
      for (const key of ["user", "name", "roles", "locale", "csrf", "seen", "n"]) live[key] = key;
    };
    first.do(fill);
    const freshBytes = first.document.encode().length;
    let seed = 1;
    for (let i = 0; i < 3000; i++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const node = nodes[seed % 5] as Node;
      node.document = first.document;
      node.do((live) => void (live[["user", "n", "seen"][(seed >> 8) % 3] as string] = i));
    }
    first.do(fill);
    expect(first.document.encode().length).toBeLessThan(3 * freshBytes);
  });

  test("what lies beneath a removed element leaves the document with it", () => {
    const node = new Node(1);
    node.do((live) => (live["l"] = []));
    const before = node.document.encode().length;
    for (let i = 0; i < 50; i++) {
      node.do((live) => live["l"].push({ id: i, text: "x".repeat(100), tags: ["a", { n: 1 }] }));
      node.do((live, snapshot) => {
        live["l"][0].tags[1].count = 1;
        declareCounter(snapshot, ["l", "0", "tags", "1", "count"]);
      });
      node.do((live) => live["l"].pop());
    }
    // Of each element its removal stays, and of everything else one run of nothing.
    expect(node.document.encode().length - before).toBeLessThan(50 * 50);
  });

  test("floors that neither contain the other both count", () => {
    const doc = new Y.Doc({ guid: "x" });
    const push = (writer: number, ...entries: unknown[]): Uint8Array => {
      doc.clientID = writer;
      doc.getArray(writer.toString(36)).push(entries);
      return Y.encodeStateAsUpdate(doc);
    };
    const document = SessionDocument.create("s");
    document.apply(push(1, ["/n~+1", 1, [6, 10, 10]], ["/n~=", 1, 0]), 1);
    document.apply(push(2, ["/n~-1", 5, [6, 8, 0]]), 1);
    document.apply(push(3, ["/n~-1", 4, [6, 0, 5]]), 1);
    expect(document.read().value).toEqual({ n: 2 - 5 });
    expect(SessionDocument.hydrate("s", document.encode()).read().value).toEqual({ n: -3 });
  });

  test("pushing and unshifting again and again keeps deltas short", () => {
    const node = new Node(2 ** 52);
    let longest = 0;
    for (const method of ["push", "unshift"] as const) {
      for (let i = 0; i < 300; i++) {
        const { update } = node.do((live) => void (live["l"] ??= [])[method](i));
        longest = Math.max(longest, update?.length ?? 0);
      }
    }
    expect((node.value["l"] as number[]).length).toBe(600);
    expect(longest).toBeLessThan(75);
  });
});
