/**
 * One run: app servers, balancer, users and storyline put together, from the first process to the
 * verdicts.
 *
 * Not here: the command line and the process's end (main.ts).
 */
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Balancer } from "./balancer.js";
import { Cluster } from "./cluster.js";
import type { Ended, Ledger } from "./ledger.js";
import type { DemoOptions } from "./options.js";
import { probe } from "./prober.js";
import { Partition } from "./partition.js";
import { isEnoughApart, isEnoughDone, type Verdict, verdicts } from "./promises.js";
import { readBack } from "./read-back.js";
import { type Report, reportOf } from "./report.js";
import { playStoryline } from "./storyline.js";
import { liveTable, summaryLine, verdictTable } from "./table.js";
import { Tally } from "./tally.js";
import { Terminal } from "./terminal.js";
import { User } from "./user.js";

const BALANCER_PORT = 8080;
/** How much longer than asked for users keep at it, at most, where too little was done to tell. */
const ENOUGH_DEADLINE_MS = 60_000;
const ENOUGH_POLL_MS = 100;

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
  const book = (ledger: Ledger): void => void ledgers.push(ledger);
  const retire = (ended: Ended): void => void retired.push(ended);
  await play(options, { cluster, partition, tally, say, users: { tally, book, retire } });

  say("the users stop; every process is asked for every session, and held against the ledgers");
  await readBack({ processes: cluster.processes, ledgers, retired, tally });
  tally.degraded = cluster.degraded;
  terminal.stop();
  const final = report();
  const judged = verdicts(final, tally, options);
  print(terminal, { final, judged, tally, nodes });
  if (options.reportFile !== undefined) {
    await writeFile(options.reportFile, `${JSON.stringify(final, null, 2)}\n`);
  }
  if (options.isKept) printUrls(terminal, balancer, cluster);
  else balancer.close();
  partition.close();
  return { verdicts: judged };
}

/** Users, prober and storyline, until the time and the storyline are over. */
async function play(
  options: DemoOptions,
  scene: {
    cluster: Cluster;
    partition: Partition;
    tally: Tally;
    say: (line: string) => void;
    users: Omit<ConstructorParameters<typeof User>[0], "name" | "route" | "isOver">;
  },
): Promise<void> {
  const { users, seconds } = options;
  const { cluster, partition, tally, say } = scene;
  let hasEnded = false;
  const isOver = (): boolean => hasEnded;
  const lives = Array.from({ length: users }, (_, index) =>
    new User({
      ...scene.users,
      name: `user-${index + 1}`,
      route: partition.routeOf(index),
      isOver,
    }).live(),
  );
  const living = Promise.all([...lives, probe({ cluster, partition, tally, isOver })]);
  const story = playStoryline({
    cluster,
    partition,
    tally,
    say,
    isEnoughApart: () => isEnoughApart(tally, options),
  });
  // Users only end of themselves by a bug of the demo, which must not wait for the storyline.
  const acts = Promise.all([sleep(seconds * 1_000), story]);
  await Promise.race([acts.then(() => untilEnoughIsDone(tally, options)), living]);
  hasEnded = true;
  await living;
}

/** On a busy machine the time asked for may be too short to show anything. */
async function untilEnoughIsDone(tally: Tally, options: DemoOptions): Promise<void> {
  const startedAtMs = performance.now();
  const isLate = (): boolean => performance.now() - startedAtMs > ENOUGH_DEADLINE_MS;
  while (!isEnoughDone(tally, options) && !isLate()) await sleep(ENOUGH_POLL_MS);
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
  const { convergenceMs: seen, requestMs } = final;
  terminal.print("");
  for (const line of verdictTable(judged, terminal.columnsMax)) terminal.print(line);
  terminal.print("");
  terminal.print(
    `a write was visible on every process ${seen.p50} ms after its acknowledgement (p99 ` +
      `${seen.p99}, max ${seen.max}); a request took ${requestMs.p50} ms (p99 ${requestMs.p99})`,
  );
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
