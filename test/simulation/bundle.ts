/**
 * The simulation as one file, made from source in a moment: what workers, browsers and canaries run.
 *
 * Not here: running seeds (pool.ts).
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { type Canary, patched } from "./canaries/patch.js";

/** What a bundle exports. */
export type Simulation = typeof import("./entry.js");

/** A bundle on disk, until it is removed. */
export interface Bundle extends Disposable {
  /** To be imported. */
  readonly url: string;
  readonly path: string;
}

/** How to bundle. */
export interface BundleOptions {
  /** A defect to build in. */
  readonly canary?: Canary | undefined;
  /** For a browser: a script that sets `globalThis.simulation`. */
  readonly isForBrowser?: boolean;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles core, sim and the scenarios from their sources. */
export async function bundleSimulation(options: BundleOptions = {}): Promise<Bundle> {
  const { canary, isForBrowser = false } = options;
  const folder = mkdtempSync(join(tmpdir(), "session-mesh-sim-"));
  const path = join(folder, isForBrowser ? "simulation.js" : "simulation.mjs");
  const patches = canary ? patchPlugin(canary) : undefined;
  await build({
    entryPoints: [join(ROOT, "test/simulation/entry.ts")],
    outfile: path,
    bundle: true,
    conditions: ["session-mesh-source"],
    target: "es2023",
    sourcemap: isForBrowser ? false : "inline",
    sourcesContent: false,
    logLevel: "silent",
    plugins: patches ? [patches.plugin] : [],
    ...(isForBrowser
      ? { platform: "browser", format: "iife", globalName: "simulation" }
      : { platform: "node", format: "esm" }),
  });
  // A defect in a file that nothing loads would prove nothing.
  const missed = patches?.missed() ?? [];
  if (missed.length > 0) throw new Error(`canary ${canary?.name}: nothing loads ${missed.join()}`);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return { url: pathToFileURL(path).href, path, [Symbol.dispose]: remove };
}

function patchPlugin(canary: Canary): { plugin: Plugin; missed: () => string[] } {
  const files = new Set(canary.edits.map(({ file }) => file));
  const missed = new Set(files);
  const plugin: Plugin = {
    name: "canary",
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = relative(ROOT, path).replaceAll("\\", "/");
        if (!files.has(file)) return undefined;
        missed.delete(file);
        return { contents: patched(readFileSync(path, "utf8"), file, canary), loader: "ts" };
      });
    },
  };
  return { plugin, missed: () => [...missed] };
}
