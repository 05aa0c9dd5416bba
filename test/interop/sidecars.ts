/**
 * Two sidecars in a mesh, each a process, `session-mesh serve` from source.
 *
 * Not here: one redis-server in their place (machines.ts), and what tests of the sidecar itself need.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../bench/redis.js";
import { ROOT } from "../tidy/sources.js";
import { type Address, RespConnection } from "./resp-connection.js";

/** A sidecar that is ready. */
export interface Sidecar {
  readonly address: Address;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Further keys of their configuration. */
export type SidecarConfig = Readonly<Record<string, unknown>>;

const START_DEADLINE_MS = 30_000;

/** Starts `count` sidecars, and waits until each is linked to all others. */
export async function startSidecars(count: number, config: SidecarConfig = {}): Promise<Sidecar[]> {
  const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
  const seeds = ports.map((port) => `ws://127.0.0.1:${port}`);
  return Promise.all(
    ports.map((port, index) =>
      startSidecar(
        {
          mesh: { listen: { port }, seeds: seeds.filter((_, other) => other !== index) },
          ...config,
        },
        count - 1,
      ),
    ),
  );
}

async function startSidecar(config: SidecarConfig, peers: number): Promise<Sidecar> {
  const directory = mkdtempSync(join(tmpdir(), "session-mesh-sidecar-"));
  const path = join(directory, "sidecar.json");
  const port = await freePort();
  writeFileSync(path, JSON.stringify({ redis: { port }, ...config }));
  const main = join(ROOT, "apps/sidecar/src/main.ts");
  const node = ["--conditions=session-mesh-source", "--import", "tsx", main];
  const child = spawn(process.execPath, [...node, "serve", "--config", path], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await linked(child, { port }, peers);
  } catch (error) {
    await stop();
    throw new Error(`a sidecar: ${(error as Error).message}\n${said}`, { cause: error });
  }
  return { address: { port }, pid: child.pid as number, stop };
}

async function linked(child: ChildProcess, address: Address, peers: number): Promise<void> {
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadlineMs) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    if ((await peersOf(address).catch(() => -1)) >= peers) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`it is not linked to ${peers} peers within ${START_DEADLINE_MS} ms`);
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
