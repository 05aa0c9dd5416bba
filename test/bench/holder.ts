/** A node that holds sessions and gives them to who joins; the first makes them: `holder COUNT SEED…`. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createMesh } from "session-mesh";
import type { HolderReport } from "./join.bench.js";
import { sampleSession } from "./workload.js";

const AT_ONCE = 500;
const RESOLUTION_MS = 5;

const [count, ...seeds] = process.argv.slice(2) as [string, ...string[]];
const mesh = await createMesh({ seeds });
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
let id = "";

process.on("disconnect", () => process.exit(0));
process.on("message", (order) => {
  if (order === "watch") delay.enable();
  else say();
});
if (seeds.length === 0) await fill();
const held = (): number => {
  const { hot, cold } = mesh.status().sessions;
  return hot + cold;
};
while (held() < Number(count)) await new Promise((resolve) => setTimeout(resolve, 20));
say();

async function fill(): Promise<void> {
  for (let index = 0; index < Number(count); index += AT_ONCE) {
    const commits = Array.from({ length: AT_ONCE }, () => {
      const session = mesh.sessions.create();
      session.value = sampleSession();
      id = session.id;
      return session.commit({ acks: 0 });
    });
    await Promise.all(commits);
    // Nothing of that waits for anyone: without a pause nobody else would have a turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function say(): void {
  const stallMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  const report: HolderReport = { address: mesh.address, id, stallMs };
  process.send?.(report);
}
