/**
 * M1–M4 on random runs of three replicas against the model: attributes, at any depth.
 *
 * Not here: lists, counters, and kinds of values that replace one another.
 */
import { expect, test } from "vitest";
import { checkLaw } from "./model/mesh.suite.js";
import { Places } from "./places.js";

const runs = process.env["SESSION_MESH_RUNS"];

test("M1: concurrent writes of different keys all stay, at any depth", () => {
  const counts = checkLaw({ actions: ["set", "setObject"], runs });
  expect(counts.gaps).toBeGreaterThan(0);
  expect(counts.duplicates).toBeGreaterThan(0);
  expect(counts.overlaps).toBeGreaterThan(0);
});

test("M2: of concurrent writes of one key the later stays, by clock and then by writer", () => {
  const counts = checkLaw({ actions: ["set"], runs, replicas: 5 });
  expect(counts.merges).toBeGreaterThan(0);
});

test("M3: of a concurrent write and deletion of one key the later stays", () => {
  const counts = checkLaw({ actions: ["set", "delete", "delete"], runs });
  expect(counts.merges).toBeGreaterThan(0);
});

test("M4: deleting an object leaves what the deleter had not seen in it", () => {
  const counts = checkLaw({ actions: ["set", "setObject", "delete"], runs, replicas: 4 });
  expect(counts.merges).toBeGreaterThan(0);
});

test("canary: a merge in which the last arrival wins is caught", () => {
  const { add } = Places.prototype;
  let arrivals = 0;
  Places.prototype.add = function addAsLast(placed) {
    const hlc = (placed.entry.hlc + ++arrivals * 1000) as typeof placed.entry.hlc;
    return add.call(this, { ...placed, entry: { ...placed.entry, hlc } });
  };
  try {
    expect(() => checkLaw({ actions: ["set"], runs })).toThrow(/Property failed/);
  } finally {
    Places.prototype.add = add;
  }
});
