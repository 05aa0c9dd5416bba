/**
 * Sees to it that one process at a time uses a directory: a socket in it, which the system closes with
 * its process however that ends. Nothing is ever sent over it.
 *
 * Not for directories that machines share over a network; no store of ours may be there anyway.
 */
import { createHash } from "node:crypto";
import { stat, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { MeshError } from "../mesh-error.js";

/** The longest path of a socket on the systems that have the shortest. */
const SOCKET_PATH_BYTES_MAX = 103;

/** Two that find the same stale socket may both replace it: the later one stays. */
const SETTLE_MS = 50;

/** Takes the lock, or rejects with a MeshError. Resolves with what gives it back. */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = socketPathIn(directory);
  const server = (await listen(path)) ?? (await replaceStale(path));
  if (!server) {
    throw new MeshError(
      "storage",
      `${directory} is in use by another process; give each node a directory of its own`,
    );
  }
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}

function socketPathIn(directory: string): string {
  if (process.platform === "win32") {
    const name = createHash("sha256").update(directory).digest("hex").slice(0, 32);
    return `\\\\.\\pipe\\session-mesh-${name}`;
  }
  const path = join(directory, "lock");
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  throw new MeshError(
    "storage",
    `${directory} is too long a path: at most ${SOCKET_PATH_BYTES_MAX - 5} bytes`,
  );
}

/** Undefined where something is at `path` already. */
async function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else
        reject(new MeshError("storage", `cannot lock ${path}: ${error.message}`, { cause: error }));
    });
    server.listen(path, () => resolve(server));
  });
}

async function replaceStale(path: string): Promise<Server | undefined> {
  if (await isAnswered(path)) return undefined;
  await unlink(path).catch(() => {});
  const server = await listen(path);
  if (!server) return undefined;
  const own = await stat(path);
  await delay(SETTLE_MS);
  const now = await stat(path).catch(() => undefined);
  if (now?.ino === own.ino) return server;
  server.close();
  return undefined;
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
