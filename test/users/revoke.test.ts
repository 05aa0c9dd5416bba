/**
 * Log out everywhere (P13) on three meshes in one process, together and cut apart.
 *
 * Not here: the list of a user's sessions (listing.test.ts), cookies (express.test.ts).
 */
import { describe, expect, test } from "vitest";
import {
  at,
  cut,
  eventually,
  found,
  heal,
  login,
  opened,
  revokesHeard,
  stored,
  threeNodes,
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
});
