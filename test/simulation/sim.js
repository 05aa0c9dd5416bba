/**
 * `npm run sim`: runs seeds of the simulation, or one with its trace.
 *
 *   npm run sim -- --seeds 200 [--from 1] [--canary NAME]
 *   npm run sim -- --seed 7 [--trace]
 */
import { parseArgs } from "node:util";
import { failureText, runSeed, totals } from "@session-mesh/sim";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    canary: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});

const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const log = values.trace ? (line) => console.log(line) : undefined;
const startedAtMs = performance.now();
const reports = [];
for (let seed = first; seed < first + count; seed++) {
  const report = runSeed(seed, { log, canary: values.canary });
  reports.push(report);
  if (report.failure) console.log(failureText(report));
}
const failed = reports.filter((report) => report.failure).length;
const wallS = (performance.now() - startedAtMs) / 1000;
const virtualS = reports.reduce((sum, report) => sum + report.virtualMs, 0) / 1000;
if (count === 1) console.log(JSON.stringify(reports[0], undefined, 2));
else console.log(JSON.stringify(totals(reports), undefined, 2));
console.log(
  `${count} seeds, ${failed} failed, ${Math.round(virtualS)} virtual seconds in ${wallS.toFixed(1)} s`,
);
process.exitCode = failed > 0 ? 1 : 0;
