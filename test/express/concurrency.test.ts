/**
 * Requests that meet: on two app servers, on one session, at the same time.
 *
 * Not here: the merge laws one by one, which core's own tests drive.
 */
import { isDeepStrictEqual } from "node:util";
import type { Express } from "express";
import { sessionOf } from "session-mesh/express";
import { expect, test } from "vitest";
import {
  Browser,
  dataOf,
  type Node,
  startCluster,
  startNode,
  until,
  untilLinked,
  whenOver,
} from "./cluster.js";

/** Requests wait here until `count` have come, or the gate is opened by hand. */
class Gate {
  #waiting: (() => void)[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  wait(): Promise<void> {
    return new Promise((go) => this.#waiting.push(go));
  }

  openLast(): void {
    this.#waiting.pop()?.();
  }

  open(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

async function start(nodes = 2) {
  const gate = new Gate();
  whenOver(() => gate.open());
  const routes = (app: Express): void => {
    app.get("/login", (req, res) => ((dataOf(req).user = "ada"), void res.send("welcome")));
    app.get("/read", (req, res) => void res.json({ ...sessionOf(req) }));
    app.get("/id", (req, res) => void res.send(sessionOf(req).id));
    app.get("/set/:key", async (req, res) => {
      await gate.wait();
      (dataOf(req).files ??= {})[req.params.key] = 1;
      res.send("set");
    });
    app.get("/count", async (req, res) => {
      await gate.wait();
      sessionOf(req).counter("views").increment();
      res.send("counted");
    });
    app.get("/push/:item", async (req, res) => {
      await gate.wait();
      (dataOf(req).items ??= []).push(req.params.item);
      res.send("pushed");
    });
    app.get("/slow-save", async (req, res) => {
      dataOf(req).slow = 1;
      await gate.wait();
      res.json(await sessionOf(req).save());
    });
    app.get("/slow-login", async (req, res) => {
      await gate.wait();
      await sessionOf(req).regenerate();
      dataOf(req).user = "grace";
      res.send("welcome");
    });
    app.get("/save-twice", async (req, res) => {
      await gate.wait();
      dataOf(req).views = 1;
      await sessionOf(req).save();
      const merged = { ...sessionOf(req) };
      dataOf(req).late = true;
      res.json(merged);
    });
    app.get("/save-now", async (req, res) => {
      dataOf(req).user = "mallory";
      res.json(await sessionOf(req).save());
    });
    app.get("/wait", async (req, res) => (await gate.wait(), void res.send("waited")));
    app.get("/logout", (req, res) => sessionOf(req).destroy(() => res.redirect("/read")));
    app.get("/renew", (req, res) =>
      sessionOf(req).regenerate(() => {
        dataOf(req).user = "grace";
        res.send("renewed");
      }),
    );
  };
  const cluster = await startCluster({ nodes, routes, session: { rolling: true } });
  const browser = new Browser();
  await browser.get(`${cluster[0]!.origin}/login`);
  await everywhere(cluster, browser, { user: "ada" });
  return { cluster, gate, browser };
}

async function everywhere(cluster: Node[], browser: Browser, value: unknown): Promise<void> {
  for (const { origin } of cluster) {
    let seen: unknown;
    const look = async (): Promise<void> => void (seen = await browser.json(`${origin}/read`));
    for (let turn = 0; turn < 200; turn += 1) {
      await look();
      if (isDeepStrictEqual(seen, value)) break;
    }
    expect(seen).toEqual(value);
  }
}

test("M1: of 100 overlapping requests on two nodes that each set a key, 100 keys survive", async () => {
  const { cluster, gate, browser } = await start();
  const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
  const answers = keys.map((key, index) => browser.get(`${cluster[index % 2]!.origin}/set/${key}`));
  await until("all requests overlap", () => gate.count === 100);
  gate.open();
  for (const answer of await Promise.all(answers)) expect(answer.text).toBe("set");
  for (const { origin } of cluster) {
    const { files } = (await eventually(browser, `${origin}/read`, (value) => {
      return Object.keys((value as { files: object }).files).length === 100;
    })) as { files: Record<string, number> };
    expect(Object.keys(files).toSorted()).toEqual(keys.toSorted());
  }
});

test("M1: what merges in at an explicit save is shown, and not taken for a deletion", async () => {
  const { cluster, gate, browser } = await start();
  const [a, b] = cluster;
  const saving = browser.get(`${a!.origin}/save-twice`);
  await until("the request is under way", () => gate.count === 1);
  const setting = browser.get(`${b!.origin}/set/k`);
  await until("the other is under way", () => gate.count === 2);
  gate.openLast();
  await setting;
  gate.open();
  expect(JSON.parse((await saving).text)).toEqual({ user: "ada", files: { k: 1 }, views: 1 });
  const all = { user: "ada", files: { k: 1 }, views: 1, late: true };
  await everywhere(cluster, browser, all);
});

test("M8: 100 overlapping increments on two nodes count 100", async () => {
  const { cluster, gate, browser } = await start();
  const answers = Array.from({ length: 100 }, (_, index) =>
    browser.get(`${cluster[index % 2]!.origin}/count`),
  );
  await until("all requests overlap", () => gate.count === 100);
  gate.open();
  await Promise.all(answers);
  for (const { origin } of cluster) {
    const isDone = (value: unknown): boolean => (value as { views: number }).views >= 100;
    expect(await eventually(browser, `${origin}/read`, isDone)).toEqual({
      user: "ada",
      views: 100,
    });
  }
});

test("M5: pushes from overlapping requests all stay, in one order", async () => {
  const { cluster, gate, browser } = await start();
  const answers = Array.from({ length: 20 }, (_, index) =>
    browser.get(`${cluster[index % 2]!.origin}/push/i${index}`),
  );
  await until("all requests overlap", () => gate.count === 20);
  gate.open();
  await Promise.all(answers);
  const isDone = (value: unknown): boolean => (value as { items: string[] }).items.length === 20;
  const [a, b] = (await Promise.all(
    cluster.map(({ origin }) => eventually(browser, `${origin}/read`, isDone)),
  )) as { items: string[] }[];
  expect(a).toEqual(b);
  expect(new Set(a!.items).size).toBe(20);
});

test.each([
  ["end of the response", "/set/late"],
  ["explicit save", "/slow-save"],
  ["a mere look, whose rolling cookie would come after the cleared one", "/wait"],
])("P3, M9: a logout wins over a request in flight, by %s, 50 times in 50", async (_, path) => {
  const { cluster, gate } = await start();
  for (let round = 0; round < 50; round += 1) {
    const browser = new Browser();
    const [here, there] = round % 2 ? cluster : cluster.toReversed();
    await browser.get(`${here!.origin}/login`);
    const cookies = new Map(browser.cookies);
    const inFlight = new Browser();
    for (const [name, value] of cookies) inFlight.cookies.set(name, value);
    const late = inFlight.get(`${there!.origin}${path}`);
    await until("the request is under way", () => gate.count === 1);
    await browser.get(`${here!.origin}/logout`);
    gate.open();
    const answer = await late;
    expect([answer.status, answer.setCookies]).toEqual([200, []]);
    for (const { origin } of cluster) {
      const thief = new Browser();
      for (const [name, value] of cookies) thief.cookies.set(name, value);
      expect(await thief.json(`${origin}/read`)).toEqual({});
    }
  }
});

test("M13: a request in flight with the old id writes nothing, and later ones set no cookie", async () => {
  const { cluster, gate, browser } = await start();
  const [a, b] = cluster;
  const inFlight = new Browser();
  for (const [name, value] of browser.cookies) inFlight.cookies.set(name, value);
  const late = inFlight.get(`${b!.origin}/set/late`);
  await until("the request is under way", () => gate.count === 1);
  const oldCookies = new Map(browser.cookies);
  expect((await browser.get(`${a!.origin}/renew`)).setCookies).toHaveLength(1);
  gate.open();
  expect((await late).setCookies).toEqual([]);
  const straggler = new Browser();
  for (const [name, value] of oldCookies) straggler.cookies.set(name, value);
  for (const { origin } of cluster) {
    const written = straggler.get(`${origin}/login`);
    expect([(await written).status, (await written).setCookies]).toEqual([200, []]);
    expect(await straggler.json(`${origin}/save-now`)).toMatchObject({ status: "gone" });
    expect(await straggler.json(`${origin}/read`)).toEqual({});
  }
  await everywhere(cluster, browser, { user: "grace" });
});

test("M13: two logins at once leave two sessions, and the logout of one leaves the other", async () => {
  const { cluster, gate, browser } = await start();
  const tabs = cluster.map(() => new Browser());
  const logins = tabs.map((tab, index) => {
    for (const [name, value] of browser.cookies) tab.cookies.set(name, value);
    return tab.get(`${cluster[index]!.origin}/slow-login`);
  });
  await until("both are under way", () => gate.count === 2);
  gate.open();
  await Promise.all(logins);
  const ids = await Promise.all(
    tabs.map(async (tab) => (await tab.get(`${cluster[0]!.origin}/id`)).text),
  );
  expect(new Set(ids).size).toBe(2);
  await tabs[0]!.get(`${cluster[0]!.origin}/logout`);
  await everywhere(cluster, tabs[1]!, { user: "grace" });
});

test("a session is read on a node that joined after it was written", async () => {
  const { cluster, browser } = await start();
  const routes = (app: Express): void => {
    app.get("/read", (req, res) => void res.json({ ...sessionOf(req) }));
  };
  const joined = await startNode({ routes }, [cluster[0]!.mesh.address]);
  await untilLinked(joined.mesh, 1);
  expect(await browser.json(`${joined.origin}/read`)).toEqual({ user: "ada" });
});

/** Reads until it is so; what crosses the mesh after its acknowledgement may take a moment. */
async function eventually(
  browser: Browser,
  url: string,
  isDone: (value: unknown) => boolean,
): Promise<unknown> {
  let value = await browser.json(url);
  const deadlineMs = performance.now() + 5_000;
  while (!isDone(value) && performance.now() < deadlineMs) value = await browser.json(url);
  return value;
}
