/** P10 with real processes, real disks and kill -9. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { whenOver } from "../express/cluster.js";
import { type StoredNode, startStoredNode } from "./stored-nodes.js";

const NAMES = ["a", "b", "c"];

async function dataDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "session-mesh-"));
  whenOver(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function start(options: Parameters<typeof startStoredNode>[0]): Promise<StoredNode> {
  const node = await startStoredNode(options);
  if (typeof node === "string") throw new Error(node);
  whenOver(() => node.kill());
  return node;
}

async function startAll(directory: string): Promise<StoredNode[]> {
  const nodes: StoredNode[] = [];
  for (const name of NAMES) {
    const seeds = nodes.map(({ address }) => address);
    nodes.push(await start({ dataDir: join(directory, name), node: name, seeds }));
  }
  return nodes;
}

/** A user who writes one key after another, here and there, and remembers what was acknowledged. */
async function use(nodes: readonly StoredNode[], acknowledged: Map<string, string[]>) {
  let id: string | undefined;
  for (let i = 0; i < 10_000; i++) {
    const node = nodes[i % nodes.length] as StoredNode;
    const key = `k${i}`;
    const answer = await node.write({ id, key });
    id = answer.id;
    const known = acknowledged.get(id) ?? [];
    const isHeld = answer.status === "committed" && answer.acks > 0 && !answer.degraded;
    acknowledged.set(id, isHeld ? [...known, key] : known);
  }
}

test("P10: three nodes are killed at once while they write; all that was acknowledged is there", async () => {
  const directory = await dataDirectory();
  const before = await startAll(directory);
  await sleep(500);
  const acknowledged = new Map<string, string[]>();
  for (let user = 0; user < 20; user++) void use(before, acknowledged);
  await sleep(1_500);
  await Promise.all(before.map((node) => node.kill()));
  const owed = [...acknowledged].map(([id, keys]) => [id, [...keys]] as const);
  const count = owed.reduce((sum, [, keys]) => sum + keys.length, 0);
  expect(count).toBeGreaterThan(50);

  const after = await startAll(directory);
  for (const node of after) {
    for (const [id, keys] of owed) {
      expect(await node.read(id)).toEqual(expect.arrayContaining([...keys]));
    }
  }
}, 60_000);

test("a directory that another process uses is refused, and free again when that is killed", async () => {
  const dataDir = await dataDirectory();
  const first = await start({ dataDir, node: "a" });
  expect(await startStoredNode({ dataDir, node: "b" })).toMatch(/is in use by another process/);
  const { id } = await first.write({ key: "mine" });
  await first.kill();
  const second = await start({ dataDir, node: "b" });
  expect(await second.read(id)).toEqual(["mine"]);
}, 30_000);
