/** The swarm: random clusters that suffer, heal, and must have kept every promise. */
import { failureText, type Report, runSeed, totals } from "@session-mesh/sim";
import { describe, expect, test } from "vitest";
import { freshSeeds, pinnedSeeds } from "./seeds.js";

/** How many fresh seeds a plain run takes: about half a minute of one core. */
const FRESH_SEEDS = 60;

const TIMEOUT_MS = 3_600_000;

function run(seeds: readonly number[]): Report[] {
  return seeds.map((seed) => {
    const report = runSeed(seed);
    if (report.failure) expect.unreachable(`\n${failureText(report)}\n`);
    return report;
  });
}

describe("P1-P4, P7-P9, M5-M11: no seed breaks a promise", () => {
  test("seeds that once failed", { timeout: TIMEOUT_MS }, () => {
    run(pinnedSeeds());
  });

  test(
    "fresh seeds, in which every fault and every path of the protocol happens",
    {
      timeout: TIMEOUT_MS,
    },
    () => {
      const reports = run(freshSeeds(FRESH_SEEDS));
      if (reports.length < FRESH_SEEDS) return;
      const happened = totals(reports);
      for (const name of MUST_HAPPEN) expect(happened[name], name).toBeGreaterThan(0);
      const acknowledged = happened["ledger.acknowledged"] ?? 0;
      expect(acknowledged).toBeGreaterThan(reports.length * 100);
      expect(happened["ledger.degraded"]).toBeLessThan(acknowledged / 2);
    },
  );
});

/** Without these a swarm proves nothing. */
const MUST_HAPPEN = [
  ...["halves", "isolation", "one-way", "hole", "reset", "crash", "power-loss", "deploy"].map(
    (fault) => `fault.${fault}`,
  ),
  ...["pause", "clock-jump", "truncation", "slowness"].map((fault) => `fault.${fault}`),
  ...["lostFrames", "failedDials"].map((count) => `network.${count}`),
  ...["logouts", "regenerations", "touches", "misses", "gone"].map((did) => `workload.${did}`),
  ...["gap-found", "refuted", "catch-up-started", "audit-finished", "pull-finished"].map(
    (event) => `event.${event}`,
  ),
  ...["drain-finished", "session-evicted", "session-collected", "merged", "frame-rejected"].map(
    (event) => `event.${event}`,
  ),
];
