/**
 * Lets a canary loose and says after how many seeds it was caught, and by whom.
 *
 * Not here: the canaries (list.ts).
 */
import type { Report } from "@session-mesh/sim";
import { bundleSimulation } from "../bundle.js";
import { Pool } from "../pool.js";
import type { Canary } from "./patch.js";

/** How a canary fared. */
export interface Catch {
  readonly canary: Canary;
  /** The first seed, from 1 on, that failed by one of its checkers; undefined when none did. */
  readonly seed: number | undefined;
  /** What that seed said. */
  readonly report: Report | undefined;
  /** Failures of other checkers before, which prove nothing. */
  readonly others: readonly string[];
}

/** Runs seeds from 1 on with the defect, until one of its checkers fails. */
export async function catchCanary(canary: Canary, threads = 1): Promise<Catch> {
  using bundle = await bundleSimulation({ canary });
  await using pool = new Pool(bundle, threads);
  const caught: Report[] = [];
  const others: string[] = [];
  const seeds = Array.from({ length: canary.seedsMax }, (_, i) => ({ seed: i + 1 }));
  await pool.runAll(seeds, (report) => {
    const { failure, seed } = report;
    if (!failure) return true;
    const isExpected = canary.checkers.includes(failure.checker);
    if (isExpected) caught.push(report);
    else others.push(`${seed}: ${failure.checker}: ${failure.detail.slice(0, 200)}`);
    return !isExpected;
  });
  const first = caught.sort((a, b) => a.seed - b.seed)[0];
  return { canary, seed: first?.seed, report: first, others };
}

/** A line for people. */
export function catchLine({ canary, seed, report, others }: Catch): string {
  const { name, says, seedsMax } = canary;
  const by =
    report?.failure === undefined
      ? `NOT CAUGHT ${others.length > 0 ? `(but ${others[0]})` : ""}`
      : `${report.failure.checker}, seed ${seed} of at most ${seedsMax}`;
  return `${name.padEnd(20)} ${by.padEnd(36)} ${says}`;
}
