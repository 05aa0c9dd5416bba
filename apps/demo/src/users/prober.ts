/**
 * Measures convergence from outside: writes at one process and reads at all others, again and again
 * without a pause, until every one has shown it.
 *
 * What is measured is longer than what it took by up to one request (about a millisecond) and, as the
 * users run in the same process as the prober, by how busy that is.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Tally } from "../outcome/tally.js";
import { peek, post } from "./direct.js";
import type { Server, Storefront } from "./storefront.js";

const PROBE_INTERVAL_MS = 100;
const PROBE_DEADLINE_MS = 10_000;

/** What the prober works with. */
interface ProberOptions {
  /** The servers that are ready at the moment. */
  readonly servers: () => readonly Server[];
  readonly storefront: Storefront;
  /** Whether servers were apart at some time from `sinceMs` (of performance.now()) until now. */
  readonly wasCutSince: (sinceMs: number) => boolean;
  readonly tally: Tally;
  readonly isOver: () => boolean;
}

/** Probes until the run is over. */
export async function probe(options: ProberOptions): Promise<void> {
  const { servers, storefront, wasCutSince, tally, isOver } = options;
  let cookie: string | undefined;
  for (let round = 1; !isOver(); round += 1) {
    await sleep(PROBE_INTERVAL_MS);
    const ready = servers();
    const writer = ready[Math.floor(Math.random() * ready.length)];
    const startedAtMs = performance.now();
    if (!writer || ready.length < 2 || wasCutSince(startedAtMs)) continue;
    try {
      cookie ??= await logIn(writer, storefront);
      const others = ready.filter((server) => server !== writer);
      const note = String(round);
      const { status } = await post(`${writer.origin}/note`, cookie, { note });
      if (status !== 204) continue;
      const convergenceMs = await visibleAfterMs(others, cookie, note);
      if (!wasCutSince(startedAtMs)) tally.convergenceMs.add(convergenceMs);
    } catch {
      // A process ended under the probe: no sample. Users meet the same through the balancer.
    }
  }
}

async function logIn({ origin }: Server, { sessionCookie }: Storefront): Promise<string> {
  const { cookies } = await post(`${origin}/login`, "", { user: "prober" });
  return cookies.find((cookie) => cookie.startsWith(`${sessionCookie}=`)) ?? "";
}

async function visibleAfterMs(
  others: readonly Server[],
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
