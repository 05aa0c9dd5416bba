/**
 * What came of a run, as text: one line of it, and the verdicts at the end.
 *
 * Not here: drawing (terminal.ts).
 */
import type { Verdict } from "./promises.js";
import type { Report } from "./report.js";

const PROMISE_WIDTH = 40;
const COUNTED_WIDTH_MIN = 30;

/** How a run stands, in one line. */
export function summaryLine(report: Report): string {
  const { requests, acknowledgedWrites, logouts, failedRequests, interrupted } = report;
  const { sessionsLost, writesLost, resurrected, staleReads } = report;
  return (
    `${requests} requests, ${acknowledgedWrites} writes, ${logouts} logouts; ` +
    `${failedRequests} failed, ${interrupted} interrupted, ${sessionsLost} sessions and ` +
    `${writesLost} writes lost, ${resurrected} resurrected, ${staleReads} stale`
  );
}

/** How long things took, in one line. */
export function timesLine({ convergenceMs: seen, requestMs }: Report): string {
  return (
    `a write was visible on every process ${seen.p50} ms after its acknowledgement (p99 ` +
    `${seen.p99}, max ${seen.max}); a request took ${requestMs.p50} ms (p99 ${requestMs.p99})`
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
