/**
 * How a run stands, as text: the live table.
 *
 * Not here: drawing (terminal.ts), and the verdicts at the end (verdict-table.ts).
 */
import type { Cluster, Slot } from "./cluster.js";
import type { Report } from "./outcome/report.js";

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
