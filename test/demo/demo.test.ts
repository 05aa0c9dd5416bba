/**
 * The demo as its command line runs it: promises kept end in 0, broken ones do not, and however it
 * ends, no process is left.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../apps/demo/dist/main.js", import.meta.url));
const SLOW_MACHINE_MS = 240_000;
const SHORT = ["--headless", "--seconds", "1", "--users", "20"];

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "session-mesh-demo-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly printed: string;
}

/** Starts the demo as the leader of a process group, so that what it leaves behind can be seen. */
function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { detached: true, stdio: "pipe" });
}

async function run(args: readonly string[]): Promise<Ended> {
  const demo = start(args);
  const printed = textOf(demo);
  const [code] = (await once(demo, "close")) as [number | null];
  return { code, printed: printed() };
}

function textOf(demo: ChildProcess): () => string {
  let text = "";
  for (const stream of [demo.stdout, demo.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (chunk: string) => (text += chunk));
  }
  return () => text;
}

function hasProcesses(demo: ChildProcess): boolean {
  try {
    process.kill(-(demo.pid ?? 0), 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(demo: ChildProcess): Promise<void> {
  while (hasProcesses(demo)) await sleep(20);
}

// At the same time, so that each finds the ports of another taken.
describe.concurrent("the demo", () => {
  test(
    "P1, P3, P5, P7, P8, P9: a rolling deploy, a kill -9, a join and a partition lose nothing, and the report says so",
    async () => {
      const file = join(folder, "report.json");
      const { code, printed } = await run([...SHORT, "--report", file]);
      expect(printed).not.toContain("FAIL");
      expect(code).toBe(0);
      const report = JSON.parse(await readFile(file, "utf8"));
      expect(report).toMatchObject({
        failedRequests: 0,
        sessionsLost: 0,
        writesLost: 0,
        resurrected: 0,
        staleReads: 0,
        deploys: 3,
        kills: 1,
        partitions: 1,
        joins: 1,
      });
      expect(report.acknowledgedWrites).toBeGreaterThan(200);
      expect(report.logouts).toBeGreaterThan(5);
      expect(report.convergenceMs.max).toBeGreaterThan(0);
      expect(report.requestMs.p99).toBeGreaterThan(0);
    },
    SLOW_MACHINE_MS,
  );

  test(
    "a write that is acknowledged before it is made breaks P1, and is caught",
    async () => {
      const { code, printed } = await run([...SHORT, "--sabotage", "early-ack"]);
      expect(code).toBe(1);
      expect(printed).toContain("broken: P1");
    },
    SLOW_MACHINE_MS,
  );

  test(
    "a logout that is told to nobody breaks P3, and is caught",
    async () => {
      const { code, printed } = await run([...SHORT, "--sabotage", "no-tombstone"]);
      expect(code).toBe(1);
      expect(printed).toContain("broken: P3");
    },
    SLOW_MACHINE_MS,
  );

  test(
    "what is compared in vain is not repaired after a partition, which breaks P8, and is caught",
    async () => {
      const { code, printed } = await run([...SHORT, "--sabotage", "no-audit"]);
      expect(code).toBe(1);
      expect(printed).toContain("broken: P8");
    },
    SLOW_MACHINE_MS,
  );

  test(
    "a request that is not told what its user has seen breaks P5, and is caught",
    async () => {
      const { code, printed } = await run([...SHORT, "--sabotage", "no-token"]);
      expect(code).toBe(1);
      expect(printed).toContain("broken: P5");
    },
    SLOW_MACHINE_MS,
  );

  test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
    "%s leaves no process behind",
    async (signal) => {
      const demo = start(["--headless", "--users", "5"]);
      const printed = textOf(demo);
      while (!printed().includes("warm-up")) await sleep(50);
      demo.kill(signal);
      await once(demo, "exit");
      await untilGone(demo);
      expect(demo.exitCode).toBe(signal === "SIGKILL" ? null : 130);
    },
    SLOW_MACHINE_MS,
  );

  test.each([
    [["--nodes", "1"], "--nodes is a whole number from 2 to 9, not 1"],
    [
      ["--sabotage", "sleep"],
      "--sabotage is one of no-tombstone, early-ack, no-audit, no-token, not sleep",
    ],
    [["--nodse", "3"], "--nodse"],
  ])("a wrong command line %j ends in 2 and says what is right", async (args, said) => {
    const { code, printed } = await run(args);
    expect(code).toBe(2);
    expect(printed).toContain(said);
    expect(printed).toContain("--report FILE");
  });
});
