/**
 * The demo's command line: runs it, and exits 0 only when every promise was kept.
 *
 *   0  kept    1  broken, or the run itself failed    2  wrong command line    130  Ctrl-C
 *
 * However it ends, no process is left behind. Not here: the run (run.ts).
 */
import { killAll } from "./app-process.js";
import { type DemoOptions, readOptions, USAGE, UsageError } from "./options.js";
import { run } from "./run.js";

const INTERRUPTED_CODE = 130;

process.on("exit", killAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(INTERRUPTED_CODE));
}

const options = fromCommandLine();
if (options) {
  const { verdicts } = await run(options);
  const broken = verdicts.filter(({ isKept }) => !isKept);
  for (const { promise } of broken) process.stderr.write(`broken: ${promise}\n`);
  if (!options.isKept) process.exit(broken.length === 0 ? 0 : 1);
}

function fromCommandLine(): DemoOptions | undefined {
  try {
    const read = readOptions(process.argv.slice(2));
    if (!read) process.stdout.write(USAGE);
    return read;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}
