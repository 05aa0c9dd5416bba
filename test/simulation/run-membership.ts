/** Measures membership and dissemination alone, and prints the table that docs/SIMULATOR.md keeps. */
import type { ColdStart, Idle, MembershipScale, Spread } from "@session-mesh/sim";
import { bundleSimulation, type Simulation } from "./bundle.js";

/** How long nothing happens: first until all have audited all, then while silence is measured. */
const SETTLED_MS = 5_000;
const IDLE_MS = 5_000;

/** Prints a column for each size. */
export async function measureMembership(sizes: readonly number[]): Promise<boolean> {
  using bundle = await bundleSimulation();
  const { MembershipScale } = (await import(bundle.url)) as Simulation;
  const columns = sizes.map((nodes) => {
    console.info(`\n${nodes} nodes`);
    return Object.fromEntries(said(cellsOf(new MembershipScale(nodes), nodes)));
  });
  const heads = Object.keys(columns[0] ?? {});
  console.info(`\n| | ${sizes.map((nodes) => `${nodes} nodes`).join(" | ")} |`);
  console.info(`|---|${sizes.map(() => "---|").join("")}`);
  for (const head of heads) {
    console.info(`| ${head} | ${columns.map((column) => column[head]).join(" | ")} |`);
  }
  return true;
}

type Cell = readonly [head: string, text: string];

/** Large clusters take minutes: what is measured is said at once. */
function* said(cells: Iterable<Cell>): Iterable<Cell> {
  for (const [head, text] of cells) {
    console.info(`  ${head}: ${text}`);
    yield [head, text];
  }
}

/** Each is measured when it is asked for, in this order. */
function* cellsOf(scale: MembershipScale, nodes: number): Iterable<Cell> {
  const start = timed(() => scale.coldStart());
  yield ["cold start, 3 seeds: all know all; all linked; each sends", startCell(start, nodes)];
  scale.idle(SETTLED_MS);
  const idle = timed(() => scale.idle(IDLE_MS));
  yield ["idle: each sends a second; to each peer; its CPU", idleCell(idle, nodes)];
  yield ["a node joins", spreadCell(scale.join())];
  yield ["a node leaves", spreadCell(scale.leave())];
  yield ["a process crashes, its kernel tells", spreadCell(scale.crash())];
  const { suspected, downMs } = scale.powerLoss();
  const lost = `${spreadCell(suspected)}; given up after ${time(downMs)}`;
  yield ["a machine loses its power, and nobody is told", lost];
  yield ["a node writes", spreadCell(scale.write())];
}

/** What was measured, and the CPU time that it took. */
interface Timed<T> {
  readonly result: T;
  readonly cpuMs: number;
}

function startCell({ result, cpuMs }: Timed<ColdStart>, nodes: number): string {
  const { knownMs, linkedMs, frames, bytes } = result;
  const sent = `${count(frames / nodes)} frames, ${size(bytes / nodes)}`;
  return `${time(knownMs)}; ${time(linkedMs)}; ${sent}; ${(cpuMs / nodes).toFixed(0)} ms CPU`;
}

function idleCell({ result, cpuMs }: Timed<Idle>, nodes: number): string {
  const { framesPerNodeSecond, bytesPerNodeSecond, bytesPerPeerSecond } = result;
  const sent = `${count(framesPerNodeSecond)} frames, ${size(bytesPerNodeSecond)}`;
  const cpuMsPerSecond = cpuMs / nodes / (IDLE_MS / 1_000);
  return `${sent}; ${bytesPerPeerSecond.toFixed(1)} B; ${cpuMsPerSecond.toFixed(1)} ms`;
}

function spreadCell({ allMs, hopsMax, tellings, frames, bytes }: Spread): string {
  const hops = hopsMax === 1 ? "1 hop" : `${hopsMax} hops`;
  return `${time(allMs)}, ${hops}; told ${tellings.toFixed(0)}×; ${count(frames)} frames, ${size(bytes)}`;
}

function timed<T>(measure: () => T): Timed<T> {
  const before = process.cpuUsage();
  const result = measure();
  const { user, system } = process.cpuUsage(before);
  return { result, cpuMs: (user + system) / 1_000 };
}

function time(duration: number | undefined): string {
  if (duration === undefined || !Number.isFinite(duration)) return "never";
  if (duration >= 1_000) return `${(duration / 1_000).toFixed(1)} s`;
  return `${duration.toFixed(duration < 10 ? 1 : 0)} ms`;
}

function count(number: number): string {
  return Math.round(number).toLocaleString("en");
}

function size(bytes: number): string {
  if (bytes < 10_000) return `${count(bytes)} B`;
  return bytes < 1e6 ? `${count(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
