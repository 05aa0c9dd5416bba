/**
 * A node joins three others that hold a hundred thousand sessions: how long until it holds them all,
 * how soon it answers for one of them, and how long any of the four stands still meanwhile. Every
 * node is a process of its own.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { freePort } from "./redis.js";
import { atMost, type Result } from "./result.js";

const SESSIONS = 100_000;
const HOLDERS = 3;
const FILLED_WITHIN_MS = 300_000;

/** What a process says when it holds all sessions, and when it is asked. */
export interface HolderReport {
  readonly address: string;
  /** A session that was created there; empty where none was. */
  readonly id: string;
  /** The longest time that the process stood still since it was asked to look. */
  readonly stallMs: number;
}

/** What the joining process measured. */
export interface JoinReport {
  readonly joinedMs: number;
  readonly servedMs: number;
  readonly stallMs: number;
}

/** All figures of this file. */
export async function joinBench(): Promise<Result[]> {
  const holders: ChildProcess[] = [];
  const reports: HolderReport[] = [];
  try {
    // The first makes the sessions, the others join it.
    for (let index = 0; index < HOLDERS; index++) {
      const seeds = reports.map(({ address }) => address);
      const holder = fork(script("./holder.ts"), [String(SESSIONS), ...seeds]);
      holders.push(holder);
      reports.push(await heard<HolderReport>(holder));
    }
    return await measure(holders, reports);
  } finally {
    for (const holder of holders) holder.disconnect();
  }
}

async function measure(
  holders: readonly ChildProcess[],
  reports: readonly HolderReport[],
): Promise<Result[]> {
  const id = reports[0]?.id ?? "";
  const addresses = reports.map(({ address }) => address);
  for (const holder of holders) holder.send("watch");
  const port = String(await freePort());
  const joiner = fork(script("./joiner.ts"), [port, String(SESSIONS), id, ...addresses]);
  const report = await heard<JoinReport>(joiner);
  joiner.disconnect();
  const stalls = holders.map((holder) => heard<HolderReport>(holder));
  for (const holder of holders) holder.send("stall");
  const donorStallMs = Math.max(...(await Promise.all(stalls)).map(({ stallMs }) => stallMs));
  return [
    figure("join with 100,000 sessions", report.joinedMs, 2_000),
    figure("first session served while joining", report.servedMs, 150),
    figure("longest stall of the joining node", report.stallMs, 50),
    figure("longest stall of a donor", donorStallMs, 50),
  ];
}

function figure(name: string, ours: number, value: number): Result {
  return atMost({ name, unit: "ms", ours, peer: { name: "limit", value } });
}

function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function heard<T>(child: ChildProcess): Promise<T> {
  const signal = AbortSignal.timeout(FILLED_WITHIN_MS);
  const [message] = (await once(child, "message", { signal })) as [T];
  return message;
}
