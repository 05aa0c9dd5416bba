/**
 * What led to a failure, from the trace of its run: the lines of the session that it names, and the
 * faults and what befell the machines meanwhile.
 *
 * Not here: the whole trace (`npm run sim -- --seed`).
 */
import type { Override, Report, SwarmOptions } from "@session-mesh/sim";
import type { Simulation } from "./bundle.js";
import { failureSite } from "./failure-text.js";

/** How many lines people read. */
const LINES_MAX = 24;

const WIDTH_MAX = 160;

/** Words of lines that say what befell a machine. */
const BEFELL = /^ *[\d.]+ s {2}(?:- |\S+ +(?:starts|crashes|drains|drained|pauses|goes on)\b)/;

/** The story of a failing seed; empty where it does not fail. */
export function storyOf(
  { runSeed }: Pick<Simulation, "runSeed">,
  seed: number,
  override?: Override<SwarmOptions>,
): string[] {
  const lines: string[] = [];
  const report: Report = runSeed(seed, { override, log: (line) => void lines.push(line) });
  if (!report.failure) return [];
  const { node, session } = failureSite(report.failure);
  const names = session ?? (node === undefined ? "" : `  ${node} `);
  const told = lines.filter((line) => line.includes(names) || BEFELL.test(line));
  return told.slice(-LINES_MAX).map((line) => shortened(line));
}

function shortened(line: string): string {
  return line.length > WIDTH_MAX ? `${line.slice(0, WIDTH_MAX - 1)}…` : line;
}
