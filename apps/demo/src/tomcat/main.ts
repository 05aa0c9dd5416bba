/**
 * The command line of the demo with Tomcats: runs it, and exits 0 only when every promise was kept.
 * What Tomcat's own ways to share sessions keep is counted, and not held against anybody.
 *
 *   0  kept    1  broken, or the run itself failed    2  wrong command line, or programs are missing
 *   130  Ctrl-C
 *
 * However it ends, no process, network or file is left behind. Not here: the run (run.ts).
 */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../options.js";
import { comparisonTable } from "./comparison-table.js";
import { missingPackages } from "./debian.js";
import { readOptions, type TomcatDemoOptions, USAGE } from "./options.js";
import { Reaper } from "./reaper.js";
import { type Outcome, run } from "./run.js";

const INTERRUPTED_CODE = 130;

const options = fromCommandLine();
if (options) process.exit(await runAll(options));

async function runAll(asked: TomcatDemoOptions): Promise<number> {
  const outcomes: Outcome[] = [];
  for (const manager of asked.managers) {
    const reaper = new Reaper();
    const interrupt = (): void => void reaper.end().then(() => process.exit(INTERRUPTED_CODE));
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) process.once(signal, interrupt);
    try {
      const folder = await mkdtemp(join(tmpdir(), "session-mesh-tomcat-"));
      reaper.folder(folder);
      outcomes.push(await run(manager, asked, { reaper, folder }));
    } finally {
      await reaper.end();
      for (const signal of signals) process.off(signal, interrupt);
    }
  }
  if (outcomes.length > 1) {
    process.stdout.write(`\n${comparisonTable(outcomes).join("\n")}\n`);
  }
  if (asked.reportFile !== undefined) await writeReport(asked.reportFile, outcomes);
  const broken = outcomes
    .filter(({ manager }) => manager === "mesh")
    .flatMap(({ verdicts }) => verdicts.filter(({ isKept }) => !isKept));
  for (const { promise } of broken) process.stderr.write(`broken: ${promise}\n`);
  return broken.length === 0 ? 0 : 1;
}

/** One run's report is the report; of several, each is under its name. */
async function writeReport(file: string, outcomes: readonly Outcome[]): Promise<void> {
  const [only] = outcomes;
  const content =
    outcomes.length === 1
      ? only?.report
      : Object.fromEntries(outcomes.map(({ manager, report }) => [manager, report]));
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}

function fromCommandLine(): TomcatDemoOptions | undefined {
  try {
    const read = readOptions(process.argv.slice(2));
    if (!read) process.stdout.write(USAGE);
    else refuseWithout(missingPackages());
    return read;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function refuseWithout(packages: readonly string[]): void {
  if (packages.length === 0) return;
  process.stderr.write(`this demo needs: apt-get install ${packages.join(" ")}\n`);
  process.exit(2);
}
