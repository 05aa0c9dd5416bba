/**
 * What was promised, and whether the counts of a run keep it. The numbers are those of the README.
 *
 * Not here: counting (tally.ts, ledger.ts).
 */
import type { Report } from "./report.js";
import type { Tally } from "./tally.js";

/** One promise, and how it fared. */
export interface Verdict {
  readonly promise: string;
  readonly isKept: boolean;
  readonly counted: string;
}

/** How large a run is. */
export interface Size {
  readonly users: number;
  /** How long the users keep at it; the storyline may take longer, then so do they. */
  readonly seconds: number;
  /** Whether a server joins. */
  readonly hasJoins: boolean;
}

/** What a run of 30 s with 100 users must reach, or it has shown nothing; smaller runs in proportion. */
const LEAST = { seconds: 30, users: 100, writes: 2_000, logouts: 100, logoutsInFlight: 20 };

/** What 100 users must do while the sides are apart; fewer users in proportion. */
const LEAST_APART = { users: 100, writtenOnBothSides: 20, crossings: 10 };

/** Whether enough was done on both sides of a partition to tell that it heals. */
export function isEnoughApart(tally: Tally, { users }: Size): boolean {
  const share = Math.min(1, users / LEAST_APART.users);
  return (
    tally.writtenOnBothSides >= Math.floor(LEAST_APART.writtenOnBothSides * share) &&
    tally.crossings >= Math.floor(LEAST_APART.crossings * share)
  );
}

/** Whether enough was done to tell; on a busy machine users may need longer for it. */
export function isEnoughDone(tally: Tally, size: Size): boolean {
  const least = leastOf(size);
  return (
    tally.acknowledgedWrites >= least.writes &&
    tally.logouts >= least.logouts &&
    tally.logoutsInFlight >= least.logoutsInFlight
  );
}

/** Holds the counts against the promises. */
export function verdicts(report: Report, tally: Tally, size: Size): Verdict[] {
  const { writesLost, acknowledgedWrites, resurrected, logouts, sessions, sessionsLost } = report;
  return [
    {
      promise: "P1 No acknowledged write is lost",
      isKept: writesLost === 0,
      counted: `${acknowledgedWrites} acknowledged, ${writesLost} lost`,
    },
    {
      promise: "P2 Concurrent requests merge",
      isKept: tally.mergeFaults === 0,
      counted: `two tabs at a time; ${tally.mergeFaults} doubled, foreign or different on a process`,
    },
    {
      promise: "P3 A logout is final",
      isKept: resurrected === 0,
      counted: `${logouts}, ${tally.logoutsInFlight} with a request in flight; ${resurrected} came back`,
    },
    {
      promise: "P5 Read your writes, on any process",
      isKept: report.staleReads === 0,
      counted: `${report.staleReads} reads behind what their user had seen, ${report.staleDeclared} declared so`,
    },
    {
      promise: "P6 No coordinator: any process may go",
      isKept: sessionsLost === 0,
      counted: `${sessions} sessions, ${report.kills} kill -9; ${sessionsLost} sessions lost`,
    },
    deployVerdict(report, tally),
    {
      promise: "P8 Partitions heal by themselves",
      isKept:
        report.partitions > 0 &&
        isEnoughApart(tally, size) &&
        sessionsLost + writesLost + tally.unequalAtEnd === 0,
      counted:
        `${report.partitions} healed; ${tally.writtenOnBothSides} sessions written on both sides, ` +
        `${tally.crossings} users crossed over; ${tally.unequalAtEnd} differ now`,
    },
    ...(size.hasJoins
      ? [
          {
            promise: "P9 A joining process serves at once",
            isKept: report.joins > 0,
            counted: `${report.joins} joined under load`,
          },
        ]
      : []),
    volumeVerdict(tally, size),
  ];
}

function deployVerdict(report: Report, tally: Tally): Verdict {
  const { requests, failedRequests, interrupted, deploys } = report;
  return {
    promise: "P7 A deploy loses nothing",
    isKept: failedRequests === 0 && tally.badExits === 0 && deploys > 0,
    counted:
      `${deploys} deploys, ${tally.badExits} of them unclean; ${failedRequests} of ${requests} ` +
      `requests failed, ${interrupted} interrupted by the kill -9`,
  };
}

function volumeVerdict(tally: Tally, size: Size): Verdict {
  const { writes, logouts, logoutsInFlight } = leastOf(size);
  return {
    promise: "Enough was done to tell",
    isKept: isEnoughDone(tally, size),
    counted: `at least ${writes} writes, ${logouts} logouts, ${logoutsInFlight} of them with a request in flight`,
  };
}

function leastOf({ seconds, users }: Size): typeof LEAST {
  const share = Math.min(1, seconds / LEAST.seconds) * Math.min(1, users / LEAST.users);
  const least = (count: number): number => Math.floor(count * share);
  const { writes, logouts, logoutsInFlight } = LEAST;
  return {
    seconds,
    users,
    writes: least(writes),
    logouts: least(logouts),
    logoutsInFlight: least(logoutsInFlight),
  };
}
