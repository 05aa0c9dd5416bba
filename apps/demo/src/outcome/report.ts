/**
 * The report of a run: what was counted, under the names that scripts read.
 *
 * Not here: whether that is good (promises.ts).
 */
import type { Ended, Ledger } from "../users/ledger.js";
import type { Durations, Tally } from "./tally.js";

/** The report as it is written to `--report FILE`. */
export interface Report {
  readonly requests: number;
  readonly failedRequests: number;
  readonly interrupted: number;
  readonly sessions: number;
  readonly sessionsLost: number;
  readonly acknowledgedWrites: number;
  readonly writesLost: number;
  readonly logouts: number;
  readonly resurrected: number;
  readonly staleReads: number;
  readonly staleDeclared: number;
  readonly deploys: number;
  readonly kills: number;
  readonly partitions: number;
  readonly joins: number;
  readonly convergenceMs: { p50: number | null; p99: number | null; max: number | null };
  readonly requestMs: { p50: number | null; p99: number | null };
}

/** Sums up what was counted so far. */
export function reportOf(
  tally: Tally,
  ledgers: readonly Ledger[],
  retired: readonly Ended[],
): Report {
  const { requests, failedRequests, interrupted, sessions, acknowledgedWrites, logouts } = tally;
  const { staleReads, staleDeclared, deploys, kills, partitions, joins } = tally;
  return {
    requests,
    failedRequests,
    interrupted,
    sessions,
    sessionsLost: ledgers.filter(({ state }) => state === "lost").length,
    acknowledgedWrites,
    writesLost: ledgers.reduce((sum, { writesLost }) => sum + writesLost, 0),
    logouts,
    resurrected: [...ledgers, ...retired].filter(({ isResurrected }) => isResurrected).length,
    staleReads,
    staleDeclared,
    deploys,
    kills,
    partitions,
    joins,
    convergenceMs: { ...halfAndMost(tally.convergenceMs), max: tally.convergenceMs.percentile(1) },
    requestMs: halfAndMost(tally.requestMs),
  };
}

function halfAndMost(durations: Durations): { p50: number | null; p99: number | null } {
  return { p50: durations.percentile(0.5), p99: durations.percentile(0.99) };
}
