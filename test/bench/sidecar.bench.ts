/**
 * A sidecar beside a redis-server: redis-benchmark's commands a second, requests a second of a PHP
 * site whose sessions are there, and memory per key.
 *
 * Two sidecars in a mesh, so that a write is at the other machine before its reply. Needs Debian's
 * redis-server, redis-tools, php-cli and php-redis. Not here: Tomcat.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { RespConnection } from "../interop/resp-connection.js";
import { encodeCommand } from "../interop/resp-frame.js";
import { BUILT, type Sidecar, startSidecars } from "../interop/sidecars.js";
import { phpBench } from "./php-site.js";
import { type RedisServer, startRedis } from "./redis.js";
import { atLeast, informative, median, type Result } from "./result.js";
import { interleave } from "./workload.js";

const run = promisify(execFile);

const ROUNDS = 3;
const CLIENTS = 50;
const KEYS = 10_000;
/** A run is as long as this on a machine of any speed: a short one tells how many requests that is. */
const RUN_SECONDS = 2;
const TRIAL_REQUESTS = 2_000;
const PEER = "redis-server";
const AS_USED = { ackDeadlineMs: 100 };

/** What redis-benchmark is asked to do, and what was put there before. */
interface Workload {
  readonly name: string;
  readonly args: readonly string[];
}

const KEY = "key:__rand_int__";

/** Each write of these is of a value that was not there before: nothing is saved by comparing. */
const WORKLOADS: readonly Workload[] = [
  { name: "SET", args: ["SET", KEY, "value:__rand_int__"] },
  { name: "GET", args: ["GET", KEY] },
  { name: "HSET", args: ["HSET", "hash:__rand_int__", "field", "value:__rand_int__"] },
  { name: "HGETALL", args: ["HGETALL", "hash:__rand_int__"] },
];

/** All figures of this file. */
export async function sidecarBench(): Promise<Result[]> {
  const redis = await startRedis();
  if (!redis) {
    console.warn("redis-server is not installed: the sidecar is compared with nobody");
    return [];
  }
  const sidecars = await startSidecars(2, AS_USED, BUILT);
  const [sidecar] = sidecars as [Sidecar];
  const peer = Number(new URL(redis.url).port);
  const results: Result[] = [];
  try {
    for (const [pipelined, target] of [
      [1, 0.7],
      [16, 0.5],
    ] as const)
      for (const workload of WORKLOADS)
        results.push(
          await compare(workload, { pipelined, target, ours: sidecar.address.port, peer }),
        );
    results.push(...(await phpBench(sidecar.address.port, peer)));
    results.push(await memoryPerKey());
  } finally {
    for (const { stop } of sidecars) await stop();
    await redis.stop();
  }
  return results;
}

interface Comparison {
  readonly pipelined: number;
  readonly target: number;
  readonly ours: number;
  readonly peer: number;
}

async function compare(
  workload: Workload,
  { pipelined, target, ...ports }: Comparison,
): Promise<Result> {
  const run = { workload, pipelined };
  const sized = await Promise.all(
    [ports.ours, ports.peer].map(async (port) => {
      const trial = await redisBenchmark(port, { ...run, requests: TRIAL_REQUESTS });
      const requests = Math.max(TRIAL_REQUESTS, Math.round(trial * RUN_SECONDS));
      return () => redisBenchmark(port, { ...run, requests });
    }),
  );
  const [ours, peer] = sized as [() => Promise<number>, () => Promise<number>];
  const rates = await interleave(ROUNDS, ours, peer);
  const name = `redis-benchmark ${workload.name}, P=${pipelined}`;
  const measured = { ours: median(rates.ours), peer: { name: PEER, value: median(rates.peer) } };
  return atLeast(target, { name, unit: "/s", ...measured });
}

interface BenchmarkRun {
  readonly workload: Workload;
  readonly pipelined: number;
  readonly requests: number;
}

/** Commands a second as redis-benchmark counts them. */
async function redisBenchmark(
  port: number,
  { workload, pipelined, requests }: BenchmarkRun,
): Promise<number> {
  const load = ["-n", String(requests), "-c", String(CLIENTS), "-P", String(pipelined)];
  const args = ["-p", String(port), ...load, "-r", String(KEYS), "--csv", ...workload.args];
  const { stdout } = await run("redis-benchmark", args);
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return Number(/^"[^"]*","([\d.]+)"/.exec(last)?.[1]);
}

/** What a session of 300 bytes as a string key costs, keys of both told apart by what they had before. */
async function memoryPerKey(): Promise<Result> {
  const keys = 20_000;
  const redis = (await startRedis()) as RedisServer;
  const [sidecar] = (await startSidecars(1, AS_USED, BUILT)) as [Sidecar];
  const costs: number[] = [];
  for (const { port, pid } of [
    { port: sidecar.address.port, pid: sidecar.pid },
    { port: Number(new URL(redis.url).port), pid: redis.pid },
  ]) {
    await fill(port, { from: 0, count: 5_000 });
    const before = residentBytes(pid);
    await fill(port, { from: 5_000, count: keys });
    costs.push((residentBytes(pid) - before) / keys);
  }
  await sidecar.stop();
  await redis.stop();
  const [ours = Number.NaN, peer = Number.NaN] = costs;
  return informative({
    name: "memory per key of 300 bytes",
    unit: "B",
    ours,
    peer: { name: PEER, value: peer },
  });
}

async function fill(port: number, { from, count }: { from: number; count: number }): Promise<void> {
  const connection = await RespConnection.open({ port });
  const batch = 50;
  for (let at = from; at < from + count; at += batch) {
    const commands = Array.from({ length: batch }, (_, index) =>
      encodeCommand(["SET", `sess:${at + index}`, `${at + index}`.padEnd(300, "{}"), "EX", "1800"]),
    );
    await connection.send(Buffer.concat(commands), batch);
  }
  connection.close();
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
}
