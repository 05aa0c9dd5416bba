/** A disk that is really full: the system refuses to let the store's file grow (setrlimit). */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { whenOver } from "../express/cluster.js";

const SCRIPT = fileURLToPath(new URL("full-disk.js", import.meta.url));

test("acknowledgements are degraded while it is, the process goes on, and then everything is stored", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "session-mesh-"));
  whenOver(() => rm(dataDir, { recursive: true, force: true }));
  // Blocks of 512 bytes: two megabytes. The signal that would end the process is ignored.
  const shell = `trap "" XFSZ; ulimit -S -f 4096; exec "$0" "$1" "$2"`;
  const { stdout } = await promisify(execFile)("sh", [
    ...["-c", shell, process.execPath, SCRIPT, dataDir],
  ]);
  const said = JSON.parse(stdout) as { written: number };
  expect(said).toMatchObject({ isFull: true, degraded: false, found: said.written });
}, 60_000);
