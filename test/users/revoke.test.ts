/**
 * Log out everywhere (P13) on three meshes in one process, together and cut apart.
 *
 * Not here: the list of a user's sessions (listing.test.ts), cookies (express.test.ts).
 */
import { atomic, type Mesh } from "session-mesh";
import { describe, expect, test } from "vitest";
import {
  areLinked,
  at,
  cut,
  eventually,
  found,
  heal,
  login,
  node,
  opened,
  revokesHeard,
  stored,
  threeNodes,
  UNAWARE,
} from "./switchboard.js";

const FOUND = ["found", "found", "found"];
const DESTROYED = ["destroyed", "destroyed", "destroyed"];

describe("P13: on nodes that can talk", () => {
  test("a revoke ends the user's sessions on every node before it resolves, and nobody else's", async () => {
    const nodes = await threeNodes();
    const [a, b, c] = nodes;
    const ended = [await login(a, "ada"), await login(b, "ada"), await login(c, "ada")];
    const bobs = await login(b, "bob");
    const nobodys = await stored(c, { cart: ["tea"] });
    const heard = nodes.map(revokesHeard);

    at(10);
    const result = await b.sessions.revoke({ user: "ada", deadlineMs: 5_000 });

    const cutoffMs = Date.now();
    expect(result).toEqual({ cutoffMs, destroyedCount: 3, acks: 2, degraded: false });
    for (const id of ended) expect(found(nodes, id)).toEqual(DESTROYED);
    expect(found(nodes, bobs)).toEqual(FOUND);
    expect(found(nodes, nobodys)).toEqual(FOUND);
    const news = heard.map((events) => events.map((event) => event.destroyedCount));
    expect(news).toEqual([[0], [3], [0]]);
    expect(new Set(heard.flat().map((event) => `${event.user} ${event.cutoffMs}`)).size).toBe(1);
    expect(heard.flat()[0]?.user).not.toContain("ada");
  });

  test("who logs in after it stays logged in, in the same millisecond too", async () => {
    const nodes = await threeNodes();
    const [a, b] = nodes;
    const before = await login(a, "ada");
    await b.sessions.revoke({ user: "ada" });
    const after = await login(b, "ada");
    expect(found(nodes, before)).toEqual(DESTROYED);
    await eventually(() => expect(found(nodes, after)).toEqual(FOUND));
    await a.sessions.revoke({ user: "ada", deadlineMs: 5_000 });
    expect(found(nodes, after)).toEqual(DESTROYED);
  });
});

