/**
 * M12 on random runs of three replicas against the model: scalars, objects, lists and counters that
 * replace one another at a few paths.
 */
import { expect, test } from "vitest";
import { checkLaw } from "./model/mesh.suite.js";

const runs = process.env["SESSION_MESH_RUNS"];

test("M12: the kind with the latest live entry shows, and the next write clears what is hidden", () => {
  const actions = ["set", "setObject", "setList", "delete", "increment", "insert"] as const;
  const counts = checkLaw({ actions, runs });
  expect(counts.merges).toBeGreaterThan(0);
  expect(counts.overlaps).toBeGreaterThan(0);
});

test("M12: within list elements too", () => {
  const actions = ["push", "set", "setObject", "setList", "remove", "edit", "delete"] as const;
  checkLaw({ actions, runs, steps: 80 });
});
