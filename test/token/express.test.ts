/** P5 in an app: cookies that let a user see on any node what he has seen on another. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Browser, type Node, until } from "../express/cluster.js";
import { type AppNodes, startAppNodes } from "./app-nodes.js";

const isToken = (name: string): boolean => name.startsWith("sm.sid-");

const tokensOf = (browser: Browser): string[] => [...browser.cookies.keys()].filter(isToken);

const countOf = ({ events }: Node, type: string): number =>
  events.filter((event) => event.type === type).length;

const isStale = ({ headers }: { headers: Headers }): boolean =>
  headers.get("session-mesh-stale") === "1";

/** Both nodes' origins and a browser with a session that both hold. */
async function start(
  options: Parameters<typeof startAppNodes>[0] = {},
): Promise<{ app: AppNodes; browser: Browser; a: string; b: string }> {
  const app = await startAppNodes(options);
  const browser = new Browser();
  const [a, b] = app.origins as [string, string];
  await browser.get(`${a}/set/first`);
  for (const origin of app.origins) {
    await until("all have it", async () => "files" in (await json(browser, origin)));
  }
  await sleep(20);
  return { app, browser, a, b };
}

/** The same user in another tab. */
function tabOf(browser: Browser): Browser {
  const tab = new Browser();
  for (const [name, value] of browser.cookies) tab.cookies.set(name, value);
  return tab;
}

async function json(browser: Browser, origin: string): Promise<Record<string, unknown>> {
  return (await browser.json(`${origin}/read`)) as Record<string, unknown>;
}

/** In how many of 500 changes of node the write before it is seen. */
async function seenAfterCrossing(app: AppNodes, isWithTokens: boolean): Promise<number> {
  const lanes = Array.from({ length: 20 }, async (_, lane) => {
    const browser = new Browser();
    let count = 0;
    for (let n = 1; n <= 25; n += 1) {
      await browser.get(`${app.origins[(lane + n) % 2]}/n/${n}`);
      if (!isWithTokens) for (const name of tokensOf(browser)) browser.cookies.delete(name);
      const answer = await browser.get(`${app.origins[(lane + n + 1) % 2]}/read`);
      expect(isStale(answer)).toBe(false);
      if ((JSON.parse(answer.text) as { n: number }).n === n) count += 1;
    }
    return count;
  });
  return (await Promise.all(lanes)).reduce((sum, count) => sum + count, 0);
}

describe("a user who changes nodes", () => {
  test.each([0, 2, 5, 10])(
    "P5: sees his write, 500 times in 500, links %i ms late, nothing acknowledged",
    { timeout: 60_000 },
    async (delayMs) => {
      // Both nodes, their links and their users share this process: nobody here is to blame for time.
      const limits = { tokenDeadlineMs: 3_000, pullDeadlineMs: 3_000 };
      const app = await startAppNodes({ mesh: { limits } });
      app.delayMs = delayMs;
      expect(await seenAfterCrossing(app, true)).toBe(500);
      if (delayMs < 5) return;
      const waits = app.nodes.reduce((sum, node) => sum + countOf(node, "token-waited"), 0);
      expect(waits).toBeGreaterThan(250);
    },
  );

  test("and would not without what he takes along", { timeout: 60_000 }, async () => {
    const app = await startAppNodes({ mesh: { limits: { pullDeadlineMs: 3_000 } } });
    app.delayMs = 50;
    expect(await seenAfterCrossing(app, false)).toBeLessThan(250);
  });

  test("P5: sees what he read of another's write, on a third node too", async () => {
    const { app, browser, a, b } = await start({ count: 3 });
    await tabOf(browser).get(`${a}/set/other`);
    await until("n2 has it", async () => "other" in ((await json(browser, b))["files"] as object));
    expect(tokensOf(browser)).not.toEqual([]);
    const answer = await browser.get(`${app.origins[2]}/read`);
    expect(JSON.parse(answer.text)).toEqual({ files: { first: 1, other: 1 } });
  });
});