describe("P13: on either side of a cut", () => {
  test("sessions begun there before the cutoff are dead when they meet it, later ones live", async () => {
    const nodes = await threeNodes();
    const [a, b, c] = nodes;
    const known = await login(a, "ada");
    await cut([a, b], [c]);
    at(10);
    const before = await login(c, "ada");
    at(20);
    const { destroyedCount } = await a.sessions.revoke({ user: "ada" });
    expect(destroyedCount).toBe(1);
    at(30);
    const after = await login(c, "ada");
    for (const id of [known, before]) {
      const handle = opened(c, id);
      handle.value.note = "written where nobody has heard of the revoke";
      expect((await handle.commit({ acks: 0 })).status).toBe("committed");
    }
    await heal(a, b, c);
    for (const id of [known, before]) {
      await eventually(() => expect(found(nodes, id)).toEqual(DESTROYED));
    }
    await eventually(() => expect(found(nodes, after)).toEqual(FOUND));
  });

  test("what counts is when the user was set, not when the session was made", async () => {
    const nodes = await threeNodes();
    const [a, b, c] = nodes;
    const early = await stored(c, { cart: ["tea"] });
    const late = await stored(c, { cart: ["milk"] });
    await cut([a, b], [c]);
    at(10);
    await logIn(c, early, "ada");
    at(20);
    await a.sessions.revoke({ user: "ada" });
    at(30);
    await logIn(c, late, "ada");
    await heal(a, b, c);
    await eventually(() => expect(found(nodes, early)).toEqual(DESTROYED));
    await eventually(() => expect(userOf(a, late)).toBe("ada"));
    expect(found(nodes, late)).toEqual(FOUND);
  });

  test("a session that the revoking side held as his is destroyed, whoever has it by then (M9)", async () => {
    const nodes = await threeNodes();
    const [a, b, c] = nodes;
    const id = await login(c, "ada");
    await cut([a, b], [c]);
    at(20);
    await a.sessions.revoke({ user: "ada" });
    at(30);
    await logIn(c, id, "bob");
    await heal(a, b, c);
    await eventually(() => expect(found(nodes, id)).toEqual(DESTROYED));
  });

  test("of two cutoffs the later holds, whichever arrives last", async () => {
    const nodes = await threeNodes();
    const [a, b, c] = nodes;
    await cut([a, b], [c]);
    at(20);
    await a.sessions.revoke({ user: "ada" });
    at(30);
    const between = await login(a, "ada");
    at(40);
    await c.sessions.revoke({ user: "ada" });
    at(50);
    const after = await login(b, "ada");
    const heard = nodes.map(revokesHeard);
    await heal(a, b, c);
    await eventually(() => expect(found(nodes, between)).toEqual(DESTROYED));
    await eventually(() => expect(found(nodes, after)).toEqual(FOUND));
    await eventually(() => expect(heard.map(({ length }) => length)).toEqual([1, 1, 0]));
    expect(await c.sessions.revoke({ user: "ada" })).toMatchObject({ destroyedCount: 1 });
  });

  test("a session is dead on arrival, though all that it came by knew nothing of users", async () => {
    const [a, b, c] = [await node("a"), await node("b"), await node("c", UNAWARE)];
    await areLinked(a, b, c);
    await cut([a], [b, c]);
    at(10);
    const [before, after] = [await login(b, "ada"), await login(b, "bob")];
    at(20);
    await a.sessions.revoke({ user: "ada" });
    await b.close();
    await heal(a, c);
    // Opening it on the other node would end it.
    await eventually(() => expect(found([c], before)).toEqual(["destroyed"]));
    await eventually(() => expect(found([c, a], after)).toEqual(["found", "found"]));
  });

  test("a cutoff ends what it finds, though all that it came by knew nothing of users", async () => {
    const [a, b, c] = [await node("a"), await node("b"), await node("c", UNAWARE)];
    await areLinked(a, b, c);
    await cut([a, c], [b]);
    at(10);
    const before = await login(b, "ada");
    at(20);
    await a.sessions.revoke({ user: "ada" });
    at(30);
    const after = await login(b, "ada");
    await a.close();
    await heal(b, c);
    await eventually(() => expect(found([c], before)).toEqual(["destroyed"]));
    await eventually(() => expect(found([c, b], after)).toEqual(["found", "found"]));
  });

  test("a node that joins later knows it, when those who told it are gone", async () => {
    const [a, b, c] = await threeNodes();
    await cut([a, b], [c], ["d"]);
    at(10);
    const before = await login(c, "ada");
    at(20);
    await a.sessions.revoke({ user: "ada" });
    const d = await node("d");
    await areLinked(a, b, d);
    await eventually(() => expect(d.status().sessions.cold).toBe(1));
    await Promise.all([a.close(), b.close()]);
    await heal(c, d);
    await eventually(() => expect(found([c, d], before)).toEqual(["destroyed", "destroyed"]));
  });
});

