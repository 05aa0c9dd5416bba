/** A node that joins and says how long it took: `joiner PORT COUNT ID SEED…`. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createMesh } from "session-mesh";
import type { JoinReport } from "./join.bench.js";

const RESOLUTION_MS = 5;

const [port, count, id, ...seeds] = process.argv.slice(2) as [string, string, string, ...string[]];

process.on("disconnect", () => process.exit(0));
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
const startedAtMs = performance.now();
const mesh = await createMesh({
  listen: { port: Number(port) },
  seeds,
  node: "joiner",
  onEvent: (event) => {
    if (event.type.startsWith("join-") && process.env["VERBOSE"]) console.warn(event);
  },
});
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
const stallMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
const report: JoinReport = { joinedMs, servedMs, stallMs };
process.send?.(report);
