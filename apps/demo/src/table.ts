/**
 * How a run stands, as text: the live table, one line of it, and the verdicts at the end.
 *
 * Not here: drawing (terminal.ts).
 */
import type { Cluster, Slot } from "./cluster.js";
import type { Verdict } from "./promises.js";
import type { Report } from "./report.js";

const WIDTHS = [9, 8, 11, 9, 10, 11, 8];

/** The live table: the app servers, and beneath them what was counted. */
export function liveTable(cluster: Cluster, report: Report): string[] {
  const head = ["node", "pid", "state", "members", "sessions", "in flight", "served"];
  return [
    "",
    columns(head),
    ...cluster.slots.map((slot) => columns(cells(slot))),
    "",
    `requests ${report.requests}  sessions ${report.sessions}  logouts ${report.logouts}  ` +
      `acknowledged writes ${report.acknowledgedWrites}`,
    `failed ${report.failedRequests}  interrupted ${report.interrupted}  ` +
      `sessions lost ${report.sessionsLost}  writes lost ${report.writesLost}  ` +
      `resurrected ${report.resurrected}  stale ${report.staleReads}`,
  ];
}

/** The same in one line. */
export function summaryLine(report: Report): string {
  const { requests, acknowledgedWrites, logouts, failedRequests, interrupted } = report;
  const { sessionsLost, writesLost, resurrected, staleReads } = report;
  return (
    `${requests} requests, ${acknowledgedWrites} writes, ${logouts} logouts; ` +
    `${failedRequests} failed, ${interrupted} interrupted, ${sessionsLost} sessions and ` +
    `${writesLost} writes lost, ${resurrected} resurrected, ${staleReads} stale`
  );
}

/** What was promised, and what was counted. */
export function verdictTable(verdicts: readonly Verdict[]): string[] {
  return verdicts.map(({ promise, isKept, counted }) => {
    const mark = isKept ? "PASS" : "FAIL";
    return `${mark}  ${promise.padEnd(40)}${counted}`;
  });
}

function cells({ name, process, upstream, doing }: Slot): string[] {
  const isReady = upstream?.isReady === true;
  const state = doing || (isReady ? "ready" : "not ready");
  if (!process || !upstream) return [name, "-", doing || "gone", "-", "-", "-", "-"];
  const { members, sessions } = process.status ?? { members: "", sessions: "" };
  const counts = [members, sessions, upstream.inFlightCount, upstream.servedCount];
  return [name, String(process.pid), state, ...counts.map(String)];
}

function columns(texts: readonly string[]): string {
  return texts.map((text, index) => text.padEnd(WIDTHS[index] ?? 0)).join("");
}
