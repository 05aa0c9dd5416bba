/**
 * A Redis server of our own on a free port of loopback, stopped by its process id.
 *
 * From the Debian package `redis-server`; where there is none, benchmarks that need it are left out.
 */
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";

/** A running server. */
export interface RedisServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a server without persistence; undefined where redis-server is not installed. */
export async function startRedis(): Promise<RedisServer | undefined> {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return undefined;
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.stdout.on("data", (chunk: Buffer) => {
      if (chunk.includes("Ready to accept connections")) resolve();
    });
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: server.pid as number,
    stop: () => {
      server.kill();
      return ended;
    },
  };
}

/** A port of loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
