/** The swarm: random clusters that suffer, heal, and must have kept every promise. */
import { runSeed } from "@session-mesh/sim";
import { expect, test } from "vitest";
import { bundleSimulation } from "./bundle.js";
import { failureText } from "./failure-text.js";
import { neverHappened, SOMETIMES, SOMETIMES_SEEDS_MIN } from "./paths.js";
import { Pool } from "./pool.js";
import { freshSeeds, pinnedSeeds } from "./seeds.js";
import { storyOf } from "./story.js";
import { Tally } from "./tally.js";

/** How many fresh seeds a plain run takes. */
const FRESH_SEEDS = 300;

const TIMEOUT_MS = 3_600_000;

/** Runs seeds to the first that fails. */
async function run(seeds: readonly number[]): Promise<Tally> {
  using bundle = await bundleSimulation();
  await using pool = new Pool(bundle);
  const tally = new Tally(SOMETIMES);
  const tasks = seeds.map((seed) => ({ seed }));
  await pool.runAll(tasks, (report) => {
    tally.add(report);
    return report.failure === undefined;
  });
  const failures = tally.failures.map((report) =>
    [failureText(report, {}), ...storyOf({ runSeed }, report.seed)].join("\n"),
  );
  if (failures.length > 0) expect.unreachable(`\n${failures.join("\n")}\n`);
  return tally;
}

test("seeds that once failed fail no more", { timeout: TIMEOUT_MS }, async () => {
  await run(pinnedSeeds());
});

test(
  "no fresh seed breaks a promise, and every fault and every path of the protocol happens",
  { timeout: TIMEOUT_MS },
  async () => {
    const seeds = freshSeeds(FRESH_SEEDS);
    console.info(`${seeds.length} fresh seeds from ${seeds[0]} on`);
    const { totals } = await run(seeds);
    if (seeds.length < SOMETIMES_SEEDS_MIN) return;
    expect(neverHappened(totals)).toEqual([]);
    const acknowledged = totals["ledger.acknowledged"] ?? 0;
    expect(acknowledged).toBeGreaterThan(seeds.length * 30);
    expect(totals["ledger.degraded"]).toBeLessThan(acknowledged / 2);
    for (const looked of ["modelled", "copies", "acks", "repairs", "waits"]) {
      expect(totals[`check.${looked}`], looked).toBeGreaterThan(seeds.length / 4);
    }
    // P5: what was missing and excused stays the exception.
    const excused = ["markedStale", "lost", "ranOut", "newcomer", "sharedName"]
      .map((excuse) => totals[`check.${excuse}`] ?? 0)
      .reduce((sum, count) => sum + count, 0);
    expect(excused).toBeLessThan((totals["check.whole"] ?? 0) / 3);
  },
);
