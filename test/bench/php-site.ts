/**
 * A PHP site that counts a user's views in its session, served by PHP's own server: requests a second
 * with its sessions in a sidecar, and in a redis-server.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import autocannon from "autocannon";
import { type AppProcess, scratchDirectory, startApp } from "../interop/app-process.js";
import { aimedAt, recipeBlocks } from "../interop/recipe.js";
import { atLeast, median, type Result } from "./result.js";
import { interleave } from "./workload.js";

const ROUNDS = 5;
const SECONDS = 2;
const CONNECTIONS = 4;
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
      () => rate(ours as AppProcess),
      () => rate(theirs as AppProcess),
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

/** Each connection is a user of its own, whose session there is already. */
async function rate({ origin }: AppProcess): Promise<number> {
  const cookies = await Promise.all(Array.from({ length: CONNECTIONS }, () => newSession(origin)));
  const load: autocannon.Options = {
    url: origin,
    connections: CONNECTIONS,
    duration: SECONDS,
    setupClient: (client) => client.setHeaders({ cookie: cookies.pop() ?? "" }),
  };
  const { requests, non2xx, errors } = await autocannon(load);
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} requests failed`);
  return requests.total / SECONDS;
}

async function newSession(origin: string): Promise<string> {
  const response = await fetch(origin);
  await response.text();
  return (response.headers.getSetCookie()[0] ?? "").split(";")[0] ?? "";
}
