/**
 * Fills a directory with sessions, or starts on one, each in a process of its own so that neither
 * finds the other's memory: `fill DIRECTORY COUNT` or `start DIRECTORY`. Says what it took.
 */
import { setImmediate as yieldOnce } from "node:timers/promises";
import { createMesh } from "session-mesh";
import { createLmdbStorage } from "session-mesh/lmdb";
import { sampleSession } from "./workload.js";

const [what, dataDir = "", count] = process.argv.slice(2);
const startedAtMs = performance.now();
const mesh = await createMesh({ storage: createLmdbStorage({ dataDir }), durability: "memory" });
const seconds = (performance.now() - startedAtMs) / 1_000;
if (what === "fill") {
  for (let index = 0; index < Number(count); index++) {
    const session = mesh.sessions.create();
    Object.assign(session.value, sampleSession());
    await session.commit({ acks: 0 });
    if (index % 500 === 0) await yieldOnce();
  }
}
const { hot, cold } = mesh.status().sessions;
await mesh.close({ drain: false });
process.send?.({ seconds, held: hot + cold });
