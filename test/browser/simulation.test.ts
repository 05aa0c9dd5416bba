/**
 * The simulation in a browser: the same seeds give the same traces in Chromium as in Node, so that a
 * failing seed can be looked at where it can be seen.
 *
 * Needs Chromium (CHROMIUM, or `chromium` in the path); `.ci/run` installs it.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { runSeed } from "@session-mesh/sim";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { bundleSimulation } from "../simulation/bundle.js";

/** Half a minute's worth, here and there. */
const SEEDS = Array.from({ length: 10 }, (_, i) => i + 1);

const TIMEOUT_MS = 300_000;

/** Nothing of this needs a sandbox, a screen or a network. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is; undefined where there is none. */
function chromiumPath(): string | undefined {
  const { CHROMIUM } = process.env;
  if (CHROMIUM) return CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

const executablePath = chromiumPath();

if (executablePath === undefined) {
  console.warn("SKIPPED: no Chromium here; install one, or name it in CHROMIUM");
}

/** What a seed came to, as text. */
interface Outcome {
  readonly seed: number;
  readonly hash: string;
  readonly failure: string | undefined;
}

/** Runs seeds in a page that knows nothing but the bundle. */
async function inBrowser(seeds: readonly number[]): Promise<Outcome[]> {
  using bundle = await bundleSimulation({ isForBrowser: true });
  const browser = await chromium.launch({ executablePath: executablePath ?? "", args: FLAGS });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: readFileSync(bundle.path, "utf8") });
    return await page.evaluate((all) => {
      const { simulation } = globalThis as unknown as { simulation: { runSeed: typeof runSeed } };
      return all.map((seed) => {
        const { hash, failure } = simulation.runSeed(seed);
        return { seed, hash, failure: failure?.detail };
      });
    }, seeds);
  } finally {
    await browser.close();
  }
}

test.skipIf(executablePath === undefined)(
  "seeds give the same traces in Chromium as in Node",
  { timeout: TIMEOUT_MS },
  async () => {
    const here = SEEDS.map((seed) => {
      const { hash, failure } = runSeed(seed);
      return { seed, hash, failure: failure?.detail };
    });
    expect(await inBrowser(SEEDS)).toEqual(here);
  },
);
