/**
 * Requests a second of an Express app whose sessions are read or written: ours on three nodes with
 * one acknowledgement, beside express-session's MemoryStore in one process.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import { freePort } from "./redis.js";
import { atLeast, median, type Result } from "./result.js";
import { interleave } from "./workload.js";

const CONNECTIONS = 10;
const DURATION_S = 2;
const ROUNDS = 3;

/** All figures of this file. */
export async function expressBench(): Promise<Result[]> {
  const apps: ChildProcess[] = [];
  const start = async (...args: string[]): Promise<void> => {
    const script = fileURLToPath(new URL("./express-app.ts", import.meta.url));
    const app = fork(script, args);
    await once(app, "message");
    apps.push(app);
  };
  const [memory, ours, meshPort] = [await freePort(), await freePort(), await freePort()];
  await start("memory", String(memory));
  await start("mesh", String(ours), String(meshPort));
  for (let index = 0; index < 2; index++) {
    const ports = [String(await freePort()), String(await freePort())];
    await start("mesh", ...ports, `127.0.0.1:${meshPort}`);
  }
  const results: Result[] = [];
  for (const [path, target] of [
    ["read", 0.97],
    ["write", 0.9],
  ] as const) {
    const rates = await interleave(
      ROUNDS,
      () => load(ours, path),
      () => load(memory, path),
    );
    const peer = { name: "MemoryStore", value: median(rates.peer) };
    const name = `Express requests, session ${path === "read" ? "read" : "written"}`;
    results.push(atLeast(target, { name, unit: "/s", ours: median(rates.ours), peer }));
  }
  for (const app of apps) {
    const exit = once(app, "exit");
    app.disconnect();
    await exit;
  }
  return results;
}

async function load(port: number, path: string): Promise<number> {
  const login = await fetch(`http://127.0.0.1:${port}/login`);
  const cookie = login.headers
    .getSetCookie()
    .map((each) => each.split(";")[0])
    .join("; ");
  const { requests, non2xx, errors } = await autocannon({
    url: `http://127.0.0.1:${port}/${path}`,
    connections: CONNECTIONS,
    duration: DURATION_S,
    headers: { cookie },
  });
  if (non2xx + errors > 0)
    throw new Error(`${non2xx} answers and ${errors} errors were no success`);
  return requests.average;
}
