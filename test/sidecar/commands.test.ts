/** The table in docs/REDIS.md is the command table, neither more nor less. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createCommandTable } from "../../apps/sidecar/src/redis-door.js";

const DOCUMENT = readFileSync(new URL("../../docs/REDIS.md", import.meta.url), "utf8");

test("every command is in the table of REDIS.md, and nothing else is", () => {
  const table = DOCUMENT.slice(DOCUMENT.indexOf("\n## Commands"));
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const documented = rows.flatMap((row) => {
    const [, commands = ""] = row.split("|");
    return [...commands.matchAll(/`([A-Z.]+)`/g)].map((match) =>
      (match[1] as string).toLowerCase(),
    );
  });
  expect(documented.sort()).toEqual([...createCommandTable().names].sort());
});

test("every subcommand is named in its command's row", () => {
  const table = createCommandTable();
  for (const name of table.names) {
    const row = DOCUMENT.split("\n").find((line) => line.includes(`\`${name.toUpperCase()}\``));
    for (const each of table.find(name)?.subcommands?.names ?? []) {
      expect(row).toContain((each.split("|")[1] as string).toUpperCase());
    }
  }
});
