/** Disks that are full (the system lets no file grow beyond a limit) or behind when a node is closed. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { whenOver } from "../express/cluster.js";

const scriptOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const run = promisify(execFile);

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "session-mesh-"));
  whenOver(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test("a node that is closed stores what its disk does not have yet, and ends by itself", async () => {
  const { stdout } = await run(process.execPath, [scriptOf("last-writes.js"), await temporary()]);
  expect(stdout.trim()).toBe("3000");
}, 60_000);

test("a full disk: acknowledgements are degraded while it is, the process goes on, and then everything is stored", async () => {
  // Blocks of 512 bytes: two megabytes. The signal that would end the process is ignored.
  const shell = `trap "" XFSZ; ulimit -S -f 4096; exec "$0" "$1" "$2"`;
  const script = [process.execPath, scriptOf("full-disk.js"), await temporary()];
  const { stdout } = await run("sh", ["-c", shell, ...script]);
  const said = JSON.parse(stdout) as { written: number };
  expect(said).toMatchObject({ isFull: true, degraded: false, found: said.written });
}, 60_000);
