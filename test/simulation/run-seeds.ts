/** Runs many seeds for people: says how it goes, what broke, and how to see it smaller. */
import { writeFileSync } from "node:fs";
import type { Override, Report, SwarmOptions } from "@session-mesh/sim";
import type { Wish } from "./arguments.js";
import { bundleSimulation, type Simulation } from "./bundle.js";
import { failureText, replayCommand } from "./failure-text.js";
import { Pool, type Task } from "./pool.js";
import { canaryNamed } from "./run-canaries.js";
import { shrink } from "./shrink.js";
import { storyOf } from "./story.js";
import { type SuiteReport, Tally } from "./tally.js";

type SeedsWish = Wish & { kind: "seeds" };

/** How often to say how it goes. */
const PROGRESS_MS = 10_000;

/** After this many failures no more seeds are begun: the first few say it. */
const FAILURES_MAX = 5;

/** Runs seeds; says whether every promise was kept and everything happened that must. */
export async function runSeeds(asked: SeedsWish): Promise<boolean> {
  const canary = asked.canary === undefined ? undefined : canaryNamed(asked.canary);
  const wish = { ...asked, override: asked.override ?? canary?.override };
  using bundle = await bundleSimulation({ canary });
  const simulation = (await import(bundle.url)) as Simulation;
  await using pool = new Pool(bundle);
  const startedAtMs = performance.now();
  const tally = new Tally(simulation.SOMETIMES);
  let saidAtMs = startedAtMs;
  await pool.runAll(tasksOf(wish, startedAtMs), (report) => {
    tally.add(report);
    if (report.failure) console.info(failureText(report, wish));
    if (performance.now() - saidAtMs > PROGRESS_MS) {
      saidAtMs = performance.now();
      console.info(`${tally.seeds} seeds so far, ${tally.failures.length} failed`);
    }
    return tally.failures.length < (canary ? 1 : FAILURES_MAX);
  });
  const { user, system } = process.cpuUsage();
  const took = { wallMs: performance.now() - startedAtMs, cpuMs: (user + system) / 1_000 };
  const report = tally.report(took);
  if (wish.report !== undefined) writeFileSync(wish.report, `${JSON.stringify(report, null, 2)}\n`);
  console.info(summaryOf(report, wish.from));
  const [failing] = tally.failures;
  if (failing) await showSmaller(failing, { wish, simulation, pool });
  const isMissing = !wish.override && !canary && sayMissing(tally, simulation);
  return !failing && !isMissing;
}

function* tasksOf({ from, seeds, minutes, override }: SeedsWish, nowMs: number): Iterable<Task> {
  const untilMs = minutes === undefined ? Infinity : nowMs + minutes * 60_000;
  for (let i = 0; i < seeds && performance.now() < untilMs; i++) yield { seed: from + i, override };
}

function summaryOf(report: SuiteReport, from: number): string {
  const { seeds, failures, virtualSeconds, wallSeconds, convergenceVirtualMs } = report;
  const { p50, p99, max } = convergenceVirtualMs;
  const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  const { faults, events, requests, messages, seedsPerCoreMinute } = report;
  const faultCount = Object.values(faults).reduce((sum, count) => sum + count, 0);
  return [
    `${seeds} seeds from ${from} on: ${failures.length} failed`,
    `  ${virtualSeconds} virtual seconds in ${wallSeconds} s, ${seedsPerCoreMinute} seeds a core-minute`,
    `  ${faultCount} faults, ${requests} requests, ${messages} frames, ${events} happenings`,
    `  equal after the heal within ${inSeconds(p50)} (median), ${inSeconds(p99)} (99 %), ${inSeconds(max)} (most)`,
  ].join("\n");
}

/** Says what must have happened and did not, where there were seeds enough for it to. */
function sayMissing(
  { seeds, totals, failures }: Tally,
  { neverHappened, SOMETIMES_SEEDS_MIN }: Simulation,
): boolean {
  if (seeds < SOMETIMES_SEEDS_MIN || failures.length > 0) return false;
  const missing = neverHappened(totals);
  if (missing.length > 0) console.info(`NEVER HAPPENED\n  ${missing.join("\n  ")}`);
  return missing.length > 0;
}

async function showSmaller(
  report: Report,
  { wish, simulation, pool }: { wish: SeedsWish; simulation: Simulation; pool: Pool },
): Promise<void> {
  const { drawOptions, overridden } = simulation;
  const { seed } = report;
  const untilMs = performance.now() + wish.shrinkSeconds * 1_000;
  const smaller = await shrink(
    { report, override: wish.override },
    {
      optionsOf: (override) => overridden(drawOptions(seed), override),
      run: (override) => pool.run({ seed, override }),
      isOver: () => performance.now() > untilMs,
    },
  );
  const { override, runs } = smaller;
  const sizeOf = (of: Override<SwarmOptions>): string =>
    sizeText(overridden(drawOptions(seed), of));
  console.info(
    [
      `SMALLER  after ${runs} tries: ${sizeOf(override)}`,
      `  was      ${sizeOf(wish.override ?? {})}`,
      `  ${smaller.report.failure?.checker}: ${smaller.report.failure?.detail}`,
      `  replay   ${replayCommand(seed, { override, canary: wish.canary })}`,
      `WHAT LED TO IT  (the last lines of the session and the faults; the replay shows all)`,
      ...storyOf(simulation, seed, override),
    ].join("\n"),
  );
}

function sizeText({ nodes, workload, nemesis, faultsMs }: SwarmOptions): string {
  const faults = Object.entries(nemesis.weights).filter(([, weight]) => weight > 0);
  const names = faults.map(([name]) => name).join(" ");
  const seconds = (faultsMs / 1_000).toFixed(1);
  const users = `${workload.users} users of ${workload.tabs} tabs`;
  return `${nodes} nodes, ${users}, ${seconds} s of ${names === "" ? "no faults" : names}`;
}
