/** A run that throws, or never ends, is a failure with a seed, and other runs go on. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Report } from "@session-mesh/sim";
import { afterAll, expect, test } from "vitest";
import { Pool } from "./pool.js";

const folder = mkdtempSync(join(tmpdir(), "session-mesh-pool-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A stand-in for a bundle whose seed 2 throws, and whose seed 3 never ends. */
const file = join(folder, "runs.mjs");
writeFileSync(
  file,
  `export function runSeed(seed) {
    if (seed === 2) throw new TypeError("no such thing");
    while (seed === 3);
    return { seed };
  }`,
);
const bundle = { url: pathToFileURL(file).href };

test("every seed has a report, whatever befell the others", async () => {
  await using pool = new Pool(bundle, { threads: 2, runMsMax: 700 });
  const reports: Report[] = [];
  const tasks = [1, 2, 3, 4, 5].map((seed) => ({ seed }));
  await pool.runAll(tasks, (report) => reports.push(report) > 0);
  const failures = new Map(reports.map(({ seed, failure }) => [seed, failure?.detail]));
  expect([...failures.keys()].sort()).toEqual([1, 2, 3, 4, 5]);
  expect(failures.get(2)).toContain("no such thing");
  expect(failures.get(3)).toBe("it did not within 0.7 s");
  expect([1, 4, 5].map((seed) => failures.get(seed))).toEqual([undefined, undefined, undefined]);
});

test("no more seeds are begun when it is enough", async () => {
  await using pool = new Pool(bundle, { threads: 1 });
  const seeds: number[] = [];
  const tasks = [4, 5, 6, 7].map((seed) => ({ seed }));
  await pool.runAll(tasks, ({ seed }) => seeds.push(seed) < 2);
  expect(seeds).toEqual([4, 5]);
});
