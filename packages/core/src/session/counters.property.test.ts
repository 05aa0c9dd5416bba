/**
 * M8 on random runs of three replicas against the model, which adds up increments one by one.
 */
import { expect, test } from "vitest";
import { checkLaw } from "./model/mesh.suite.js";

const runs = process.env["SESSION_MESH_RUNS"];

test("M8: increments add up, and a reset takes away only what it had seen", () => {
  const counts = checkLaw({ actions: ["increment", "increment", "increment", "reset"], runs });
  expect(counts.merges).toBeGreaterThan(0);
  expect(counts.overlaps).toBeGreaterThan(0);
});

test("M8: a counter that was deleted or written over keeps unseen increments", () => {
  const actions = ["increment", "increment", "reset", "set", "delete"] as const;
  const counts = checkLaw({ actions, runs, replicas: 4 });
  expect(counts.merges).toBeGreaterThan(0);
});
