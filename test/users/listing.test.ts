/**
 * The list of a user's sessions, and what log out everywhere needs, costs and refuses.
 *
 * Not here: what a revoke ends (revoke.test.ts).
 */
import { createMesh, DEFAULT_LIMITS, type UserSession } from "session-mesh";
import { expect, test } from "vitest";
import {
  areLinked,
  at,
  eventually,
  found,
  login,
  node,
  opened,
  stored,
  threeNodes,
  UNAWARE,
} from "./switchboard.js";

const DAY_MS = 86_400_000;

const namesOf = (sessions: readonly UserSession[]): string[] => sessions.map(({ name }) => name);

test("a user's sessions are listed on every node, the latest login first, nothing hydrated", async () => {
  const nodes = await threeNodes();
  const [a, b, c] = nodes;
  const startedAtMs = Date.now();
  const cart = await stored(b, { cart: [] });
  at(10);
  const first = await login(a, "ada");
  await login(a, "bob");
  at(20);
  opened(b, cart).value.cart = ["tea"];
  const late = opened(b, cart);
  late.value.user = { id: "ada" };
  await late.commit();

  const lists = nodes.map(({ sessions }) => sessions.ofUser("ada"));

  const expected = [a.sessions.nameOf(cart), a.sessions.nameOf(first)];
  expect(lists.map(namesOf)).toEqual([expected, expected, expected]);
  expect(lists[2]?.[0]).toMatchObject({
    // The cluster's time goes on with the monotonic clock, which does not stand still here.
    createdAtMs: expect.closeTo(startedAtMs, -3) as number,
    loggedInAtMs: startedAtMs + 20,
    expiresAtMs: opened(a, cart).expiresAtMs,
  });
  expect(JSON.stringify(lists)).not.toContain(first);
  expect(c.status().sessions).toMatchObject({ hot: 0, cold: 3 });
});

test("each can be ended by itself, which every node hears", async () => {
  const nodes = await threeNodes();
  const [a, , c] = nodes;
  const [one, two] = [await login(a, 7), await login(a, 7)];
  const listed = c.sessions.ofUser(7).find(({ name }) => name === c.sessions.nameOf(one));
  expect(await listed?.destroy({ deadlineMs: 5_000 })).toEqual({ acks: 2, degraded: false });
  expect(found(nodes, one)).toEqual(["destroyed", "destroyed", "destroyed"]);
  const left = nodes.map(({ sessions }) => namesOf(sessions.ofUser("7")));
  expect(left).toEqual(nodes.map(() => [a.sessions.nameOf(two)]));
});

test("who logged out, changed account, was destroyed or has expired is not listed", async () => {
  const a = await node("a", { idleMs: 60_000 });
  const [out, other, destroyed] = [
    await login(a, "ada"),
    await login(a, "ada"),
    await login(a, "ada"),
  ];
  const handle = opened(a, out);
  delete handle.value.user;
  await handle.commit();
  const changing = opened(a, other);
  changing.value.user = { id: "bob" };
  await changing.commit();
  await a.sessions.destroy(destroyed);
  expect(a.sessions.ofUser("ada")).toEqual([]);
  expect(a.sessions.ofUser("bob")).toHaveLength(1);
  at(70_000);
  expect(a.sessions.ofUser("bob")).toEqual([]);
});

test("a revoke leaves one session a user and day behind, which no list of sessions shows", async () => {
  const [a, b, c] = await threeNodes();
  const kept = await stored(a, { cart: [] });
  for (let ms = 1; ms <= 10; ms += 1) {
    at(ms);
    await login(a, "ada");
    await a.sessions.revoke({ user: "ada", deadlineMs: 5_000 });
  }
  for (const mesh of [a, b, c]) {
    const { hot, cold, tombstones } = mesh.status().sessions;
    expect({ held: hot + cold, tombstones }).toEqual({ held: 2, tombstones: 10 });
    expect(mesh.sessions.names()).toEqual([mesh.sessions.nameOf(kept)]);
  }
  at(DAY_MS);
  await a.sessions.revoke({ user: "ada", deadlineMs: 5_000 });
  expect(b.status().sessions).toMatchObject({ hot: 0, cold: 3 });
});

test("a cutoff is kept until all that it could end is over, and then no longer", async () => {
  const a = await node("a", { limits: { collectIntervalMs: 5 } });
  const { absoluteMs, clockMarginMs } = DEFAULT_LIMITS;
  await a.sessions.revoke({ user: "ada" });
  await login(a, "bob");
  const heldCount = (): number => a.status().sessions.hot + a.status().sessions.cold;
  at(absoluteMs + 2 * clockMarginMs - 1);
  await eventually(() => expect(heldCount()).toBe(1));
  expect(a.sessions.names()).toEqual([]);
  at(absoluteMs + DAY_MS + 4 * clockMarginMs);
  await eventually(() => expect(heldCount()).toBe(0));
});

test("a revoke is not refused when the mesh is full", async () => {
  const a = await node("a", { limits: { sessionsMax: 1 } });
  await login(a, "bob");
  expect(await a.sessions.create().commit()).toMatchObject({ status: "full" });
  await expect(a.sessions.revoke({ user: "ada" })).resolves.toMatchObject({ destroyedCount: 0 });
});

test("sessions from before the option was set are as old as they are", async () => {
  const [old, a] = [await node("old", UNAWARE), await node("a")];
  await areLinked(old, a);
  const [ended, marked] = [await login(old, "ada"), await login(old, "bob")];
  const handle = opened(a, marked);
  handle.value.note = "a node that knows of users writes it";
  await handle.commit();
  expect(a.sessions.ofUser("bob")).toHaveLength(1);
  at(10);
  await a.sessions.revoke({ user: "ada" });
  expect(found([a, old], ended)).toEqual(["destroyed", "found"]);
  await eventually(() => expect(found([old], ended)).toEqual(["destroyed"]));
});

test("without a `userAttribute` nobody can be meant, and the error says what to do", async () => {
  const mesh = await createMesh({ log: () => {} });
  const remedy = { code: "option", message: expect.stringContaining("userAttribute") as string };
  await expect(mesh.sessions.revoke({ user: "ada" })).rejects.toMatchObject(remedy);
  expect(() => mesh.sessions.ofUser("ada")).toThrow(expect.objectContaining(remedy));
  await mesh.close({ drain: false });
});

test.each(["", null, undefined, Number.NaN, true, {}, ["ada"]])(
  "%j is no user to revoke, and nothing changes",
  async (user) => {
    const a = await node("a");
    const revoking = a.sessions.revoke({ user: user as string });
    await expect(revoking).rejects.toMatchObject({ code: "option" });
    expect(a.status().sessions).toMatchObject({ hot: 0, cold: 0 });
  },
);

test.each(["", "user..id", ".", [], [""], [7], 7, {}])(
  "%j is no place of a user",
  async (userAttribute) => {
    const creating = createMesh({ userAttribute: userAttribute as string });
    await expect(creating).rejects.toMatchObject({
      code: "option",
      message: expect.stringContaining("`userAttribute` must say where") as string,
    });
  },
);

test("no session may outlive the cutoffs of its user", async () => {
  const a = await node("a", { absoluteMs: DAY_MS * 2 });
  expect(() => a.sessions.create({ absoluteMs: DAY_MS * 2 + 1 })).toThrow(/give createMesh\(\)/);
  expect(a.sessions.create({ absoluteMs: DAY_MS }).absoluteExpiresAtMs).toBe(Date.now() + DAY_MS);
});
