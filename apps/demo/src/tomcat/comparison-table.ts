/**
 * Several runs beside one another, as a Markdown table: what was counted, good and bad, and what the
 * ways to share sessions cost.
 *
 * Not here: counting (outcome/), and running (run.ts).
 */
import type { Report } from "../outcome/report.js";
import type { Tally } from "../outcome/tally.js";
import type { ManagerName } from "./session-managers.js";

/** What is compared of one run. */
export interface Compared {
  readonly manager: ManagerName;
  readonly report: Report;
  readonly tally: Tally;
  /** Resident memory of Tomcat and sidecar, of one machine. */
  readonly memoryMb: number;
}

type Row = readonly [title: string, cell: (run: Compared) => string];

const HEADS: Readonly<Record<ManagerName, string>> = {
  mesh: "session-mesh",
  delta: "DeltaManager",
  "delta-sync": "DeltaManager, sync + ack",
  filestore: "FileStore, shared",
};

const ROWS: readonly Row[] = [
  ["acknowledged writes lost", ({ report: r }) => `${r.writesLost} of ${r.acknowledgedWrites}`],
  ["sessions lost", ({ report: r }) => `${r.sessionsLost} of ${r.sessions}`],
  ["logouts undone", ({ report: r }) => `${r.resurrected} of ${r.logouts}`],
  ["reads behind what their user had seen", ({ report: r }) => String(r.staleReads)],
  ["… that said so themselves", ({ report: r }) => String(r.staleDeclared)],
  ["requests failed", ({ report: r }) => `${r.failedRequests} of ${r.requests}`],
  ["… broken off by a kill -9", ({ report: r }) => String(r.interrupted)],
  ["sessions that differ in the end", ({ tally }) => String(tally.unequalAtEnd)],
  ["a request, p50 / p99", ({ report: r }) => `${r.requestMs.p50} / ${r.requestMs.p99} ms`],
  ["seen on the other machine, p50 / p99", convergence],
  ["memory of Tomcat and sidecar, per machine", ({ memoryMb }) => `${memoryMb} MB`],
];

/** The table, line by line. */
export function comparisonTable(runs: readonly Compared[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(["", ...runs.map(({ manager }) => HEADS[manager])]),
    line(["---", ...runs.map(() => "---")]),
    ...ROWS.map(([title, cell]) => line([title, ...runs.map(cell)])),
  ];
}

function convergence({ report: { convergenceMs: seen } }: Compared): string {
  return seen.p50 === null ? "never" : `${seen.p50} / ${seen.p99} ms`;
}
