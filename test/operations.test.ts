/** docs/OPERATIONS.md says what the code does: limits, metrics, events, log lines, snippets. */
import { readFileSync } from "node:fs";
import { createMesh, DEFAULT_LIMITS, type Limits } from "session-mesh";
import { describe, expect, test } from "vitest";
import { startAdmin, ask } from "./admin/reader.js";
import { whenOver } from "./express/cluster.js";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

const operations = read("docs/OPERATIONS.md");
const limitNames = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[];

/** The text under a heading of the second level. */
function section(text: string, heading: string): string {
  const found = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`there is no heading ${heading}`);
  return found;
}

/** The cells of a section's tables, without their headings. */
function rows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|") && !line.startsWith("|--"))
    .slice(1)
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

const spans = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);

const MS = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES = { KiB: 1_024, MiB: 1_024 ** 2, GiB: 1_024 ** 3 };
const UNITS: Readonly<Record<string, number>> = { ...MS, ...BYTES };

function amount(text: string): number {
  const [, digits = "", unit = ""] = /^([\d,]+)(?: (\w+))?$/.exec(text) ?? [];
  return Number(digits.replaceAll(",", "")) * (unit === "" ? 1 : (UNITS[unit] ?? Number.NaN));
}

describe("limits", () => {
  test("every one is there once, with the default that the code has", () => {
    const documented = rows(section(operations, "Limits")).flatMap(
      ([names = "", defaults = ""]) => {
        const amounts = defaults.split(", ").map(amount);
        return spans(names).map((name, index) => [name, amounts[index]] as const);
      },
    );
    expect(documented.length).toBe(limitNames.length);
    expect(Object.fromEntries(documented)).toEqual(DEFAULT_LIMITS);
  });

  test("a default says its unit: time and bytes have one, counts have none", () => {
    for (const [names = "", defaults = ""] of rows(section(operations, "Limits"))) {
      const texts = defaults.split(", ");
      for (const [index, name] of spans(names).entries()) {
        const unit = / (\w+)$/.exec(texts[index] ?? "")?.[1] ?? "";
        const units = name.includes("Ms")
          ? Object.keys(MS)
          : name.includes("Bytes")
            ? Object.keys(BYTES)
            : [""];
        expect([name, units]).toEqual([name, expect.arrayContaining([unit])]);
      }
    }
  });

  test("what documents call a limit is one", () => {
    const bounds = section(read("docs/ARCHITECTURE.md"), "Bounds");
    const named = rows(bounds).flatMap(([, cell = ""]) => spans(cell));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !(name in DEFAULT_LIMITS))).toEqual([]);
    const sources = [operations, bounds, read("README.md")];
    const alike = sources
      .flatMap(spans)
      .filter((name) => /^[a-z]\w*(BytesMax|EntriesMax|MsMax)$/.test(name));
    expect(alike.filter((name) => !(name in DEFAULT_LIMITS) && name !== "streamBytesMax")).toEqual(
      [],
    );
  });
});

describe("metrics and events", () => {
  test("every metric of a node is explained, and none that there is not", async () => {
    const mesh = await createMesh();
    whenOver(() => mesh.close({ drain: false }));
    const { origin } = await startAdmin(mesh);
    const { text } = await ask(`${origin}/metrics`);
    const shown = [...text.matchAll(/^# TYPE session_mesh_(\S+)/gm)].map((match) => match[1]!);
    const table = section(operations, "Metrics, and what to do");
    const explained = rows(table).flatMap(([cell = ""]) => spans(cell).map(nameOf));
    const anywhere = spans(table).map(nameOf);
    expect(shown.filter((name) => !anywhere.includes(name))).toEqual([]);
    expect(explained.filter((name) => !shown.includes(name))).toEqual([]);
  });

  test("every event is in the table, and none that there is not", () => {
    const types = [...read("packages/core/src/events.ts").matchAll(/readonly type: "([\w-]+)"/g)];
    const expected = types.map((match) => match[1]!).sort();
    expect(expected.length).toBeGreaterThan(20);
    const table = rows(section(operations, "Metrics, and what to do"));
    expect(table.flatMap(([, cell = ""]) => spans(cell)).sort()).toEqual(expected);
  });
});

describe("log lines", () => {
  test("the remedies name every code of a refusal", () => {
    const union = /export type RefusalCode =([^;]+);/.exec(read("packages/core/src/events.ts"));
    const codes = [...(union?.[1] ?? "").matchAll(/"([\w-]+)"/g)].map((match) => match[1]!);
    expect(codes.length).toBeGreaterThan(4);
    const lines = spans(section(operations, "Log lines"));
    expect(codes.filter((code) => !lines.includes(code))).toEqual([]);
  });

  test("every line that is shown is one that the code writes", () => {
    const written = ["refusal-log", "mesh", "drain-on-signal", "storage/stored-sessions"]
      .map((name) => read(`packages/session-mesh/src/${name}.ts`))
      .join("\n");
    const pieces = rows(section(operations, "Log lines"))
      .flatMap(([cell = ""]) => spans(cell))
      .flatMap((line) => line.split(/…|\(CODE\)|\bN\b|SIGTERM/))
      .map((piece) => piece.trim())
      .filter((piece) => piece.length > 8);
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.filter((piece) => !written.includes(piece))).toEqual([]);
  });
});

test("the manual can be read in one sitting", () => {
  expect(operations.split("\n").length - 1).toBeLessThanOrEqual(210);
});

/** `misses_total{outcome}` is the metric `misses_total`. */
function nameOf(span: string): string {
  return span.replace(/\{.*\}$/, "");
}
