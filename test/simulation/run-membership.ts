/** Measures membership and dissemination alone, and prints the table that docs/SIMULATOR.md keeps. */
import type { MembershipScale, Spread } from "@session-mesh/sim";
import { bundleSimulation, type Simulation } from "./bundle.js";

/** How long nothing happens while silence is measured. */
const IDLE_MS = 20_000;

/** Prints a column for each size. */
export async function measureMembership(sizes: readonly number[]): Promise<boolean> {
  using bundle = await bundleSimulation();
  const { MembershipScale } = (await import(bundle.url)) as Simulation;
  const columns = sizes.map((nodes) => {
    console.info(`measures ${nodes} nodes`);
    return columnOf(new MembershipScale(nodes), nodes);
  });
  const heads = Object.keys(columns[0] ?? {});
  console.info(`\n| | ${sizes.map((nodes) => `${nodes} nodes`).join(" | ")} |`);
  console.info(`|---|${sizes.map(() => "---|").join("")}`);
  for (const head of heads) {
    console.info(`| ${head} | ${columns.map((column) => column[head]).join(" | ")} |`);
  }
  return true;
}

function columnOf(scale: MembershipScale, nodes: number): Record<string, string> {
  const start = timed(() => scale.coldStart());
  const idle = timed(() => scale.idle(IDLE_MS));
  const idleCpuMs = idle.cpuMs / nodes / (IDLE_MS / 1_000);
  const { framesPerNodeSecond, bytesPerNodeSecond, bytesPerPeerSecond } = idle.result;
  const join = scale.join();
  const leave = scale.leave();
  const crash = scale.crash();
  const { suspected, downMs } = scale.powerLoss();
  const write = scale.write();
  const { knownMs, linkedMs, frames, bytes } = start.result;
  return {
    "cold start: each knows all; is linked to all": `${ms(knownMs)}; ${ms(linkedMs)}`,
    "… frames and bytes that a node sends": `${count(frames / nodes)}; ${size(bytes / nodes)}`,
    "idle: frames and bytes that a node sends a second": `${count(framesPerNodeSecond)}; ${size(bytesPerNodeSecond)}`,
    "… bytes to each peer; CPU of a node": `${bytesPerPeerSecond.toFixed(1)} B; ${idleCpuMs.toFixed(2)} ms`,
    ...spreadRows("a node joins", join),
    ...spreadRows("a node leaves", leave),
    ...spreadRows("a process crashes (FIN)", crash),
    ...spreadRows("a machine loses its power", suspected),
    "… until all have given it up": ms(downMs),
    ...spreadRows("a write", write),
    "CPU of the cold start": `${(start.cpuMs / 1_000).toFixed(1)} s`,
  };
}

function spreadRows(what: string, spread: Spread): Record<string, string> {
  const { halfMs, allMs, hopsMax, tellings, frames, bytes } = spread;
  return {
    [`${what}: half know; all know; hops`]: `${ms(halfMs)}; ${ms(allMs)}; ${hopsMax}`,
    [`${what}: times that each is told; frames and bytes of all`]: `${tellings.toFixed(1)}; ${count(frames)}; ${size(bytes)}`,
  };
}

function timed<T>(measure: () => T): { result: T; cpuMs: number } {
  const before = process.cpuUsage();
  const result = measure();
  const { user, system } = process.cpuUsage(before);
  return { result, cpuMs: (user + system) / 1_000 };
}

function ms(duration: number | undefined): string {
  if (duration === undefined || !Number.isFinite(duration)) return "never";
  return duration < 1_000 ? `${duration.toFixed(1)} ms` : `${(duration / 1_000).toFixed(1)} s`;
}

function count(number: number): string {
  return Math.round(number).toLocaleString("en");
}

function size(bytes: number): string {
  if (bytes < 10_000) return `${count(bytes)} B`;
  return bytes < 1e7 ? `${count(bytes / 1e3)} KB` : `${count(bytes / 1e6)} MB`;
}
