/** Every deliberate defect is caught, by a checker that it names, within the seeds that it allows. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { catchCanary, catchRow } from "./canaries/catch.js";
import { CANARIES } from "./canaries/list.js";
import { type Canary, patched } from "./canaries/patch.js";

const TIMEOUT_MS = 600_000;

const ROOT = new URL("../../", import.meta.url);

describe("canaries", () => {
  const lines: string[] = [];
  afterAll(() => console.info(lines.join("\n")));

  for (const canary of CANARIES) {
    test(`${canary.name} is caught: ${canary.says}`, { timeout: TIMEOUT_MS }, async () => {
      const caught = await catchCanary(canary, availableParallelism());
      lines.push(catchRow(caught));
      expect(caught.seed, caught.others.join("\n")).toBeDefined();
    });
  }

  test("all are in docs/SIMULATOR.md, with their checkers and the seeds they may take", () => {
    const guide = readFileSync(fileURLToPath(new URL("docs/SIMULATOR.md", ROOT)), "utf8");
    for (const { name, says, checkers, seedsMax } of CANARIES) {
      const row = guide.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? "";
      expect(row, name).toContain(says);
      expect(row, name).toContain(`| ${checkers.join(", ")} |`);
      expect(row, name).toContain(`| ${seedsMax} |`);
    }
  });
});

test.each(CANARIES)("$name is a change of the code as it is", (canary) => {
  const files = new Set(canary.edits.map(({ file }) => file));
  for (const file of files) {
    const source = readFileSync(fileURLToPath(new URL(file, ROOT)), "utf8");
    expect(patched(source, file, canary)).not.toBe(source);
  }
});

describe("a patch", () => {
  const canary: Canary = {
    name: "tea",
    says: "tea for two",
    checkers: [],
    seedsMax: 1,
    edits: [{ file: "a.ts", find: "two", replace: "$&three" }],
  };

  test("replaces its text, to the letter", () => {
    expect(patched("tea for two", "a.ts", canary)).toBe("tea for $&three");
    expect(patched("tea for two", "b.ts", canary)).toBe("tea for two");
  });

  test.each(["tea for one", "two for two"])("is refused where %s", (source) => {
    expect(() => patched(source, "a.ts", canary)).toThrow(/canary tea: its text occurs [02] times/);
  });
});