describe("the cookie", () => {
  test("P5: is short-lived, out of scripts' reach, and with its attributes at most 120 bytes", async () => {
    const { app, browser, a } = await start({ count: 3 });
    app.delayMs = 5;
    const { setCookies } = await browser.get(`${a}/set/one`);
    expect(setCookies).toHaveLength(1);
    expect(setCookies[0]).toMatch(
      /^sm\.sid-0[0-9a-z]{6}=[\w-]+; Max-Age=60; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    expect(`${setCookies[0]}; Secure`.length).toBeLessThanOrEqual(120);
  });

  test("P5: is not set where every peer has acknowledged, nor by reads, nor without a session", async () => {
    const { browser, a, b } = await start({
      session: { acks: "all" },
      mesh: { ackDeadlineMs: 5_000 },
    });
    expect((await browser.get(`${a}/set/one`)).setCookies).toEqual([]);
    expect((await browser.get(`${a}/read`)).setCookies).toEqual([]);
    expect((await browser.get(`${b}/read`)).setCookies).toEqual([]);
    expect((await new Browser().get(`${a}/read`)).setCookies).toEqual([]);
  });

  test("P5: is set again only by what is newer", async () => {
    const { app, browser, a } = await start();
    app.delayMs = 50;
    expect((await browser.get(`${a}/set/one`)).setCookies).toHaveLength(1);
    expect((await browser.get(`${a}/read`)).setCookies).toEqual([]);
    expect((await browser.get(`${a}/set/two`)).setCookies).toHaveLength(1);
    expect(tokensOf(browser)).toHaveLength(1);
  });

  test("P5: of another session, tampered with, or signed by nobody here, is ignored", async () => {
    const { app, browser, a, b } = await start();
    app.delayMs = 50;
    await browser.get(`${a}/set/one`);
    const [name = ""] = tokensOf(browser);
    const value = browser.cookies.get(name) as string;
    const stranger = new Browser();
    await stranger.get(`${a}/set/mine`);
    await sleep(120);
    const [waitsBefore, other] = [countOf(app.nodes[1] as Node, "token-waited"), new Browser()];
    other.cookies.set("sm.sid", stranger.cookies.get("sm.sid") as string);
    other.cookies.set(name, value);
    const forged = `${value.slice(0, -2)}${value.endsWith("AA") ? "BB" : "AA"}`;
    for (const [index, token] of [forged, "", "%", "A".repeat(200), "AAAA", value].entries()) {
      const one = index < 5 ? new Browser() : other;
      if (index < 5) one.cookies.set("sm.sid", browser.cookies.get("sm.sid") as string);
      one.cookies.set(name, token);
      const answer = await one.get(`${b}/read`);
      expect([answer.status, isStale(answer)]).toEqual([200, false]);
    }
    expect(countOf(app.nodes[1] as Node, "token-waited")).toBe(waitsBefore);
  });

  test("P5: holds under a secret that has been rotated", async () => {
    const { app, browser, a, b } = await start({ session: { secret: ["new", "old"] } });
    app.delayMs = 10;
    await browser.get(`${a}/set/one`);
    expect((await json(browser, b))["files"]).toEqual({ first: 1, one: 1 });
    expect(countOf(app.nodes[1] as Node, "token-waited")).toBe(1);
  });
});

describe("responses at the same time", () => {
  test.each([1, 2])(
    "P5: keep one another's writes in mind, in whatever order they arrive, on %i node(s)",
    async (nodeCount) => {
      const { app, browser, a, b } = await start({ count: 3 });
      app.delayMs = 20;
      const keys = Array.from({ length: 12 }, (_, index) => `k${index}`);
      const answers = keys.map((key, index) => {
        return tabOf(browser).get(`${index % nodeCount === 0 ? a : b}/set/${key}?gate`);
      });
      await until("all wait", () => app.waitingCount() === keys.length);
      app.openGate();
      const lines = (await Promise.all(answers)).flatMap(({ setCookies }) => setCookies);
      // The first comes last.
      for (const line of lines.toReversed()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        browser.cookies.set(name, value);
      }
      expect(tokensOf(browser).length).toBeLessThanOrEqual(4 * nodeCount);
      const shown = await json(browser, app.origins[2] as string);
      expect(Object.keys(shown["files"] as object)).toHaveLength(13);
    },
  );

  test("P5: more than fit into cookies wait for all peers instead", async () => {
    const { app, browser, a } = await start({ count: 3 });
    app.delayMs = 20;
    const [node] = app.nodes as [Node];
    const waitsForAll = (): number =>
      node.events.filter((event) => event.type === "acks-settled" && event.wanted === "all").length;
    const answers = Array.from({ length: 6 }, (_, index) =>
      tabOf(browser).get(`${a}/set/k${index}?gate`),
    );
    await until("all wait", () => app.waitingCount() === 6);
    app.openGate();
    const withTokens = (await Promise.all(answers)).filter(({ setCookies }) => setCookies.length);
    expect(withTokens).toHaveLength(4);
    expect(waitsForAll()).toBe(2);
  });
});
