/** A failing run becomes smaller and still fails by the same checker. */
import type { Override, Report, SwarmOptions } from "@session-mesh/sim";
import { drawOptions, overridden } from "@session-mesh/sim";
import { expect, test } from "vitest";
import { bundleSimulation } from "./bundle.js";
import { CANARIES } from "./canaries/list.js";
import { Pool } from "./pool.js";
import { shrink, type ShrinkPort } from "./shrink.js";

/** Runs of this port fail where `isFailing` says so. */
function portOf(isFailing: (options: SwarmOptions) => boolean, runsMax = 1_000): ShrinkPort {
  const optionsOf = (override: Override<SwarmOptions>): SwarmOptions =>
    overridden(drawOptions(3), override);
  let runs = 0;
  return {
    optionsOf,
    run: async (override) => {
      runs += 1;
      const failure = isFailing(optionsOf(override)) ? FAILURE : undefined;
      return { seed: 3, failure } as Report;
    },
    isOver: () => runs >= runsMax,
  };
}

const FAILURE = { checker: "P1", detail: "on n1: lost", atMs: 20_000 };
const FAILING = { report: { seed: 3, failure: FAILURE } as Report };

test("what a failure needs stays, and everything else goes", async () => {
  const fault = Object.keys(drawOptions(3).nemesis.weights)[0] ?? "";
  const weightOf = ({ nemesis }: SwarmOptions): number =>
    (nemesis.weights as Record<string, number>)[fault] ?? 0;
  const port = portOf((options) => weightOf(options) > 0 && options.nodes >= 3);
  const { override } = await shrink(FAILING, port);
  const { nodes, nemesis, workload, limits } = port.optionsOf(override);
  expect(nodes).toBe(Math.min(3, drawOptions(3).nodes));
  expect(Object.entries(nemesis.weights).filter(([, weight]) => weight > 0)).toHaveLength(1);
  expect(workload).toMatchObject({ users: 1, tabs: 1 });
  expect(limits).toEqual({});
});

test("a failure of another checker is not the same failure", async () => {
  const port = portOf(() => true);
  const other = { ...FAILURE, checker: "P8" };
  const run = async (): Promise<Report> => ({ seed: 3, failure: other }) as Report;
  expect((await shrink(FAILING, { ...port, run })).override).toEqual({});
});

test("it ends with its budget", async () => {
  const { runs } = await shrink(
    FAILING,
    portOf(() => true, 5),
  );
  expect(runs).toBe(5);
});

/** The first seed that fails: which one it is depends on what seeds draw. */
async function firstFailure(pool: Pool): Promise<Report> {
  for (let seed = 1; seed <= 40; seed++) {
    const report = await pool.run({ seed });
    if (report.failure) return report;
  }
  return expect.unreachable("the canary lived through 40 seeds");
}

test("a canary's failure is found again in a smaller run", { timeout: 300_000 }, async () => {
  const canary = CANARIES.find(({ name }) => name === "no-pull");
  using bundle = await bundleSimulation({ canary });
  await using pool = new Pool(bundle);
  const report = await firstFailure(pool);
  const { seed } = report;
  let runs = 0;
  const smaller = await shrink(
    { report },
    {
      optionsOf: (override) => overridden(drawOptions(seed), override),
      run: (override) => {
        runs += 1;
        return pool.run({ seed, override });
      },
      isOver: () => runs >= 12,
    },
  );
  const again = await pool.run({ seed, override: smaller.override });
  expect(again.failure).toEqual(smaller.report.failure);
  expect(Object.keys(smaller.override)).not.toEqual([]);
});
