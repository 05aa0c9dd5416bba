/** docs/SIDECAR.md says what the daemon does: every key with its default, every metric, every bound. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdmin } from "session-mesh/admin";
import { describe, expect, test } from "vitest";
import { CONFIG_KEYS } from "../../apps/sidecar/src/config/keys.js";
import { loadConfig } from "../../apps/sidecar/src/config/load.js";
import { registerDoorMetrics } from "../../apps/sidecar/src/resp/door-metrics.js";
import { ROOT } from "../tidy/sources.js";
import { openDoor } from "./front-door.js";

const guide = readFileSync(join(ROOT, "docs/SIDECAR.md"), "utf8");

function section(heading: string): string {
  const found = guide.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`there is no heading ${heading}`);
  return found;
}

/** The rows of a section's tables, without their headings. */
function rows(heading: string): string[] {
  return section(heading)
    .split("\n")
    .filter((line) => line.startsWith("|") && !line.startsWith("|--"))
    .slice(1);
}

function spans(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}

test("every key stands in the reference, with its default and what it means", () => {
  const expected = CONFIG_KEYS.filter(({ name }) => !name.startsWith("limits.")).map(
    ({ name, defaultValue, description }) =>
      `| \`${name}\` | ${defaultValue === undefined ? "" : `\`${JSON.stringify(defaultValue)}\``} | ${description} |`,
  );
  expect(rows("Reference")).toEqual(expected);
});

test("every key says what it means", () => {
  const silent = CONFIG_KEYS.filter(
    ({ name, description }) => !name.startsWith("limits.") && description === "",
  );
  expect(silent).toEqual([]);
});

describe("what the guide shows can be used", () => {
  const directory = mkdtempSync(join(tmpdir(), "session-mesh-guide-"));
  const secretFile = join(directory, "secret");
  const file = join(directory, "sidecar.json");
  writeFileSync(secretFile, "a-secret-of-a-cluster\n");

  test("the configuration", () => {
    const shown = /```json\n([\s\S]*?)```/.exec(guide)?.[1] ?? "";
    writeFileSync(
      file,
      shown.replaceAll(/"\/etc\/session-mesh\/[\w-]+"/g, JSON.stringify(secretFile)),
    );
    const { config, warnings } = loadConfig({ file, environment: {}, flags: {} });
    expect(config.redis.listen).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  test("the variables and flags", () => {
    const variables = [...guide.matchAll(/SESSION_MESH_[A-Z_]+(?==)/g)].map(([name]) => name);
    const flags = [...guide.matchAll(/--((?:\w+\.)+\w+)/g)].map((match) => match[1]);
    expect(variables.length).toBeGreaterThan(2);
    expect(flags.length).toBeGreaterThan(0);
    expect(CONFIG_KEYS.map(({ variable }) => variable)).toEqual(expect.arrayContaining(variables));
    expect(CONFIG_KEYS.map(({ name }) => name)).toEqual(expect.arrayContaining(flags));
    rmSync(directory, { recursive: true, force: true });
  });

  test("the bounds", () => {
    const named = rows("Bounds").flatMap((row) => spans(row.split("|")[1] ?? ""));
    expect(named.length).toBeGreaterThan(5);
    expect(CONFIG_KEYS.map(({ name }) => name)).toEqual(expect.arrayContaining(named));
  });
});

test("every metric of the front door is documented, and no other", async () => {
  const door = await openDoor();
  const admin = createAdmin(door.mesh);
  registerDoorMetrics(admin.registry, door.server);
  const names = (await admin.registry.getMetricsAsJSON())
    .map(({ name }) => name)
    .filter((name) => name.startsWith("session_mesh_redis_"));
  await admin.close();
  await door.close();
  const documented = rows("Metrics").flatMap((row) => spans(row.split("|")[1] ?? ""));
  expect(documented.map((name) => `session_mesh_redis_${name.replace(/\{.*/, "")}`).sort()).toEqual(
    names.sort(),
  );
});
