/**
 * A node of which only the memory is of interest: `memory-node PORT COUNT [SEED]`. Without a seed it
 * waits until it holds as many sessions as a peer pushes to it; with one it creates them.
 */
import { createMesh } from "session-mesh";
import type { MemoryReport } from "./memory.bench.js";
import { sampleSession } from "./workload.js";

const AT_ONCE = 500;
const SETTLED_MS = 500;

const [port, wanted, seed] = process.argv.slice(2) as [string, string, string | undefined];
const count = Number(wanted);

process.on("disconnect", () => process.exit(0));
const seeds = seed === undefined ? [] : [seed];
const mesh = await createMesh({ listen: { port: Number(port) }, seeds, node: `memory-${port}` });
const isLinked = (): boolean => mesh.status().members.some((member) => member.isLinked);
process.send?.("ready");
while (!isLinked()) await pause(5);
const before = memory();
if (seed !== undefined) await create();
while (mesh.status().sessions.hot + mesh.status().sessions.cold < count) await pause(20);
await pause(SETTLED_MS);
const after = memory();
const report: MemoryReport = {
  usedBytes: (after.usedBytes - before.usedBytes) / count,
  residentBytes: (after.residentBytes - before.residentBytes) / count,
  countedBytes: mesh.status().sessions.bytes / count,
};
process.send?.(report);

async function create(): Promise<void> {
  for (let index = 0; index < count; index += AT_ONCE) {
    const commits = Array.from({ length: AT_ONCE }, () => {
      const session = mesh.sessions.create();
      session.value = sampleSession();
      return session.commit({ acks: 1, deadlineMs: 5_000 });
    });
    await Promise.all(commits);
  }
}

/** What is in use after a full collection, and what the process takes of the system. */
function memory(): { usedBytes: number; residentBytes: number } {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  // Array buffers are part of what is external.
  const { heapUsed, external, rss } = process.memoryUsage();
  return { usedBytes: heapUsed + external, residentBytes: rss };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
