/**
 * The demo with Apache, Tomcat and sidecars as its command line runs it: a rolling deploy to changed
 * classes, kills and a cut lose nothing, and however it ends, nothing of it is left.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../apps/demo/dist/tomcat/main.js", import.meta.url));
const SLOW_MACHINE_MS = 600_000;

/** Debian's packages, by a file of each. */
const NEEDED = {
  tomcat10: "/usr/share/tomcat10/bin/bootstrap.jar",
  "default-jdk-headless": "/usr/bin/javac",
  apache2: "/usr/sbin/apache2",
  haproxy: "/usr/sbin/haproxy",
  // The two machines are network namespaces where this is root.
  ...(process.getuid?.() === 0 && { iproute2: "/usr/sbin/tc", nftables: "/usr/sbin/nft" }),
};
const missing = Object.entries(NEEDED).filter(([, file]) => !existsSync(file));
const whyNot = `needs the Debian packages ${missing.map(([name]) => name).join(", ")}`;

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "demo-tomcat-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly printed: string;
}

/** Everything that the demo starts has a path below `temp` in its command line. */
function start(args: readonly string[], temp: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: "pipe",
    env: { ...process.env, TMPDIR: temp, ...env },
  });
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const demo = start(args, folder, env);
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

function processesOf(temp: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLineOf(pid))
    .filter((line) => line.includes(temp));
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function namespacesOf(demo: ChildProcess): string[] {
  if (process.getuid?.() !== 0) return [];
  const list = execFileSync("ip", ["netns", "list"], { stdio: ["ignore", "pipe", "ignore"] });
  return String(list)
    .split("\n")
    .filter((name) => name.startsWith(`smt-${demo.pid}-`));
}

describe.skipIf(missing.length > 0)(
  missing.length > 0 ? `left out: ${whyNot}` : "the demo with Tomcats",
  { concurrent: true },
  () => {
    test(
      "P1, P2, P3, P5, P7, P8: a rolling deploy, kills and a cut lose nothing behind Apache and Tomcat",
      async () => {
        const file = join(folder, "report.json");
        const size = ["--seconds", "1", "--users", "16"];
        const { code, printed } = await run(["--headless", ...size, "--report", file]);
        expect(printed).not.toContain("FAIL");
        expect(code).toBe(0);
        const report = JSON.parse(await readFile(file, "utf8"));
        expect(report).toMatchObject({
          failedRequests: 0,
          sessionsLost: 0,
          writesLost: 0,
          resurrected: 0,
          staleReads: 0,
          deploys: 2,
          kills: 2,
          partitions: 1,
        });
        expect(report.acknowledgedWrites).toBeGreaterThan(200);
        expect(report.logouts).toBeGreaterThan(5);
        expect(report.convergenceMs.max).toBeGreaterThan(0);
      },
      SLOW_MACHINE_MS,
    );

    test.each(["SIGINT", "SIGKILL"] as const)(
      "%s leaves no process, network or file behind",
      async (signal) => {
        const temp = await mkdtemp(join(folder, "ends-"));
        const demo = start(["--headless", "--manager", "filestore", "--users", "4"], temp);
        const printed = textOf(demo);
        while (!printed().includes("warm-up")) {
          if (demo.exitCode !== null) throw new Error(printed());
          await sleep(50);
        }
        expect(processesOf(temp).length).toBeGreaterThan(4);
        demo.kill(signal);
        await once(demo, "exit");
        while (processesOf(temp).length > 0) await sleep(50);
        while (namespacesOf(demo).length > 0) await sleep(50);
        while ((await readdir(temp)).length > 0) await sleep(50);
        expect(demo.exitCode).toBe(signal === "SIGKILL" ? null : 130);
      },
      SLOW_MACHINE_MS,
    );
  },
);

test("where programs are missing, one line says which packages have them", async () => {
  const { code, printed } = await run(["--headless"], { PATH: "/nonexistent" });
  expect(code).toBe(2);
  expect(printed).toMatch(/^this demo needs: apt-get install .*default-jdk-headless.*\n$/);
});

test.each([
  [
    ["--manager", "redis"],
    "--manager is one of mesh, delta, delta-sync, filestore, all, not redis",
  ],
  [["--users", "0"], "--users is a whole number from 1 to 500, not 0"],
])("a wrong command line %j ends in 2 and says what is right", async (args, said) => {
  const { code, printed } = await run(args);
  expect(code).toBe(2);
  expect(printed).toContain(said);
  expect(printed).toContain("--report FILE");
});
