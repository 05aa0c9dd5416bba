/**
 * Measures convergence from outside: writes at one process and reads at all others, again and again
 * without a pause, until every one has shown it.
 *
 * What is measured is longer than what it took by up to one request (about a millisecond) and, as the
 * users run in the same process as the prober, by how busy that is.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AppProcess } from "./app-process.js";
import type { Cluster } from "./cluster.js";
import { peek, post } from "./direct.js";
import type { Partition } from "./partition.js";
import type { Tally } from "./tally.js";

const PROBE_INTERVAL_MS = 100;
const PROBE_DEADLINE_MS = 10_000;

/** What the prober works with. */
interface ProberOptions {
  readonly cluster: Cluster;
  readonly partition: Partition;
  readonly tally: Tally;
  readonly isOver: () => boolean;
}

/** Probes until the run is over. */
export async function probe({ cluster, partition, tally, isOver }: ProberOptions): Promise<void> {
  let cookie: string | undefined;
  for (let round = 1; !isOver(); round += 1) {
    await sleep(PROBE_INTERVAL_MS);
    const ready = cluster.processes.filter(({ status }) => status?.isReady);
    const writer = ready[Math.floor(Math.random() * ready.length)];
    const startedAtMs = performance.now();
    if (!writer || ready.length < 2 || partition.wasCutSince(startedAtMs)) continue;
    try {
      cookie ??= (await post(`${writer.origin}/login`, "", { user: "prober" })).cookie ?? "";
      const others = ready.filter((process) => process !== writer);
      const note = String(round);
      const { status } = await post(`${writer.origin}/note`, cookie, { note });
      if (status !== 204) continue;
      const convergenceMs = await visibleAfterMs(others, cookie, note);
      if (!partition.wasCutSince(startedAtMs)) tally.convergenceMs.add(convergenceMs);
    } catch {
      // A process ended under the probe: no sample. Users meet the same through the balancer.
    }
  }
}

async function visibleAfterMs(
  others: readonly AppProcess[],
  cookie: string,
  note: string,
): Promise<number> {
  const acknowledgedAtMs = performance.now();
  const elapsedMs = (): number => performance.now() - acknowledgedAtMs;
  const visible = others.map(async ({ origin }) => {
    while (elapsedMs() < PROBE_DEADLINE_MS) {
      if ((await peek(origin, cookie)).note === note) break;
    }
    return elapsedMs();
  });
  return Math.max(...(await Promise.all(visible)));
}
