/**
 * M5–M7 on random runs of three replicas against the model: lists and their elements.
 *
 * The model knows which elements a list holds; in which order, the properties of M5 say.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Hlc } from "../hlc.js";
import type { WriterId } from "../ids.js";
import { SessionDocument, diff } from "./document.js";
import { checkLaw } from "./model/mesh.suite.js";

const runs = process.env["SESSION_MESH_RUNS"];

test("M5: all elements of concurrent pushes stay, equal ones too, in one order everywhere", () => {
  const counts = checkLaw({ actions: ["push", "pushEqual", "insert"], runs });
  expect(counts.merges).toBeGreaterThan(0);
  expect(counts.overlaps).toBeGreaterThan(0);
});

test("M6: a removal is final, whatever is done to the element meanwhile", () => {
  const actions = ["push", "insert", "remove", "remove", "edit", "move"] as const;
  const counts = checkLaw({ actions, runs });
  expect(counts.merges).toBeGreaterThan(0);
});

test("M7: edits of fields of one element all stay, and no element is doubled", () => {
  const counts = checkLaw({ actions: ["push", "edit", "edit", "move"], runs });
  expect(counts.merges).toBeGreaterThan(0);
});

function commitList(document: SessionDocument, list: unknown[], writer: number): Uint8Array {
  const { base } = document.read();
  const stamp = { hlc: (document.hlcMax + 1) as Hlc, writer: writer as WriterId };
  const operations = diff(base, { list }, { bytesMax: 1_000_000 });
  return document.commit(operations, stamp, 1) as Uint8Array;
}

test("M5: what each inserted stands together, in order, between its neighbours", () => {
  const insertion = fc.record({ at: fc.nat(6), count: fc.integer({ min: 1, max: 4 }) });
  const property = fc.property(fc.array(insertion, { minLength: 3, maxLength: 5 }), (all) => {
    const origin = SessionDocument.create("s");
    const names = ["A", "B", "C", "D", "E"];
    commitList(origin, names, 99);
    const replicas = all.map(() => SessionDocument.hydrate("s", origin.encode()));
    const runsOf = all.map(({ count }, w) => Array.from({ length: count }, (_, i) => `${w}.${i}`));
    const updates = replicas.map((replica, w) => {
      const list: string[] = [...names];
      list.splice(Math.min(all[w]?.at ?? 0, names.length), 0, ...(runsOf[w] as string[]));
      return commitList(replica, list, w + 1);
    });
    for (const replica of replicas) for (const update of updates) replica.apply(update, 1);
    const merged = replicas[0]?.read().value["list"] as string[];
    for (const replica of replicas) expect(replica.read().value["list"]).toEqual(merged);
    expect(merged.filter((name) => names.includes(name))).toEqual(names);
    runsOf.forEach((run, w) => {
      const start = merged.indexOf(run[0] as string);
      expect(merged.slice(start, start + run.length)).toEqual(run);
      const before = merged.slice(0, start).filter((name) => names.includes(name)).length;
      expect(before).toBe(Math.min(all[w]?.at ?? 0, names.length));
    });
  });
  fc.assert(property, { numRuns: Number(runs ?? 200) });
});

test("a list reads as it was left, however it was rearranged", () => {
  const elements = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
  const property = fc.property(fc.array(elements, { minLength: 2, maxLength: 6 }), (lists) => {
    const document = SessionDocument.create("s");
    for (const list of lists) {
      const { value, base } = document.read();
      const operations = diff(base, { list }, { bytesMax: 1_000_000 });
      if (JSON.stringify(value["list"]) === JSON.stringify(list)) expect(operations).toEqual([]);
      else commitList(document, list, 1);
      expect(document.read().value["list"]).toEqual(list);
    }
  });
  fc.assert(property, { numRuns: Number(runs ?? 200) });
});

test("objects keep their identity, however a list was rearranged", () => {
  const property = fc.property(
    fc.array(fc.array(fc.nat(30), { minLength: 2, maxLength: 8 }), { maxLength: 6 }),
    (shuffles) => {
      const document = SessionDocument.create("s");
      commitList(
        document,
        [1, 2, 3, 4, 5, 6].map((id) => ({ id, moves: 0 })),
        1,
      );
      for (const order of shuffles) {
        const { value, base } = document.read();
        const list = value["list"] as unknown as { id: number; moves: number }[];
        for (const die of order) list.splice(die % 6, 0, ...list.splice((die * 7) % 6, 1));
        const operations = diff(base, value, { bytesMax: 1_000_000 });
        expect(operations.every(({ kind }) => kind === "move")).toBe(true);
        if (operations.length > 0) {
          const stamp = { hlc: (document.hlcMax + 1) as Hlc, writer: 1 as WriterId };
          document.commit(operations, stamp, 1);
        }
        expect(document.read().value).toEqual(value);
      }
    },
  );
  fc.assert(property, { numRuns: Number(runs ?? 200) });
});
