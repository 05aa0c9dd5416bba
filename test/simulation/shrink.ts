/**
 * Makes a failing run smaller: fewer kinds of faults, nodes, users and limits, and a shorter one, as
 * long as the same checker still fails. Greedy, within a budget of time.
 *
 * Not here: how a run is made (packages/sim).
 */
import type { Override, Report, SwarmOptions } from "@session-mesh/sim";

/** What a shrinker needs. */
export interface ShrinkPort {
  /** What the seed draws, with these parts in place of its own. */
  optionsOf(override: Override<SwarmOptions>): SwarmOptions;
  run(override: Override<SwarmOptions>): Promise<Report>;
  /** Whether the budget is used up. */
  isOver(): boolean;
}

/** A smaller run. */
export interface Shrunk {
  readonly override: Override<SwarmOptions>;
  readonly report: Report;
  /** How many runs it took. */
  readonly runs: number;
}

type Change = Override<SwarmOptions>;

/** The smallest failing run found, beginning with one that fails. */
export async function shrink(
  failing: { readonly report: Report; readonly override?: Change | undefined },
  port: ShrinkPort,
): Promise<Shrunk> {
  let smallest: Shrunk = { override: failing.override ?? {}, report: failing.report, runs: 0 };
  const { checker } = failing.report.failure ?? {};
  const tried = new Set<string>();
  let runs = 0;
  for (;;) {
    const before = smallest;
    for (const change of changesOf(port.optionsOf(smallest.override), smallest.report)) {
      const override = joined(smallest.override, change);
      const name = JSON.stringify(override);
      if (port.isOver()) return { ...smallest, runs };
      if (tried.has(name)) continue;
      tried.add(name);
      runs += 1;
      const report = await port.run(override).catch(() => undefined);
      // Another failure is another story: it would lead readers away from this one.
      if (report && report.failure?.checker === checker) smallest = { override, report, runs };
    }
    if (smallest === before) return { ...smallest, runs };
  }
}

/** How a run could be smaller, the greatest steps first. */
function changesOf(options: SwarmOptions, { failure }: Report): Change[] {
  const { nodes, faultsMs, nemesis, workload, network, limits } = options;
  const shorterMs = [failure?.atMs ?? faultsMs, faultsMs / 2, faultsMs * 0.75].map(Math.ceil);
  const changes: unknown[] = [
    ...namesOf(nemesis.weights).map((fault) => ({ nemesis: { weights: { [fault]: 0 } } })),
    ...fewer(nodes, 2).map((count) => ({ nodes: count, seedsMax: count })),
    ...shorterMs.filter((ms) => ms < faultsMs && ms >= 500).map((ms) => ({ faultsMs: ms })),
    ...fewer(workload.users, 1).map((users) => ({ workload: { users } })),
    ...fewer(workload.tabs, 1).map((tabs) => ({ workload: { tabs } })),
    ...namesOf(limits).map((limit) => ({ limits: { [limit]: null } })),
    ...ratesOf(workload).map((rate) => ({ workload: { [rate]: 0 } })),
    ...ratesOf(network).map((rate) => ({ network: { [rate]: 0 } })),
    { clockErrorMsMax: 0 },
    { nemesis: { areClocksWild: false } },
    { disks: null },
    { driftMax: 0 },
    { network: { jitterMs: 0 } },
    { workload: { thinkMs: 0 } },
    ...(workload.pauseMs < 3_000 ? [{ workload: { pauseMs: workload.pauseMs * 2 } }] : []),
  ];
  return changes as Change[];
}

/** Smaller numbers than `count`, the smallest first. */
function fewer(count: number, least: number): number[] {
  const half = Math.max(least, Math.floor(count / 2));
  return [...new Set([least, half, count - 1])].filter((each) => each >= least && each < count);
}

/** What is there and not nought. */
function namesOf(parts: object): string[] {
  return Object.entries(parts).flatMap(([name, value]) => (value === 0 ? [] : [name]));
}

/** Chances that are not nought. */
function ratesOf(parts: object): string[] {
  return namesOf(parts).filter((name) => name.endsWith("Rate"));
}

/** Both changes, the second where they differ. */
function joined(first: Change, second: Change): Change {
  const merged: Record<string, unknown> = { ...first };
  for (const [name, value] of Object.entries(second)) {
    const before = merged[name];
    const isNested = isPart(before) && isPart(value);
    merged[name] = isNested ? joined(before as Change, value as Change) : value;
  }
  return merged as Change;
}

function isPart(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
