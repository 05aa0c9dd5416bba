/**
 * PHP with phpredis' session handler, as the recipe says (docs/recipes/php.md), with and without locks:
 * against two sidecars and against a redis-server.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Browser } from "../express/cluster.js";
import { ROOT } from "../tidy/sources.js";
import { type AppProcess, scratchDirectory, startApp } from "./app-process.js";
import { type Stack, stackSuite } from "./app-stack.suite.js";
import { missing } from "./debian.js";
import { startGate } from "./gate.js";
import { sidecarsWith, TARGETS } from "./machines.js";
import { aimedAt, recipeBlocks } from "./recipe.js";
import { type Address, RespConnection } from "./resp-connection.js";

const lacking = missing("php-cli", "php-redis");
const scratch = scratchDirectory();
afterAll(() => scratch.remove());

const [plain = ""] = recipeBlocks("php", "ini");
const [merging = ""] = recipeBlocks("php", "json");
const [locking = ""] = recipeBlocks("php", "ini locking");

let written = 0;

function startPhp(machine: Address, ini: string): Promise<AppProcess> {
  const directory = join(scratch.path, String(written++));
  mkdirSync(directory);
  writeFileSync(join(directory, "sessions.ini"), aimedAt(machine, ini));
  const index = join(ROOT, "test/interop/apps/index.php");
  return startApp({
    program: "php",
    args: (port) => ["-S", `127.0.0.1:${port}`, index],
    // An empty first part stands for the directory that PHP itself would read.
    env: { PHP_INI_SCAN_DIR: `:${directory}`, PHP_CLI_SERVER_WORKERS: "3" },
  });
}

const phpStack = (name: string, ini: string): Stack => ({
  name,
  idleSeconds: 1440,
  overlap: "later",
  lateWrite: "back",
  start: (machine) => startPhp(machine, ini),
});

describe.skipIf(lacking !== "")(`php${lacking}`, () => {
  stackSuite([
    phpStack("phpredis", plain),
    phpStack("phpredis in strict mode", `${plain}session.use_strict_mode = 1\n`),
    phpStack(
      "phpredis that serialises the whole array",
      `${plain}session.serialize_handler = php_serialize\n`,
    ),
  ]);

  stackSuite(
    [{ ...phpStack("phpredis", plain), overlap: "both" }],
    sidecarsWith("two sidecars that keep variables apart", JSON.parse(merging)),
  );

  for (const target of TARGETS) {
    test(`${target.name}: phpredis with locks: two requests on one machine wait for one another, and both stay`, async () => {
      const machines = await target.start();
      const php = await startPhp(machines.addresses[0], plain + locking);
      try {
        const browser = new Browser();
        await browser.get(`${php.origin}/login?user=ada`);
        const gate = await startGate();
        const one = browser.get(`${php.origin}/set?key=one&value=1&gate=${gate.url}`);
        await gate.arrived(1);
        let isDone = false;
        const two = browser.get(`${php.origin}/set?key=two&value=2`).finally(() => (isDone = true));
        await expect.poll(() => isLocked(machines.addresses[0])).toBe(true);
        expect(isDone).toBe(false);
        gate.open();
        await Promise.all([one, two]);
        const shown = await browser.json(`${php.origin}/show`);
        expect(shown).toEqual({ user: "ada", one: "1", two: "2" });
        await gate.close();
      } finally {
        await php.stop();
        await machines.stop();
      }
    });
  }
});

/** Whether a session on that machine has a lock. */
async function isLocked(machine: Address): Promise<boolean> {
  const connection = await RespConnection.open(machine);
  const [, keys] = (await connection.call("SCAN", "0", "MATCH", "*_LOCK", "COUNT", "1000")) as [
    string,
    string[],
  ];
  connection.close();
  return keys.length > 0;
}
