/** What real processes keep of the promises when they are killed, stopped and cut off. */
import { afterEach, expect, test } from "vitest";
import {
  type AppNode,
  joinedTo,
  killAll,
  newUser,
  startAppNode,
  startCluster,
  until,
  type User,
} from "./app-nodes.js";
import { freePort, TcpLink } from "./tcp-link.js";

/** Short, so that what only an audit repairs is repaired while a test lasts. */
const MESH = { ackDeadlineMs: 2_000, limits: { auditIntervalMs: 500, redialDelayMsMax: 500 } };
const SLOW_MACHINE_MS = 60_000;

const links: TcpLink[] = [];

afterEach(async () => {
  await killAll();
  for (const link of links.splice(0)) link.close();
});

async function areEqual(nodes: readonly AppNode[], users: readonly User[]): Promise<boolean> {
  const perNode = nodes.map((node) => Promise.all(users.map((user) => node.read(user))));
  const [first, ...others] = (await Promise.all(perNode)).map((shown) => JSON.stringify(shown));
  return others.every((other) => other === first);
}

test(
  "P1: a write whose response came before kill -9 is on the survivors, 20 of 20",
  async () => {
    const survivors = await startCluster(2, { mesh: MESH });
    const user = newUser();
    await survivors[0]?.write(user, { set: { begun: true } });
    for (let round = 0; round < 20; round += 5) {
      const joining = Array.from({ length: 5 }, () => joinedTo(survivors, { mesh: MESH }));
      const victims = await Promise.all(joining);
      for (const [index, victim] of victims.entries()) {
        const key = `round-${round + index}`;
        await victim.write(user, { set: { [key]: round }, count: 1 });
        victim.signal("SIGKILL");
        await until(async () => {
          const shown = await Promise.all(survivors.map((node) => node.read(user)));
          return shown.every(({ keys }) => keys[key] === round);
        });
      }
    }
    const shown = await Promise.all(survivors.map((node) => node.read(user)));
    expect(shown.map(({ count }) => count)).toEqual([20, 20]);
  },
  SLOW_MACHINE_MS,
);

test(
  "P8: while a node is stopped the others go on, and when it runs again all are equal",
  async () => {
    const [a, b, stopped] = await startCluster(3, { mesh: MESH });
    if (!a || !b || !stopped) throw new Error("three nodes were asked for");
    const [user, leaver] = [newUser(), newUser()];
    await a.write(user, { set: { before: true } });
    await a.write(leaver, { set: { before: true } });
    await until(async () => (await stopped.read(leaver)).keys.before === true);

    stopped.signal("SIGSTOP");
    const startedAtMs = performance.now();
    let slowestMs = 0;
    for (let count = 0; performance.now() - startedAtMs < 3_500; count += 1) {
      const sentAtMs = performance.now();
      await (count % 2 === 0 ? a : b).write(user, { push: count });
      slowestMs = Math.max(slowestMs, performance.now() - sentAtMs);
    }
    // A logout waits for every peer, but not for one that does not answer.
    const sentAtMs = performance.now();
    await b.logOut(leaver);
    expect(performance.now() - sentAtMs).toBeLessThan(MESH.ackDeadlineMs + 1_500);
    expect(slowestMs).toBeLessThan(MESH.ackDeadlineMs + 1_500);

    stopped.signal("SIGCONT");
    await until(() => areEqual([a, b, stopped], [user, leaver]));
    expect((await stopped.read(leaver)).keys).toEqual({});
    expect((await stopped.read(user)).list.length).toBeGreaterThan(5);
  },
  SLOW_MACHINE_MS,
);

test(
  "P8, M1, M5, M8, M9: written on both sides of a cut, equal on both after the heal",
  async () => {
    const [a, b] = await startCutPair();
    const [user, leaver] = [newUser(), newUser()];
    await a.write(user, { set: { before: true }, count: 1 });
    await a.write(leaver, { set: { before: true } });
    await until(() => areEqual([a, b], [user, leaver]));

    for (const link of links) link.cut();
    await a.write(user, { set: { left: 1 }, push: "left", count: 10 });
    await b.write(user, { set: { right: 2 }, push: "right", count: 100 });
    await a.logOut(leaver);
    await b.write(leaver, { set: { late: true } });
    expect((await a.read(user)).keys).toEqual({ before: true, left: 1 });
    expect((await b.read(user)).keys).toEqual({ before: true, right: 2 });

    for (const link of links) link.heal();
    await until(() => areEqual([a, b], [user, leaver]));
    const shown = await a.read(user);
    expect(shown.keys).toEqual({ before: true, left: 1, right: 2 });
    expect([...shown.list].toSorted()).toEqual(["left", "right"]);
    expect(shown.count).toBe(111);
    expect(await b.read(leaver)).toEqual({ keys: {}, list: [], count: 0 });
  },
  SLOW_MACHINE_MS,
);

/** Two nodes that reach each other only by links that can be cut. */
async function startCutPair(): Promise<[AppNode, AppNode]> {
  const ports = [await freePort(), await freePort()];
  for (const port of ports) links.push(await TcpLink.open(port));
  const addresses = links.map(({ port }) => `ws://127.0.0.1:${port}`);
  const [first, second] = ports.map((port, index) => ({
    mesh: { ...MESH, listen: { port }, advertise: addresses[index] ?? "", seeds: [] as string[] },
  }));
  if (!first || !second) throw new Error("two nodes were asked for");
  const a = await startAppNode(first);
  const b = await startAppNode({ mesh: { ...second.mesh, seeds: addresses.slice(0, 1) } });
  return [a, b];
}
