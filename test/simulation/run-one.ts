/** Runs one seed, or some scenarios, with a line for each thing that happens. */
import { execFileSync } from "node:child_process";
import { UsageError, type Wish } from "./arguments.js";
import { bundleSimulation, type Simulation } from "./bundle.js";
import { failureText } from "./failure-text.js";
import { Recording } from "./recording.js";
import { canaryNamed } from "./run-canaries.js";

/** Shows a seed; says whether it kept its promises. */
export async function replay(wish: Wish & { kind: "seed" }): Promise<boolean> {
  const { seed, canary: name, record } = wish;
  const canary = name === undefined ? undefined : canaryNamed(name);
  const override = wish.override ?? canary?.override;
  using bundle = await bundleSimulation({ canary });
  const { drawOptions, overridden, runSeed } = (await import(bundle.url)) as Simulation;
  const options = overridden(drawOptions(seed), override);
  using recording =
    record === undefined ? undefined : new Recording(record, { seed, build: build(), options });
  using lines = new Lines();
  lines.write(`seed ${seed} draws ${JSON.stringify(options)}`);
  const report = runSeed(seed, { override, log: lines.write, record: recording?.record });
  const { failure, hash, happenings, virtualMs, convergenceMs } = report;
  const virtualS = (virtualMs / 1_000).toFixed(1);
  lines.write(`${happenings} things in ${virtualS} s of virtual time, trace hash ${hash}`);
  if (convergenceMs !== undefined) {
    lines.write(`all nodes were equal ${(convergenceMs / 1_000).toFixed(1)} s after the heal`);
  }
  if (failure) lines.write(failureText(report, { override, canary: name }));
  return failure === undefined;
}

/** Plays the scenarios whose names hold these words; says whether all is as they say. */
export async function playScenario(wish: Wish & { kind: "scenario" }): Promise<boolean> {
  using bundle = await bundleSimulation();
  const { SCENARIOS, scenario, SimulationFailure } = (await import(bundle.url)) as Simulation;
  const all = Object.values(SCENARIOS).flat();
  const wanted = wish.name.toLowerCase();
  const found = all.filter(({ name }) => name.toLowerCase().includes(wanted));
  if (found.length === 0 || (wish.record !== undefined && found.length > 1)) {
    const names = (found.length === 0 ? all : found).map(({ name }) => `  ${name}`);
    const why =
      found.length === 0 ? "no scenario's name holds" : "--record takes one, and several hold";
    throw new UsageError(`${why} "${wish.name}":\n${names.join("\n")}`);
  }
  using lines = new Lines();
  let isAllSo = true;
  for (const { name, play } of found) {
    lines.write(`\n${name}`);
    using recording =
      wish.record === undefined
        ? undefined
        : new Recording(wish.record, { scenario: name, build: build() });
    try {
      play((options) => scenario({ ...options, log: lines.write, record: recording?.record }));
    } catch (error) {
      if (!(error instanceof SimulationFailure)) throw error;
      isAllSo = false;
      lines.write(`FAILED   ${error.message}`);
    }
  }
  lines.write(
    `\n${found.length} played, ${isAllSo ? "and all is as they say" : "NOT as they say"}`,
  );
  return isAllSo;
}

/** The commit that runs, where git knows it. */
function build(): string | undefined {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

/** Lines for people, gathered, since a trace has tens of thousands. */
class Lines implements Disposable {
  #lines: string[] = [];

  readonly write = (line: string): void => {
    this.#lines.push(line);
    if (this.#lines.length >= 1_000) this[Symbol.dispose]();
  };

  [Symbol.dispose](): void {
    if (this.#lines.length > 0) process.stdout.write(`${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }
}
