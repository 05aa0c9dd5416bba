/**
 * The `req.session` that people know from express-session, on Express 5, Express 4 and bare
 * node:http, each as two nodes behind no balancer at all.
 *
 * Not here: cookies (cookies.test.ts), and what happens when requests meet (concurrency.test.ts).
 */
import { createRequire } from "node:module";
import { get, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import express5 from "express";
import type { Mesh } from "session-mesh";
import { meshSession, type MeshSessionOptions, sessionOf } from "session-mesh/express";
import { describe, expect, test } from "vitest";
import { Browser, dataOf, SECRET, startCluster } from "./cluster.js";

const express4 = createRequire(import.meta.url)("express4") as typeof express5;

type Request = IncomingMessage & { sessionID?: string; session?: unknown };
type Handler = (req: Request, answer: (body?: unknown) => void) => unknown;

/** One handler a path, on whatever framework. */
const handlers: Record<string, Handler> = {
  "/read": (req, answer) => answer({ ...sessionOf(req) }),
  "/id": (req, answer) => answer([sessionOf(req).id, req.sessionID]),
  "/login": (req, answer) => ((dataOf(req).user = "ada"), answer()),
  "/add": (req, answer) => {
    const session = dataOf(req);
    session.cart ??= { items: [] };
    session.cart.items.push("book");
    answer(session.cart.items.length);
  },
  "/delete": (req, answer) => (delete dataOf(req).user, answer()),
  "/save": async (req, answer) => {
    dataOf(req).views = 1;
    answer((await sessionOf(req).save()).status);
  },
  "/save-callback": (req, answer) => {
    const session = dataOf(req);
    session.views = 2;
    const returned = session.save((error) => answer({ error, chained: returned === session }));
  },
  "/reload": async (req, answer) => {
    dataOf(req).user = "mallory";
    await sessionOf(req).reload();
    answer({ ...sessionOf(req) });
  },
  "/reload-callback": (req, answer) => {
    dataOf(req).user = "mallory";
    sessionOf(req).reload((error) => answer({ error, ...sessionOf(req) }));
  },
  "/regenerate": async (req, answer) => {
    const before = sessionOf(req).id;
    await sessionOf(req).regenerate();
    const wasEmpty = Object.keys(sessionOf(req)).length === 0;
    dataOf(req).user = "bob";
    answer({ isNew: before !== sessionOf(req).id, wasEmpty, sessionID: req.sessionID });
  },
  "/regenerate-callback": (req, answer) =>
    sessionOf(req).regenerate((error) => {
      dataOf(req).user = "eve";
      sessionOf(req).save(() => answer({ error }));
    }),
  "/destroy": async (req, answer) => {
    await sessionOf(req).destroy();
    answer({ session: req.session === undefined });
  },
  "/destroy-callback": (req, answer) =>
    sessionOf(req).destroy((error) => answer({ error, session: req.session === undefined })),
  "/count": (req, answer) => answer(sessionOf(req).counter("views").increment()),
  "/count-twice": (req, answer) => {
    const views = sessionOf(req).counter("views");
    views.increment();
    views.increment(3);
    views.decrement();
    answer([views.value, dataOf(req).views]);
  },
  "/null": (req, answer) => {
    dataOf(req).user = "nobody";
    req.session = null;
    answer();
  },
};

function frameworkApp(create: typeof express5) {
  return (mesh: Mesh, options: MeshSessionOptions): RequestListener => {
    const app = create();
    app.use(meshSession(mesh, options));
    for (const [path, handler] of Object.entries(handlers)) {
      app.get(path, (req, res) => handler(req, (body) => res.json(body ?? null)));
    }
    return app;
  };
}

function bareApp(mesh: Mesh, options: MeshSessionOptions): RequestListener {
  const withSession = meshSession(mesh, options);
  return (req: IncomingMessage, res: ServerResponse) => {
    withSession(req, res, () => {
      handlers[req.url ?? ""]?.(req, (body) => res.end(JSON.stringify(body ?? null)));
    });
  };
}

describe.each([
  ["Express 5", frameworkApp(express5)],
  ["Express 4", frameworkApp(express4)],
  ["node:http", bareApp],
])("%s", (_, app) => {
  async function start() {
    const [a, b] = await startCluster({ app, session: { acks: "all" } });
    const browser = new Browser();
    return {
      browser,
      onA: (path: string) => browser.json(a!.origin + path),
      onB: (path: string) => browser.json(b!.origin + path),
    };
  }

  test("what one node assigns, the other reads, in-place changes too", async () => {
    const { onA, onB } = await start();
    await onA("/login");
    expect(await onB("/add")).toBe(1);
    expect(await onA("/add")).toBe(2);
    expect(await onB("/read")).toEqual({ user: "ada", cart: { items: ["book", "book"] } });
    await onB("/delete");
    expect(await onA("/read")).toEqual({ cart: { items: ["book", "book"] } });
  });

  test("id is sessionID, and stays from request to request", async () => {
    const { onA, onB } = await start();
    await onA("/login");
    const [id, sessionID] = (await onA("/id")) as string[];
    expect(id).toMatch(/^[\w-]{22,}$/);
    expect(sessionID).toBe(id);
    expect(await onB("/id")).toEqual([id, id]);
  });

  test("save answers a promise, or a callback and itself", async () => {
    const { onA, onB } = await start();
    expect(await onA("/save")).toBe("committed");
    expect(await onB("/save")).toBe("unchanged");
    expect(await onA("/save-callback")).toEqual({ chained: true });
    expect(await onB("/read")).toEqual({ views: 2 });
  });

  test("reload drops what was not saved", async () => {
    const { onA, onB } = await start();
    await onA("/login");
    expect(await onB("/reload")).toEqual({ user: "ada" });
    expect(await onA("/reload-callback")).toEqual({ user: "ada" });
    expect(await onB("/read")).toEqual({ user: "ada" });
  });

  test("regenerate begins an empty session under a new id", async () => {
    const { onA, onB } = await start();
    await onA("/login");
    const [id] = (await onA("/id")) as string[];
    const { sessionID, ...rest } = (await onB("/regenerate")) as Record<string, unknown>;
    expect(rest).toEqual({ isNew: true, wasEmpty: true });
    expect(await onA("/id")).toEqual([sessionID, sessionID]);
    expect(sessionID).not.toBe(id);
    expect(await onA("/read")).toEqual({ user: "bob" });
    expect(await onA("/regenerate-callback")).toEqual({});
    expect(await onB("/read")).toEqual({ user: "eve" });
  });

  test.each(["/destroy", "/destroy-callback"])("P3: %s ends it on both nodes", async (path) => {
    const { onA, onB, browser } = await start();
    await onA("/login");
    const cookies = new Map(browser.cookies);
    expect(await onB(path)).toEqual({ session: true });
    expect(browser.cookies.size).toBe(0);
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    expect(await onA("/read")).toEqual({});
    expect(await onB("/read")).toEqual({});
  });

  test("a counter counts on, and shows as a number", async () => {
    const { onA, onB } = await start();
    expect(await onA("/count")).toBe(1);
    expect(await onB("/count-twice")).toEqual([4, 4]);
    expect(await onA("/read")).toEqual({ views: 4 });
  });

  test("req.session = null leaves the stored session alone", async () => {
    const { onA, onB } = await start();
    await onA("/login");
    await onB("/null");
    expect(await onA("/read")).toEqual({ user: "ada" });
  });
});

test("the session shows its attributes only, whatever their names", async () => {
  const [a] = await startCluster({
    nodes: 1,
    app: (mesh, options) => {
      const withSession = meshSession(mesh, options);
      return (req, res) =>
        withSession(req, res, () => {
          const session = sessionOf(req) as unknown as Record<string, unknown>;
          const isPolluted = ({} as { polluted?: unknown }).polluted;
          const seen = { json: JSON.stringify(session), keys: Object.keys(session), isPolluted };
          const value = { polluted: true };
          const descriptor = { value, enumerable: true, configurable: true, writable: true };
          Object.defineProperty(session, "__proto__", descriptor);
          session[""] = 1;
          session["a/b"] = { "c.d": "é" };
          res.end(JSON.stringify(seen));
        });
    },
  });
  const browser = new Browser();
  await browser.get(a!.origin);
  const seen = (await browser.json(a!.origin)) as { json: string; keys: string[] };
  expect(seen.keys.toSorted()).toEqual(["", "__proto__", "a/b"]);
  expect(JSON.parse(seen.json)).toEqual(
    JSON.parse('{"__proto__":{"polluted":true},"":1,"a/b":{"c.d":"é"}}'),
  );
  expect(seen).not.toHaveProperty("isPolluted");
});

test("attributes named like a method, written by other means, are kept and out of sight", async () => {
  const [a] = await startCluster({
    nodes: 1,
    app: (mesh, options) => {
      const withSession = meshSession(mesh, options);
      return (req, res) =>
        withSession(req, res, async () => {
          const session = dataOf(req);
          session.views = (session.views ?? 0) + 1;
          if (req.url === "/first") {
            await session.save();
            const opened = mesh.sessions.open(session.id);
            if (opened.status !== "found") throw new Error(opened.status);
            opened.session.value.save = "a string";
            await opened.session.commit();
            return res.end();
          }
          await session.save();
          const opened = mesh.sessions.open(session.id);
          const stored = opened.status === "found" ? opened.session.value : {};
          return res.end(JSON.stringify([typeof session.save, { ...session }, stored]));
        });
    },
  });
  const browser = new Browser();
  await browser.get(`${a!.origin}/first`);
  expect(await browser.json(`${a!.origin}/second`)).toEqual([
    "function",
    { views: 2 },
    { views: 2, save: "a string" },
  ]);
});

test("an upgrade request, which has no response, has a session to read and to save", async () => {
  const [a] = await startCluster({
    nodes: 1,
    app: (mesh, options) => {
      const withSession = meshSession(mesh, options);
      return (req, res) => withSession(req, res, () => ((dataOf(req).user = "ada"), res.end()));
    },
  });
  const withSession = meshSession(a!.mesh, { secret: SECRET });
  a!.server.on("upgrade", (req, socket) => {
    withSession(req, {} as ServerResponse, async () => {
      const { user } = dataOf(req);
      dataOf(req).late = true;
      const { status } = await sessionOf(req).save();
      const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n";
      socket.end(`${head}X-Seen: ${user} ${status}\r\n\r\n`);
    });
  });
  const browser = new Browser();
  await browser.get(a!.origin);
  const cookie = `sm.sid=${browser.cookies.get("sm.sid")!}`;
  const headers = { cookie, connection: "Upgrade", upgrade: "test" };
  const seen = await new Promise((done) => {
    get(a!.origin, { headers }).on("upgrade", (answer, socket) => {
      socket.destroy();
      done(answer.headers["x-seen"]);
    });
  });
  expect(seen).toBe("ada committed");
});
