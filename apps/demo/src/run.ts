/**
 * One run: app servers, balancer, users and storyline put together, from the first process to the
 * verdicts.
 *
 * Not here: the command line and the process's end (main.ts).
 */
import { writeFile } from "node:fs/promises";
import { ATTEMPTS_HEADER, Balancer, INTERRUPTED_HEADER } from "./balancer.js";
import { Cluster } from "./cluster.js";
import type { DemoOptions } from "./options.js";
import { isEnoughApart, type Verdict, verdicts } from "./outcome/promises.js";
import { type Report, reportOf } from "./outcome/report.js";
import { Tally } from "./outcome/tally.js";
import { Terminal } from "./outcome/terminal.js";
import { summaryLine, timesLine, verdictTable } from "./outcome/verdict-table.js";
import { Partition } from "./partition.js";
import { SESSION_COOKIE } from "./shop.js";
import { playStoryline } from "./storyline.js";
import { liveTable } from "./table.js";
import { live } from "./users/crowd.js";
import type { Ended, Ledger } from "./users/ledger.js";
import { readBack } from "./users/read-back.js";
import type { Storefront } from "./users/storefront.js";

const BALANCER_PORT = 8080;
const STOREFRONT: Storefront = {
  sessionCookie: SESSION_COOKIE,
  doesWriteUnknown: true,
  attemptsOf: ({ headers }) => Number(headers[ATTEMPTS_HEADER] ?? 1),
  isInterrupted: ({ headers }) => headers[INTERRUPTED_HEADER] === "yes",
};

/** What a run left behind. */
interface Outcome {
  readonly verdicts: readonly Verdict[];
}

/** Runs the demo. The app servers still run when it resolves. */
export async function run(options: DemoOptions): Promise<Outcome> {
  const tally = new Tally();
  const ledgers: Ledger[] = [];
  const retired: Ended[] = [];
  const report = (): Report => reportOf(tally, ledgers, retired);
  const balancer = new Balancer();
  const { nodes, sabotage } = options;
  const size = { ...options, hasJoins: true };
  const log = (line: string): void => terminal.say(`  | ${line}`);
  const cluster = new Cluster({ nodes, sabotage, balancer, log });
  const terminal = new Terminal({
    isHeadless: options.isHeadless,
    table: () => liveTable(cluster, report()),
    summary: () => summaryLine(report()),
  });
  const say = (line: string): void => terminal.say(line);

  await balancer.listen(BALANCER_PORT);
  terminal.start();
  say(`${nodes} app servers start, each an Express process with a node of the mesh in it`);
  await cluster.start();
  say(`all know one another; the balancer at ${balancer.url} sends each request to the next one`);

  const partition = new Partition(cluster, balancer);
  await live({
    size,
    storefront: STOREFRONT,
    routeOf: (userNumber) => partition.routeOf(userNumber),
    servers: () => cluster.processes.filter(({ status }) => status?.isReady),
    tally,
    ledgers,
    retired,
    story: () =>
      playStoryline({
        cluster,
        partition,
        tally,
        say,
        isEnoughApart: () => isEnoughApart(tally, size),
      }),
  });

  say("the users stop; every process is asked for every session, and held against the ledgers");
  await readBack({ processes: cluster.processes, ledgers, retired, tally });
  tally.degraded = cluster.degraded;
  terminal.stop();
  const final = report();
  const judged = verdicts(final, tally, size);
  print(terminal, { final, judged, tally, nodes });
  if (options.reportFile !== undefined) {
    await writeFile(options.reportFile, `${JSON.stringify(final, null, 2)}\n`);
  }
  if (options.isKept) printUrls(terminal, balancer, cluster);
  else balancer.close();
  partition.close();
  return { verdicts: judged };
}

function print(
  terminal: Terminal,
  {
    final,
    judged,
    tally,
    nodes,
  }: { final: Report; judged: readonly Verdict[]; tally: Tally; nodes: number },
): void {
  terminal.print("");
  for (const line of verdictTable(judged, terminal.columnsMax)) terminal.print(line);
  terminal.print("");
  terminal.print(timesLine(final));
  const why = nodes > 2 ? "" : ": of two app servers, one is alone while the other is away";
  terminal.print(`${tally.degraded} responses had fewer acknowledgements than asked for${why}`);
  for (const example of tally.examples) terminal.print(`  ! ${example}`);
}

function printUrls(terminal: Terminal, balancer: Balancer, cluster: Cluster): void {
  terminal.print("");
  terminal.print(`The shop stays open at ${balancer.url} (through the balancer); directly:`);
  for (const { node, origin } of cluster.processes) terminal.print(`  ${node}  ${origin}`);
  terminal.print("Ctrl-C ends it.");
}