describe("P13: of requests under way", () => {
  test("one that read the session before the revoke writes nothing any more", async () => {
    const [a, b] = await threeNodes();
    const id = await login(a, "ada");
    const underWay = opened(b, id);
    at(10);
    await a.sessions.revoke({ user: "ada" });
    underWay.value.note = "late";
    expect(await underWay.commit()).toMatchObject({ status: "gone" });
    expect(underWay.isDestroyed).toBe(true);
    expect(found([a, b], id)).toEqual(["destroyed", "destroyed"]);
  });

  test("one that read the session before its login does not take the login back", async () => {
    const [a, b] = await threeNodes();
    const id = await stored(a, { cart: [] });
    const underWay = opened(a, id);
    await logIn(a, id, "ada");
    underWay.value.note = "knows nothing of a user";
    await underWay.commit();
    expect(a.sessions.ofUser("ada")).toHaveLength(1);
    await b.sessions.revoke({ user: "ada" });
    expect(found([a, b], id)).toEqual(["destroyed", "destroyed"]);
  });

  test("who logged out of a session, or into another account, is not meant any more", async () => {
    const nodes = await threeNodes();
    const [a, b] = nodes;
    const left = await login(a, "ada");
    const changed = await login(a, "ada");
    const handle = opened(b, left);
    delete handle.value.user;
    await handle.commit();
    await logIn(b, changed, "bob");
    await a.sessions.revoke({ user: "ada", deadlineMs: 5_000 });
    expect(found(nodes, left)).toEqual(FOUND);
    expect(found(nodes, changed)).toEqual(FOUND);
    await a.sessions.revoke({ user: "bob", deadlineMs: 5_000 });
    expect(found(nodes, changed)).toEqual(DESTROYED);
  });
});

describe("users", () => {
  test('7 and "7" are one user, at any place that the option names', async () => {
    const a = await node("a", { userAttribute: ["passport", "user"] });
    const one = await stored(a, { passport: { user: 7 } });
    const two = await stored(a, { passport: { user: "7" } });
    const other = await stored(a, { passport: { user: 70 }, user: { id: 7 } });
    expect(await a.sessions.revoke({ user: "7" })).toMatchObject({ destroyedCount: 2 });
    expect([one, two, other].map((id) => found([a], id)[0])).toEqual([
      "destroyed",
      "destroyed",
      "found",
    ]);
  });

  test("a database id is its text, in an atomic object too", async () => {
    const a = await node("a");
    const objectId = { bytes: [1, 2], toJSON: () => "65f0c0ffee" };
    const ids = [
      await stored(a, { user: { id: objectId } }),
      await stored(a, { user: atomic({ id: "65f0c0ffee" }) }),
    ];
    const revoking = a.sessions.revoke({ user: "65f0c0ffee" });
    await expect(revoking).resolves.toMatchObject({ destroyedCount: 2 });
    for (const id of ids) expect(found([a], id)).toEqual(["destroyed"]);
  });

  test.each([
    ["an object", { id: { id: "ada" } }],
    ["nothing", { id: "" }],
    ["null", { id: null }],
    ["true", { id: true }],
    ["no number", { id: Number.NaN }],
    ["a list", ["ada"]],
    ["a text with an id among its characters", "id"],
    ["what every object inherits", Object.create({ id: "ada" }) as object],
  ])("%s in place of a user names nobody", async (_, user) => {
    const a = await node("a");
    const handle = a.sessions.create();
    handle.value.user = user;
    await handle.commit().catch(() => {});
    expect(await a.sessions.revoke({ user: "ada" })).toMatchObject({ destroyedCount: 0 });
  });

  test.each(["__proto__", "constructor", "\ud800", "a\0b", "x".repeat(100_000)])(
    "a user who calls himself what breaks things is a user as any other: %j",
    async (user) => {
      const nodes = [await node("a"), await node("b")];
      await areLinked(...nodes);
      const [a, b] = nodes as [Mesh, Mesh];
      const id = await login(a, user);
      const others = await login(a, `${user}.`);
      expect(await b.sessions.revoke({ user })).toMatchObject({ destroyedCount: 1 });
      expect(found([a, b], id)).toEqual(["destroyed", "destroyed"]);
      expect(found([a, b], others)).toEqual(["found", "found"]);
    },
  );
});

/** Sets the user of a session that exists. */
async function logIn(mesh: Mesh, id: string, user: unknown): Promise<void> {
  const handle = opened(mesh, id);
  handle.value.user = { id: user };
  const { status } = await handle.commit();
  expect(status).toBe("committed");
}

function userOf(mesh: Mesh, id: string): unknown {
  return (opened(mesh, id).value.user as { id?: unknown } | undefined)?.id;
}
