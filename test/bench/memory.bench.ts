/**
 * The memory that a session takes: of the process that received a hundred thousand of them from a
 * peer, and of the one that made them, beside Redis' for the same JSON.
 *
 * Each is a process of its own, measured before and after, each time after a full collection: what is
 * in use (heap and buffers), and what the system gave (resident), which has garbage's room in it too.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { RedisStore } from "connect-redis";
import type { SessionData } from "express-session";
import { createClient } from "redis";
import { freePort, type RedisServer } from "./redis.js";
import { atMost, type Result } from "./result.js";
import { sampleSession } from "./workload.js";

const SESSIONS = 100_000;
const AT_ONCE = 500;
const TARGET_BYTES = 600;

/** Bytes for each session, as a node measured them. */
export interface MemoryReport {
  /** Heap and buffers in use. */
  readonly usedBytes: number;
  readonly residentBytes: number;
  /** What the node itself counts against `sessionsBytesMax`. */
  readonly countedBytes: number;
}

/** All figures of this file; without a Redis server, beside the target. */
export async function memoryBench(redis: RedisServer | undefined): Promise<Result[]> {
  const { receiver, origin } = await measureNodes();
  const peerBytes = redis ? await measureRedis(redis) : undefined;
  const figure = (name: string, ours: number): Result => {
    const target = atMost({
      ...{ name: `memory per session, ${name}`, unit: "B", ours },
      peer: { name: "limit", value: TARGET_BYTES },
    });
    if (peerBytes === undefined) return target;
    return { ...target, peer: peerBytes, peerName: "redis used_memory", ratio: ours / peerBytes };
  };
  return [
    figure("received by a peer", receiver.usedBytes),
    figure("received by a peer, resident", receiver.residentBytes),
    figure("received by a peer, as counted", receiver.countedBytes),
    figure("made here, 5,000 hot and the change log", origin.usedBytes),
    figure("made here, resident", origin.residentBytes),
  ];
}

async function measureNodes(): Promise<{ receiver: MemoryReport; origin: MemoryReport }> {
  const port = String(await freePort());
  const receiver = start([port, String(SESSIONS)]);
  await once(receiver, "message");
  const origin = start([String(await freePort()), String(SESSIONS), `127.0.0.1:${port}`]);
  await once(origin, "message");
  const reports = await Promise.all([reportOf(receiver), reportOf(origin)]);
  for (const node of [origin, receiver]) {
    const exit = once(node, "exit");
    node.disconnect();
    await exit;
  }
  return { receiver: reports[0], origin: reports[1] };
}

function start(args: readonly string[]): ChildProcess {
  const script = fileURLToPath(new URL("./memory-node.ts", import.meta.url));
  return fork(script, args, { execArgv: [...process.execArgv, "--expose-gc"] });
}

async function reportOf(node: ChildProcess): Promise<MemoryReport> {
  const [report] = (await once(node, "message")) as [MemoryReport];
  return report;
}

/** What Redis takes for each of as many sessions, as connect-redis stores them. */
async function measureRedis(redis: RedisServer): Promise<number> {
  const client = createClient({ url: redis.url });
  await client.connect();
  const store = new RedisStore({ client });
  const used = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);
  const before = await used();
  const cookie = { originalMaxAge: 86_400_000, path: "/" };
  const session = { ...sampleSession(), cookie } as unknown as SessionData;
  for (let index = 0; index < SESSIONS; index += AT_ONCE) {
    const writes = Array.from({ length: AT_ONCE }, (_, i) =>
      store.set(`memory-${String(index + i).padStart(25, "0")}`, session),
    );
    await Promise.all(writes);
  }
  const bytes = ((await used()) - before) / SESSIONS;
  await client.flushAll();
  client.destroy();
  return bytes;
}
