/**
 * Two sidecars in a mesh, each a process, `session-mesh serve` from source.
 *
 * Not here: one redis-server in their place (machines.ts), and what tests of the sidecar itself need.
 */
import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ROOT } from "../tidy/sources.js";
import { type Address, RespConnection } from "./resp-connection.js";

/** A sidecar that is ready. */
export interface Sidecar {
  /** Where Redis clients connect. */
  readonly address: Address;
  /** Where other sidecars dial it. */
  readonly mesh: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Further keys of their configuration. */
export type SidecarConfig = Readonly<Record<string, unknown>>;

const START_DEADLINE_MS = 30_000;

/** A busy machine is no reason to answer before the neighbours have it. */
const PATIENT: SidecarConfig = { listen: { port: 0 }, ackDeadlineMs: 10_000 };

const SOURCE = join(ROOT, "apps/sidecar/src/main.ts");

/** How Node starts a sidecar without a build. */
const FROM_SOURCE = ["--conditions=session-mesh-source", "--import", "tsx", SOURCE];

/** How Node starts it as users do: `npm run build` comes before. */
export const BUILT: readonly string[] = [join(ROOT, "apps/sidecar/dist/main.js")];

/** Starts `count` sidecars, and waits until each is linked to all others. */
export async function startSidecars(
  count: number,
  config: SidecarConfig = {},
  program: readonly string[] = FROM_SOURCE,
): Promise<Sidecar[]> {
  const started: Sidecar[] = [];
  try {
    while (started.length < count) {
      const seeds = started.map(({ mesh }) => mesh);
      started.push(await startSidecar({ ...PATIENT, seeds, ...config }, program));
    }
    for (const { address } of started) await linked(address, count - 1);
  } catch (error) {
    for (const sidecar of started) await sidecar.stop();
    throw error;
  }
  return started;
}

async function startSidecar(config: SidecarConfig, program: readonly string[]): Promise<Sidecar> {
  const directory = mkdtempSync(join(tmpdir(), "session-mesh-sidecar-"));
  const path = join(directory, "sidecar.json");
  writeFileSync(path, JSON.stringify({ redis: { listen: "127.0.0.1:0" }, ...config }));
  const child = spawn(process.execPath, [...program, "serve", "--config", path], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const { mesh, redis } = await placesOf(child);
    const port = Number(/:(\d+)$/.exec(redis[0] ?? "")?.[1]);
    return { address: { port }, mesh, pid: child.pid as number, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Places {
  readonly mesh: string;
  readonly redis: readonly string[];
}

/** Where a sidecar listens: the line of JSON that it prints once all its doors are open. */
function placesOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Places> {
  let said = "";
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail("does not say where it listens"), START_DEADLINE_MS);
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new Error(`a sidecar ${why}\n${said}`));
    };
    child.once("exit", (code) => fail(`ended with ${code}`));
    child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const line = /^\{.*\}$/m.exec(said)?.[0];
      if (line === undefined) return;
      clearTimeout(timer);
      resolve(JSON.parse(line) as Places);
    });
  });
}

async function linked(address: Address, peers: number): Promise<void> {
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadlineMs) {
    if ((await peersOf(address)) >= peers) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`a sidecar is not linked to ${peers} peers within ${START_DEADLINE_MS} ms`);
}

async function peersOf(address: Address): Promise<number> {
  const connection = await RespConnection.open(address);
  try {
    const info = (await connection.call("MESH.INFO")) as unknown[];
    return Number(info[info.indexOf("peers") + 1]);
  } finally {
    connection.close();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
