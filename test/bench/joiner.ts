/** A node that joins and says how long it took: `joiner PORT SEED COUNT ID`. */
import { createMesh } from "session-mesh";
import type { JoinReport } from "./table.bench.js";

const [port, seed, count, id] = process.argv.slice(2) as [string, string, string, string];
const collect = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

process.on("disconnect", () => process.exit(0));
const mesh = await createMesh({ listen: { port: Number(port) }, seeds: [seed], node: "joiner" });
const before = collect();
const startedAtMs = performance.now();
let servedMs = Number.NaN;
while (Number.isNaN(servedMs)) {
  const loaded = await mesh.sessions.load(id);
  if (loaded.status === "found") servedMs = performance.now() - startedAtMs;
  else await new Promise((resolve) => setTimeout(resolve, 2));
}
const held = (): number => {
  const { hot, cold } = mesh.status().sessions;
  return hot + cold;
};
while (held() < Number(count)) await new Promise((resolve) => setTimeout(resolve, 5));
const joinedMs = performance.now() - startedAtMs;
await new Promise((resolve) => setTimeout(resolve, 500));
const bytesPerSession = (collect() - before) / Number(count);
const report: JoinReport = { bytesPerSession, joinedMs, servedMs };
process.send?.(report);
