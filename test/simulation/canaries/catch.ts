/**
 * Lets a canary loose and says after how many seeds it was caught, and by whom.
 *
 * Not here: the canaries (list.ts).
 */
import type { Report } from "@session-mesh/sim";
import { bundleSimulation } from "../bundle.js";
import { Pool } from "../pool.js";
import type { Canary } from "./patch.js";

/** How a canary fared. */
export interface Catch {
  readonly canary: Canary;
  /** The first seed, from 1 on, that failed by one of its checkers; undefined when none did. */
  readonly seed: number | undefined;
  /** What that seed said. */
  readonly report: Report | undefined;
  /** Failures of other checkers before, which prove nothing. */
  readonly others: readonly string[];
}

/**
 * Runs seeds from 1 on with the defect, until one of its checkers fails. A seed that fails without the
 * defect too would prove nothing: such a one is among the others.
 */
export async function catchCanary(canary: Canary, threads = 1): Promise<Catch> {
  using bundle = await bundleSimulation({ canary });
  await using pool = new Pool(bundle, { threads });
  const caught: Report[] = [];
  const others: string[] = [];
  const seeds = Array.from({ length: canary.seedsMax }, (_, i) => ({
    seed: i + 1,
    override: canary.override,
  }));
  await pool.runAll(seeds, (report) => {
    const { failure } = report;
    if (!failure) return true;
    const isExpected = canary.checkers.some((each) => isOf(failure.checker, each));
    if (isExpected) caught.push(report);
    else others.push(textOf(report));
    return !isExpected;
  });
  caught.sort((a, b) => a.seed - b.seed);
  const found = caught[0];
  const isSound = found === undefined || (await passesWithout(canary, found.seed));
  if (!isSound) others.push(`without the defect too: ${textOf(found)}`);
  const first = isSound ? found : undefined;
  return { canary, seed: first?.seed, report: first, others };
}

/** Whether a seed keeps its promises where nothing is broken. */
async function passesWithout({ override }: Canary, seed: number): Promise<boolean> {
  using bundle = await bundleSimulation();
  await using pool = new Pool(bundle, { threads: 1 });
  return (await pool.run({ seed, override })).failure === undefined;
}

function textOf({ seed, failure }: Report): string {
  return `${seed}: ${failure?.checker}: ${failure?.detail.slice(0, 200)}`;
}

/** `P1` stands for all checkers of that promise, such as `P1 acks`. */
function isOf(checker: string, family: string): boolean {
  return checker === family || checker.startsWith(`${family} `);
}

/** A row of the table in docs/SIMULATOR.md. */
export function catchRow({ canary, seed, report, others }: Catch): string {
  const { name, says, checkers, seedsMax } = canary;
  const by = report?.failure?.checker;
  const needed = by === undefined ? `**not caught** ${others[0] ?? ""}` : `${seed} (${by})`;
  return `| \`${name}\` | ${says} | ${checkers.join(", ")} | ${seedsMax} | ${needed} |`;
}
