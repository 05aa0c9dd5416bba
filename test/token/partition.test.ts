/** P5 and P9 across a cut: what is behind is marked, what is elsewhere is not lost. */
import type { Limits } from "session-mesh";
import { expect, test } from "vitest";
import { Browser, type Node, until } from "../express/cluster.js";
import { type AppNodes, startAppNodes } from "./app-nodes.js";

const countOf = ({ events }: Node, type: string): number =>
  events.filter((event) => event.type === type).length;

const isStale = ({ headers }: { headers: Headers }): boolean =>
  headers.get("session-mesh-stale") === "1";

const filesOf = (text: string): string[] =>
  Object.keys((JSON.parse(text) as { files?: object }).files ?? {}).sort();

/** A silence that is noticed within the test's time. */
const QUICK = { heartbeatIntervalMs: 50, suspectFloorMs: 100, suspicionMs: 100 };

async function start(
  limits: Partial<Limits> = {},
): Promise<{ app: AppNodes; browser: Browser; a: string; b: string }> {
  const app = await startAppNodes({ mesh: { limits: { ...QUICK, ...limits } } });
  const [a, b] = app.origins as [string, string];
  return { app, browser: new Browser(), a, b };
}

const untilDown = (app: AppNodes): Promise<void> =>
  until("both are down to one another", () =>
    app.nodes.every(({ mesh }) =>
      mesh.status().members.some(({ state, isLinked }) => state === "down" && !isLinked),
    ),
  );

const untilUp = (app: AppNodes): Promise<void> =>
  until("both are linked", () =>
    app.nodes.every(({ mesh }) => mesh.status().members.every((m) => m.isSelf || m.isLinked)),
  );

async function untilShown(origins: readonly string[], browser: Browser, keys: string[]) {
  for (const origin of origins) {
    await until(`${keys.join()} are shown`, async () => {
      return filesOf((await browser.get(`${origin}/read`)).text).join() === keys.join();
    });
  }
}

test("P5: behind a cut every answer is marked, promptly, and no cookie piles up; after it none is", async () => {
  const { app, browser, a, b } = await start();
  await browser.get(`${a}/set/before`);
  await untilShown([a, b], browser, ["before"]);
  app.cut();
  await untilDown(app);
  const written = await browser.get(`${a}/set/behind`);
  expect(written.setCookies.join()).toContain("Max-Age=600;");
  for (let i = 0; i < 20; i += 1) {
    const startedAtMs = performance.now();
    const answer = await browser.get(`${b}/read`);
    expect([isStale(answer), filesOf(answer.text).length]).toEqual([true, 1 + i]);
    expect(performance.now() - startedAtMs).toBeLessThan(100);
    await browser.get(`${b}/set/there${i}`);
    expect(isStale(await browser.get(`${a}/read`))).toBe(true);
  }
  expect(browser.cookies.size).toBeLessThanOrEqual(3);
  expect(countOf(app.nodes[1] as Node, "stale-served")).toBe(40);
  app.heal();
  await untilUp(app);
  await until("nothing is marked", async () => !isStale(await browser.get(`${b}/read`)));
  expect(filesOf((await browser.get(`${b}/read`)).text)).toHaveLength(22);
  expect(filesOf((await browser.get(`${a}/read`)).text)).toHaveLength(22);
});

test("P9: a session that lives across the cut is not given up: empty, marked, its cookie kept; then merged", async () => {
  const { app, browser, a, b } = await start();
  app.cut();
  await untilDown(app);
  await browser.get(`${a}/set/here`);
  const sid = browser.cookies.get("sm.sid");
  const [, there] = app.nodes as [Node, Node];
  const read = await browser.get(`${b}/read`);
  expect([read.text, isStale(read), read.setCookies]).toEqual(["{}", true, []]);
  expect(countOf(there, "miss-incomplete")).toBe(1);
  const written = await browser.get(`${b}/set/there`);
  const token = expect.stringMatching(/^sm\.sid-\d/);
  expect([isStale(written), written.setCookies]).toEqual([true, [token]]);
  expect(browser.cookies.get("sm.sid")).toBe(sid);
  const again = await browser.get(`${b}/read`);
  expect([filesOf(again.text), isStale(again)]).toEqual([["there"], true]);
  app.heal();
  await untilUp(app);
  await untilShown([a, b], browser, ["here", "there"]);
  expect(browser.cookies.get("sm.sid")).toBe(sid);
});

test("P5: a write that died with its writer is marked once, and costs one wait", async () => {
  const { app, browser, a, b } = await start({ goneAfterMs: 1_000 });
  await browser.get(`${a}/set/before`);
  await untilShown([a, b], browser, ["before"]);
  app.cut();
  await browser.get(`${a}/set/lost`);
  const [here, there] = app.nodes as [Node, Node];
  await here.mesh.close({ drain: false });
  app.heal();
  await untilDown({ ...app, nodes: [there] });
  // Nobody comes back under that name: as after the time in which a machine may be replaced.
  const { mesh } = there;
  await until("it is gone", () =>
    mesh.status().members.every((m) => m.isSelf || m.state !== "down"),
  );
  const first = await browser.get(`${b}/read`);
  expect([isStale(first), filesOf(first.text)]).toEqual([true, ["before"]]);
  const waits = countOf(there, "token-waited");
  for (let i = 0; i < 5; i += 1) expect(isStale(await browser.get(`${b}/read`))).toBe(false);
  expect(countOf(there, "token-waited")).toBe(waits);
});
