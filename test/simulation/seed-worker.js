/**
 * A thread that runs seeds, one after another, with the bundle that it is given.
 *
 * Not here: which seeds (pool.ts).
 */
import { parentPort, workerData } from "node:worker_threads";

const { runSeed } = await import(workerData.url);

parentPort.on("message", ({ seed, override }) => {
  try {
    parentPort.postMessage({ report: runSeed(seed, { override }) });
  } catch (error) {
    parentPort.postMessage({ error: error?.stack ?? String(error) });
  }
});
