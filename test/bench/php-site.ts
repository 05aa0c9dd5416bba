/**
 * A PHP site that counts a user's views in its session, served by PHP's own server: requests a second
 * with its sessions in a sidecar, and in a redis-server.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AppProcess, scratchDirectory, startApp } from "../interop/app-process.js";
import { aimedAt, recipeBlocks } from "../interop/recipe.js";
import { atLeast, median, type Result } from "./result.js";
import { interleave, rate } from "./workload.js";

const ROUNDS = 5;
const DURATION_MS = 2_000;
const USERS = 4;
const SITE = `<?php
session_start();
$_SESSION['views'] = ($_SESSION['views'] ?? 0) + 1;
session_write_close();
echo $_SESSION['views'];
`;

/** Requests a second on both; empty where PHP or phpredis is not installed. */
export async function phpBench(sidecarPort: number, redisPort: number): Promise<Result[]> {
  if (spawnSync("php", ["-r", "exit(extension_loaded('redis') ? 0 : 1);"]).status !== 0) return [];
  const scratch = scratchDirectory();
  const [ours, theirs] = await Promise.all(
    [sidecarPort, redisPort].map((port) => startSite(scratch.path, port)),
  );
  try {
    const rates = await interleave(
      ROUNDS,
      () => rateOf(ours as AppProcess),
      () => rateOf(theirs as AppProcess),
    );
    const peer = { name: "PHP on redis-server", value: median(rates.peer) };
    const name = "PHP requests that write their session";
    return [atLeast(0.95, { name, unit: "/s", ours: median(rates.ours), peer })];
  } finally {
    await Promise.all([ours, theirs].map((site) => site?.stop()));
    scratch.remove();
  }
}

function startSite(scratch: string, port: number): Promise<AppProcess> {
  const directory = join(scratch, String(port));
  mkdirSync(directory);
  const [ini = ""] = recipeBlocks("php", "ini");
  writeFileSync(join(directory, "sessions.ini"), aimedAt({ port }, ini));
  const index = join(scratch, "index.php");
  writeFileSync(index, SITE);
  return startApp({
    program: "php",
    args: (own) => ["-S", `127.0.0.1:${own}`, index],
    env: { PHP_INI_SCAN_DIR: `:${directory}`, PHP_CLI_SERVER_WORKERS: "4" },
  });
}

/** Users whose sessions are there already, a request of each at a time. */
async function rateOf({ origin }: AppProcess): Promise<number> {
  const cookies = await Promise.all(Array.from({ length: USERS }, () => newSession(origin)));
  return rate(USERS, DURATION_MS, async (index) => {
    const response = await fetch(origin, { headers: { cookie: cookies[index % USERS] ?? "" } });
    if (!/^\d+$/.test(await response.text())) throw new Error("no count of views");
  });
}

async function newSession(origin: string): Promise<string> {
  const response = await fetch(origin);
  await response.text();
  return (response.headers.getSetCookie()[0] ?? "").split(";")[0] ?? "";
}
