/**
 * How a run stands, as text: the live table, one line of it, and the verdicts at the end.
 *
 * Not here: drawing (terminal.ts).
 */
import type { Cluster, Slot } from "./cluster.js";
import type { Verdict } from "./promises.js";
import type { Report } from "./report.js";

const PROMISE_WIDTH = 40;
const COUNTED_WIDTH_MIN = 30;
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

/** What was promised, and what was counted; no line is longer than `columnsMax`. */
export function verdictTable(verdicts: readonly Verdict[], columnsMax: number): string[] {
  return verdicts.flatMap(({ promise, isKept, counted }) => {
    const head = `${isKept ? "PASS" : "FAIL"}  ${promise.padEnd(PROMISE_WIDTH)}`;
    const lines = wrapped(counted, Math.max(COUNTED_WIDTH_MIN, columnsMax - head.length));
    return lines.map((line, index) => (index === 0 ? head : " ".repeat(head.length)) + line);
  });
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && longer.length > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function cells({ name, process, upstream, sideUpstream, doing }: Slot): string[] {
  const isReady = upstream?.isReady === true;
  const state = doing || (isReady ? "ready" : "not ready");
  if (!process) return [name, "-", doing || "gone", "-", "-", "-", "-"];
  const { members, sessions } = process.status ?? { members: "", sessions: "" };
  const inFlight = (upstream?.inFlightCount ?? 0) + (sideUpstream?.inFlightCount ?? 0);
  const served = (upstream?.servedCount ?? 0) + (sideUpstream?.servedCount ?? 0);
  const counts = [members, sessions, inFlight, served];
  return [name, String(process.pid), state, ...counts.map(String)];
}

function columns(texts: readonly string[]): string {
  return texts.map((text, index) => text.padEnd(WIDTHS[index] ?? 0)).join("");
}
