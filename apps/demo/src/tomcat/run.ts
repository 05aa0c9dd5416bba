/**
 * One run on one way to share sessions: site, users and storyline put together, from the first process
 * to the verdicts.
 *
 * Not here: the command line and the end of everything (main.ts).
 */
import { join } from "node:path";
import { isEnoughApart, type Verdict, verdicts } from "../outcome/promises.js";
import { type Report, reportOf } from "../outcome/report.js";
import { Tally } from "../outcome/tally.js";
import { Terminal } from "../outcome/terminal.js";
import { summaryLine, timesLine, verdictTable } from "../outcome/verdict-table.js";
import { live } from "../users/crowd.js";
import type { Ended, Ledger } from "../users/ledger.js";
import { readBack } from "../users/read-back.js";
import type { Compared } from "./comparison-table.js";
import type { TomcatDemoOptions } from "./options.js";
import type { Reaper } from "./reaper.js";
import { MANAGER_TITLES, type ManagerName } from "./session-managers.js";
import { Site } from "./site.js";
import { playStoryline } from "./storyline.js";
import { Streets } from "./streets.js";

/** What came of a run. */
export interface Outcome extends Compared {
  readonly verdicts: readonly Verdict[];
}

/** Runs the storyline on one way to share sessions. What it started still runs when it resolves. */
export async function run(
  manager: ManagerName,
  options: TomcatDemoOptions,
  { reaper, folder }: { reaper: Reaper; folder: string },
): Promise<Outcome> {
  const tally = new Tally();
  const ledgers: Ledger[] = [];
  const retired: Ended[] = [];
  const report = (): Report => reportOf(tally, ledgers, retired);
  const line = (): string => summaryLine(report());
  const size = { ...options, hasJoins: false };
  const { isHeadless } = options;
  const terminal = new Terminal({ isHeadless, table: () => [line()], summary: line });
  const say = (text: string): void => terminal.say(text);
  terminal.print(`\n${MANAGER_TITLES[manager]}`);
  const { hasSameClasses } = options;
  const site = await Site.open({
    manager,
    hasSameClasses,
    folder: join(folder, manager),
    reaper,
    say,
  });
  say(
    `both machines serve; the balancer at ${site.haproxy.url} sends each request to the next one`,
  );
  terminal.start();
  const streets = new Streets(site);
  await live({
    size,
    storefront: streets,
    routeOf: (userNumber) => streets.routeOf(userNumber),
    servers: () => site.servers(),
    tally,
    ledgers,
    retired,
    story: () =>
      playStoryline({
        site,
        streets,
        tally,
        say,
        isEnoughApart: () => isEnoughApart(tally, size),
      }),
  });
  say("the users stop; both Tomcats are asked for every session, and held against the ledgers");
  await readBack({ processes: site.servers(), ledgers, retired, tally });
  terminal.stop();
  const memoryMb = site.memoryMb();
  const final = report();
  const judged = verdicts(final, tally, size);
  const table = verdictTable(judged, terminal.columnsMax);
  for (const text of ["", ...table, "", timesLine(final)]) terminal.print(text);
  for (const example of tally.examples) terminal.print(`  ! ${example}`);
  return { manager, report: final, tally, memoryMb, verdicts: judged };
}
