/**
 * What storage costs: writes that one peer acknowledges, with the disk and without, and how soon a
 * node serves what it had stored. The disk is that of the system's temporary files.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createMesh, type Mesh, type MeshOptions } from "session-mesh";
import { createLmdbStorage } from "session-mesh/lmdb";
import { atMost, informative, quantile, type Result } from "./result.js";
import { rate, sampleSession } from "./workload.js";

type Durability = "none" | "memory" | "disk";

const STORED_COUNT = 100_000;
const DEADLINE = { deadlineMs: 60_000 };

interface Rates {
  readonly oneMs: number;
  readonly manyPerSecond: number;
  readonly batches: number;
  readonly records: number;
}

/** All figures of this file. */
export async function storageBench(): Promise<Result[]> {
  const none = await writeRates("none");
  const memory = await writeRates("memory");
  const disk = await writeRates("disk");
  const perBatch = (disk.records / disk.batches).toFixed(1);
  console.warn(`with the disk awaited, 256 in flight: ${perBatch} sessions in a batch`);
  const beside = (name: string, ours: number, value: number): Result =>
    informative({ name, unit: "/s", ours, peer: { name: "without storage", value } });
  const start = await startOfStored();
  console.warn(`${STORED_COUNT} sessions take ${start.megabytes.toFixed(0)} MB of disk`);
  const delay = (name: string, ours: number, value: number): Result =>
    informative({ name, unit: "ms", ours, peer: { name: "without storage", value } });
  return [
    beside("writes acked, 256 in flight, memory", memory.manyPerSecond, none.manyPerSecond),
    beside("writes acked, 256 in flight, disk", disk.manyPerSecond, none.manyPerSecond),
    delay("a write acked, p50, memory", memory.oneMs, none.oneMs),
    delay("a write acked, p50, disk", disk.oneMs, none.oneMs),
    atMost({
      name: "start with 100,000 stored sessions",
      unit: "s",
      ours: start.seconds,
      peer: { name: "limit", value: 5 },
    }),
  ];
}

async function writeRates(durability: Durability): Promise<Rates> {
  const directory = await mkdtemp(join(tmpdir(), "session-mesh-bench-"));
  const counts = { batches: 0, records: 0 };
  const mesh = await createMesh({
    ...storageIn(join(directory, "here"), durability),
    onEvent: (event) => {
      if (event.type !== "persisted") return;
      counts.batches += 1;
      counts.records += event.records;
    },
  });
  const script = fileURLToPath(new URL("./stored-peer-node.ts", import.meta.url));
  const peer = fork(script, [join(directory, "peer"), durability, mesh.address]);
  await once(peer, "message");
  while (!mesh.status().members.some(({ isLinked }) => isLinked)) await pause();
  const ids = await createSessions(mesh, 1_000);
  let writes = 0;
  const write = async (): Promise<void> => {
    writes += 1;
    const opened = mesh.sessions.open(ids[writes % ids.length] as string);
    if (opened.status !== "found") throw new Error("lost");
    opened.session.value["views"] = 1_000 + writes;
    const { degraded } = await opened.session.commit({ acks: 1, ...DEADLINE });
    if (degraded) throw new Error("degraded");
  };
  await rate(64, 500, write);
  const times: number[] = [];
  for (let index = 0; index < 200; index++) {
    const startedAtMs = performance.now();
    await write();
    times.push(performance.now() - startedAtMs);
  }
  counts.batches = counts.records = 0;
  const manyPerSecond = await rate(256, 3_000, write);
  const exited = once(peer, "exit");
  peer.disconnect();
  await exited;
  await mesh.close({ drain: false });
  await rm(directory, { recursive: true, force: true });
  return { oneMs: quantile(times, 0.5), manyPerSecond, ...counts };
}

async function startOfStored(): Promise<{ seconds: number; megabytes: number }> {
  const directory = await mkdtemp(join(tmpdir(), "session-mesh-bench-"));
  await run("fill", directory, String(STORED_COUNT));
  const { size } = await stat(join(directory, "sessions.mdb"));
  const { seconds, held } = await run("start", directory);
  if (held !== STORED_COUNT) throw new Error(`${held} sessions came back`);
  await rm(directory, { recursive: true, force: true });
  return { seconds, megabytes: size / 1e6 };
}

async function run(...task: string[]): Promise<{ seconds: number; held: number }> {
  const child = fork(fileURLToPath(new URL("./stored-start.ts", import.meta.url)), task);
  const [said] = (await once(child, "message")) as [{ seconds: number; held: number }];
  child.disconnect();
  return said;
}

function storageIn(dataDir: string, durability: Durability): MeshOptions {
  return durability === "none" ? {} : { storage: createLmdbStorage({ dataDir }), durability };
}

async function createSessions(mesh: Mesh, count: number): Promise<string[]> {
  const created = Array.from({ length: count }, async () => {
    const session = mesh.sessions.create();
    Object.assign(session.value, sampleSession());
    await session.commit({ acks: 0, ...DEADLINE });
    return session.id;
  });
  return Promise.all(created);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
