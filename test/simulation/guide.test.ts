/** docs/SIMULATOR.md names every fault, every checker and every happening that there is. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FAULTS } from "@session-mesh/sim";
import { expect, test } from "vitest";
import { meaningOf } from "./meaning.js";
import { SOMETIMES } from "./paths.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const GUIDE = readFileSync(join(ROOT, "docs/SIMULATOR.md"), "utf8");

const SOURCES = join(ROOT, "packages/sim/src");

/** What of `names` the guide does not name. */
function unnamed(names: Iterable<string>): string[] {
  return [...new Set(names)].filter((name) => !GUIDE.includes(`\`${name}\``));
}

/** What a pattern's group finds in the sources of the simulator. */
function found(pattern: RegExp): string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const texts = files.map((name) => readFileSync(join(SOURCES, name), "utf8"));
  return texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name ?? ""));
}

test("every fault is explained, and must happen", () => {
  const faults = FAULTS.map(({ name }) => name);
  expect(unnamed(faults)).toEqual([]);
  const proofs = new Set(Object.values(SOMETIMES));
  expect(faults.filter((fault) => !proofs.has(`fault.${fault}`))).toEqual([]);
});

test("every checker is explained", () => {
  const checkers = found(/fail\(\s*"([^"]+)"/g).filter((name) => name !== "expectation");
  expect(checkers.length).toBeGreaterThan(10);
  expect(unnamed(checkers)).toEqual([]);
  expect(checkers.filter((checker) => meaningOf(checker) === undefined)).toEqual([]);
});

test("every type of a recording is explained", () => {
  const happening = readFileSync(join(SOURCES, "trace/happening.ts"), "utf8");
  const types = [...happening.matchAll(/type: "([a-z-]+)"/g)].map(([, type]) => type ?? "");
  expect(types.length).toBeGreaterThan(10);
  expect(unnamed(types)).toEqual([]);
});

test("it is short", () => {
  expect(GUIDE.split("\n").length).toBeLessThanOrEqual(200);
});
