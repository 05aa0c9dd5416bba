/** A rolling deploy of real processes, behind the demo's balancer, under load. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { Balancer } from "../../apps/demo/src/balancer.js";
import type { Upstream } from "../../apps/demo/src/upstream.js";
import {
  type AppNode,
  joinedTo,
  killAll,
  newUser,
  sessionCookie,
  startCluster,
  until,
} from "./app-nodes.js";

const OPTIONS = { mesh: { ackDeadlineMs: 5_000 }, readinessDelayMs: 1_000 };
const USERS = 12;
const THINK_MS = 50;
const SLOW_MACHINE_MS = 60_000;

let balancer: Balancer | undefined;

afterEach(async () => {
  balancer?.close();
  await killAll();
});

test(
  "P7: a rolling deploy under load loses no request, no session and no write",
  async () => {
    balancer = new Balancer();
    await balancer.listen(18_080);
    const front = balancer;
    const behind = new Map<AppNode, Upstream>();
    const add = (node: AppNode): void => void behind.set(node, front.add("node", node.origin));
    for (const node of await startCluster(3, OPTIONS)) add(node);
    await until(() => front.upstreams.every(({ isReady }) => isReady));

    const load = startLoad(front.url);
    const old = [...behind.keys()];
    for (const node of old) {
      node.signal("SIGTERM");
      expect(await node.exitCode()).toBe(0);
      front.remove(behind.get(node) as Upstream);
      behind.delete(node);
      add(await joinedTo([...behind.keys()], OPTIONS));
      await until(() => front.upstreams.every(({ isReady }) => isReady));
    }
    const users = await load.stop();

    expect(users.flatMap(({ failures }) => failures)).toEqual([]);
    for (const { user, acknowledged } of users) {
      expect(acknowledged.length).toBeGreaterThan(20);
      for (const node of behind.keys()) {
        await until(async () => (await node.read(user)).list.length >= acknowledged.length);
        expect((await node.read(user)).list).toEqual(acknowledged);
      }
    }
  },
  SLOW_MACHINE_MS,
);

interface Loaded {
  readonly user: ReturnType<typeof newUser>;
  readonly acknowledged: number[];
  readonly failures: string[];
}

/** Users who each push one number after the other, through the balancer, until stopped. */
function startLoad(origin: string): { stop(): Promise<Loaded[]> } {
  let isOver = false;
  const live = async (): Promise<Loaded> => {
    const loaded: Loaded = { user: newUser(), acknowledged: [], failures: [] };
    for (let number = 0; !isOver; number += 1) {
      await pushOne(origin, loaded, number);
      await sleep(THINK_MS);
    }
    return loaded;
  };
  const lives = Array.from({ length: USERS }, live);
  return {
    stop: () => {
      isOver = true;
      return Promise.all(lives);
    },
  };
}

async function pushOne(origin: string, loaded: Loaded, number: number): Promise<void> {
  const { user, acknowledged, failures } = loaded;
  const headers = { "content-type": "application/json", cookie: user.cookie ?? "" };
  const body = JSON.stringify({ push: number });
  try {
    const response = await fetch(`${origin}/write`, { method: "POST", headers, body });
    const text = await response.text();
    const cookie = sessionCookie(response);
    if (cookie !== undefined && user.cookie !== undefined) failures.push("a session was lost");
    user.cookie ??= cookie;
    if (response.ok) acknowledged.push(number);
    else failures.push(`${response.status} ${text}`);
  } catch (error) {
    failures.push(String(error));
  }
}
