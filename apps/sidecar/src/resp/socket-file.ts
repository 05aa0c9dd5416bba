/**
 * Listening on a unix socket: its file has its mode from the first moment on, and one that a dead
 * process left behind is no obstacle.
 *
 * Not here: who may connect beyond the file's mode.
 */
import { chmodSync, existsSync, statSync, unlinkSync } from "node:fs";
import { connect, type ListenOptions, type Server } from "node:net";

/** Listens. Rejects where it cannot be, with node's error. */
export function bind(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Listens on a path; `mode` as for chmod. Rejects where another process listens there. */
export async function listenOnPath(server: Server, path: string, mode: number): Promise<void> {
  await removeIfDead(path);
  // Bound while nobody but the owner may connect; the mode it is to have follows.
  const before = process.umask(0o177);
  const listening = bind(server, { path });
  process.umask(before);
  await listening;
  chmodSync(path, mode);
}

/** Removes the socket of a process that is gone; anything else there is left alone. */
async function removeIfDead(path: string): Promise<void> {
  if (!existsSync(path) || !statSync(path).isSocket()) return;
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (!isAlive) unlinkSync(path);
}
