// A node whose disk has no room beyond what the shell that started it allows. Writes until acknowledgements
// are degraded, then makes room, and says what came of both and of what was stored.
import { execFileSync } from "node:child_process";
import { createMesh } from "session-mesh";
import { createLmdbStorage } from "session-mesh/lmdb";

const dataDir = process.argv[2] ?? "";
const open = () =>
  createMesh({
    storage: createLmdbStorage({ dataDir }),
    // Longer than a slow disk takes, so that only a full one is late.
    ackDeadlineMs: 2_000,
    limits: { persistRetryMs: 100 },
    log: () => {},
  });

async function write(mesh) {
  const session = mesh.sessions.create();
  session.value.text = "x".repeat(20_000);
  return session.commit({ acks: 0 });
}

const mesh = await open();
let written = 0;
let isFull = false;
while (!isFull && written < 1_000) {
  isFull = (await write(mesh)).degraded;
  written += 1;
}
for (let i = 0; i < 100; i++) await write(mesh);
execFileSync("prlimit", ["--pid", String(process.pid), "--fsize=unlimited"]);
while (mesh.status().storage.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 20));
const { degraded } = await write(mesh);
await mesh.close({ drain: false });
const again = await open();
const { hot, cold } = again.status().sessions;
await again.close({ drain: false });
console.log(JSON.stringify({ isFull, degraded, written: written + 101, found: hot + cold }));
