/** docs/GUARANTEES.md names every scenario under every promise and law that it holds, and no other. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { SCENARIOS } from "./scenarios/list.js";

const GUIDE = fileURLToPath(new URL("../../docs/GUARANTEES.md", import.meta.url));

/** Scenario names by promise or law. */
function scenarios(): Map<string, string[]> {
  const byPromise = new Map<string, string[]>();
  for (const { name } of Object.values(SCENARIOS).flat()) {
    const [, promises, words] = /^((?:[PM]\d+(?:, )?)+): (.+)$/.exec(name) ?? [];
    expect(words, `"${name}" begins with the promises it holds`).toBeDefined();
    for (const promise of promises?.split(", ") ?? []) {
      byPromise.set(promise, [...(byPromise.get(promise) ?? []), words ?? ""]);
    }
  }
  return byPromise;
}

/** The items under each heading that begins with a promise or law. */
function guarantees(): Map<string, string[]> {
  const byPromise = new Map<string, string[]>();
  let promise = "";
  for (const line of readFileSync(GUIDE, "utf8").split("\n")) {
    promise = /^### ([PM]\d+)\b/.exec(line)?.[1] ?? (line.startsWith("#") ? "" : promise);
    const item = /^- (.+)$/.exec(line)?.[1];
    if (item && promise) byPromise.set(promise, [...(byPromise.get(promise) ?? []), item]);
  }
  return byPromise;
}

test("the guarantees and the scenarios that hold them are the same", () => {
  const sorted = (names: Map<string, string[]>): unknown =>
    [...names].map(([promise, items]) => [promise, [...items].sort()]).sort();
  expect(sorted(guarantees())).toEqual(sorted(scenarios()));
});

test("no two scenarios have one name", () => {
  const names = Object.values(SCENARIOS)
    .flat()
    .map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
