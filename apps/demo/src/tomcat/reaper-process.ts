/**
 * Outlives the demo that started it, by a moment: when their pipe closes, for whatever reason, it ends
 * every process that the demo had, removes its network namespaces and its folder, and ends.
 *
 *   adopt PID     forget PID     namespace NAME     folder PATH
 *
 * Not here: who says what (reaper.ts).
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** How long processes are given to end by themselves. */
const TERM_MS = 5_000;
const KILL_MS = 5_000;
const POLL_MS = 20;

const pids = new Set<number>();
const namespaces = new Set<string>();
const folders = new Set<string>();

// A Ctrl-C in the terminal is the demo's to hear; its pipe tells this one.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, what = ""] = line.split(" ", 2);
  if (verb === "adopt") pids.add(Number(what));
  else if (verb === "forget") pids.delete(Number(what));
  else if (verb === "namespace") namespaces.add(what);
  else if (verb === "folder") folders.add(what);
}
await endAll("SIGTERM", TERM_MS);
await endAll("SIGKILL", KILL_MS);
for (const name of namespaces) {
  try {
    execFileSync("ip", ["netns", "del", name], { stdio: "ignore" });
  } catch {
    // It was not there any more.
  }
}
for (const folder of folders) rmSync(folder, { recursive: true, force: true });

async function endAll(signal: NodeJS.Signals, waitMs: number): Promise<void> {
  for (const pid of pids) {
    try {
      process.kill(-pid, signal);
    } catch {
      pids.delete(pid);
    }
  }
  for (let waitedMs = 0; waitedMs < waitMs && pids.size > 0; waitedMs += POLL_MS) {
    for (const pid of pids) if (hasEnded(pid)) pids.delete(pid);
    if (pids.size > 0) await sleep(POLL_MS);
  }
}

/** Also of one that nobody has fetched: its parent may be gone. */
function hasEnded(pid: number): boolean {
  try {
    return /^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}
