/**
 * What came of a run: what happened in it, and what broke, with the command that shows it again.
 */
import type { Millis } from "@session-mesh/core";
import type { NetworkCounts } from "./network.js";
import type { Failure } from "./simulator.js";
import type { WorkloadCounts } from "./workload.js";

/** The report of one seed. */
export interface Report {
  readonly seed: number;
  /** The first promise that broke. */
  readonly failure: Failure | undefined;
  readonly virtualMs: Millis;
  /** How long after the heal all nodes were equal. */
  readonly convergenceMs: Millis | undefined;
  /** Equal for equal runs. */
  readonly hash: string;
  readonly happenings: number;
  readonly nodes: number;
  /** How often each fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly network: NetworkCounts;
  readonly workload: WorkloadCounts;
  readonly ledger: {
    /** Traces of acknowledged writes, and how many of those acknowledgements were degraded. */
    readonly acknowledged: number;
    readonly degraded: number;
    readonly reads: number;
  };
  /** How often each event of the replicas was told. */
  readonly events: Readonly<Record<string, number>>;
}

/** What a failing seed says. */
export function failureText({ seed, failure }: Report): string {
  if (!failure) return "";
  const atS = (failure.atMs / 1_000).toFixed(3);
  return [
    `FAILED  ${failure.checker}: ${failure.detail}, at ${atS} s`,
    `  replay   npm run sim -- --seed ${seed}`,
    `  pin it   echo ${seed} >> test/simulation/seeds.txt`,
  ].join("\n");
}

/** Adds up the counts of several runs: what happened in the swarm as a whole. */
export function totals(reports: readonly Report[]): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (prefix: string, counts: object): void => {
    for (const [name, count] of Object.entries(counts) as [string, number][]) {
      const key = `${prefix}.${name}`;
      sums[key] = (sums[key] ?? 0) + count;
    }
  };
  for (const { faults, network, workload, ledger, events } of reports) {
    add("fault", faults);
    add("network", network);
    add("workload", workload);
    add("ledger", ledger);
    add("event", events);
  }
  return sums;
}
