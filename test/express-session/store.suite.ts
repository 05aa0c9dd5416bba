/**
 * What express-session asks of a store, point by point, for any store: its own MemoryStore passes, so
 * that these are express-session's demands and not ours.
 *
 * Not here: what a MeshStore does beyond it, when requests overlap (mesh-store.test.ts).
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import express from "express";
import session, { type SessionData, type Store } from "express-session";
import { describe, expect, test } from "vitest";
import { Browser, listen } from "../express/cluster.js";

/** What a request's session holds in these tests, and the session itself. */
export type TestSession = session.Session & SessionData & Record<string, unknown>;

/** A store with all that a store may have. */
export type FullStore = Store & Required<Pick<Store, "all" | "length" | "clear" | "touch">>;

type Handler = (shown: TestSession, req: IncomingMessage, res: ServerResponse) => unknown;

const MINUTE_MS = 60_000;

/** The session of a request. */
export function sessionOf(req: IncomingMessage): TestSession {
  return (req as IncomingMessage & { session: TestSession }).session;
}

/** An app whose only route is `handler`; what that returns is the response, unless it has sent one. */
export async function serve(
  store: Store,
  handler: Handler,
  options: Partial<session.SessionOptions> = {},
): Promise<string> {
  const app = express();
  app.set("env", "test");
  const defaults = { resave: false, saveUninitialized: true, cookie: { maxAge: MINUTE_MS } };
  app.use(session({ secret: "a secret", store, ...defaults, ...options }));
  app.use((req, res) => {
    const answer = handler(sessionOf(req), req, res);
    if (answer instanceof Promise) void answer.then((text) => res.send(String(text)));
    else if (answer !== undefined) res.send(String(answer));
  });
  app.use((error: Error, _req: unknown, res: express.Response, _next: unknown) => {
    if (!res.headersSent) res.status(500).send(error.message);
  });
  return listen(createServer(app));
}

/** The session id in a browser's cookie. */
export function sidOf(browser: Browser): string {
  const cookie = decodeURIComponent(browser.cookies.get("connect.sid") ?? "");
  return /^s:([^.]+)\./.exec(cookie)?.[1] ?? "";
}

/** Awaits a callback. */
export function called<T>(call: (done: (error: unknown, result?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error as Error) : resolve(result as T)));
  });
}

/** Reads a session past express-session. */
export function read(store: Store, sid: string): Promise<SessionData | null | undefined> {
  return called((done) => store.get(sid, done));
}

/** All sessions that a store lists: as an array or by id, whichever it has. */
async function listed(store: FullStore): Promise<object> {
  const all = await called<object | null>((done) => store.all(done));
  return all ?? {};
}

const data = (attributes: object): SessionData =>
  ({ cookie: { originalMaxAge: MINUTE_MS }, ...attributes }) as unknown as SessionData;

/** The demands; `start` makes an empty store, and stops it when the test is over. */
export function storeContract(name: string, start: () => Promise<FullStore>): void {
  describe(`${name}, called as a store`, () => {
    test("a miss is no error", async () => {
      expect((await read(await start(), "unknown")) ?? null).toBe(null);
    });

    test("what was stored is read, as a fresh object each time", async () => {
      const store = await start();
      await called((done) => store.set("one", data({ user: { name: "ada" }, list: [1] }), done));
      const first = (await read(store, "one")) as TestSession;
      expect(first).toMatchObject({ user: { name: "ada" }, list: [1] });
      (first.user as { name: string }).name = "changed";
      (first.list as number[]).push(2);
      first.cookie.path = "/changed";
      expect(await read(store, "one")).toMatchObject({ user: { name: "ada" }, list: [1] });
      expect((await read(store, "one"))?.cookie.path).not.toBe("/changed");
    });

    test("a plain object replaces all that was stored, the cookie too", async () => {
      const store = await start();
      await called((done) => store.set("one", data({ a: 1, deep: { b: 1, c: 1 } }), done));
      await called((done) => store.set("one", data({ deep: { c: 2 } }), done));
      const { cookie: _, ...attributes } = (await read(store, "one")) as TestSession;
      expect(attributes).toEqual({ deep: { c: 2 } });
      await called((done) => store.set("one", { bare: true } as unknown as SessionData, done));
      expect(await read(store, "one")).toEqual({ bare: true });
    });

    test("a session that was destroyed is a miss; destroying what is not there is no error", async () => {
      const store = await start();
      await called((done) => store.set("one", data({ a: 1 }), done));
      await called((done) => store.destroy("one", done));
      expect((await read(store, "one")) ?? null).toBe(null);
      await called((done) => store.destroy("unknown", done));
    });

    test("no callback is needed to store and to destroy", async () => {
      const store = await start();
      store.set("one", data({ a: 1 }));
      expect(await read(store, "one")).toMatchObject({ a: 1 });
      store.destroy("one");
      expect((await read(store, "one")) ?? null).toBe(null);
    });

    test("touch changes no attribute, and is no error where there is nothing", async () => {
      const store = await start();
      await called((done) => store.touch("unknown", data({}), done as () => void));
      expect((await read(store, "unknown")) ?? null).toBe(null);
      await called((done) => store.set("one", data({ a: 1 }), done));
      await called((done) => store.touch("one", data({ a: 2, b: 2 }), done as () => void));
      const { cookie: _, ...attributes } = (await read(store, "one")) as TestSession;
      expect(attributes).toEqual({ a: 1 });
    });

    test("all, length and clear tell of every session", async () => {
      const store = await start();
      for (const sid of ["one", "two", "three"]) {
        await called((done) => store.set(sid, data({ sid }), done));
      }
      expect(await called((done) => store.length(done))).toBe(3);
      const all = Object.values(await listed(store));
      expect(all.map((shown) => (shown as { sid: string }).sid).toSorted()).toEqual(
        ["one", "two", "three"].toSorted(),
      );
      await called((done) => store.clear(done));
      expect(await called((done) => store.length(done))).toBe(0);
    });

    test("load makes a session object that saves itself", async () => {
      const store = await start();
      await called((done) => store.set("one", data({ a: 1 }), done));
      const loaded = await called<TestSession>((done) =>
        store.load("one", done as unknown as Parameters<Store["load"]>[1]),
      );
      loaded.b = 2;
      await called((done) => loaded.save(done));
      expect(await read(store, "one")).toMatchObject({ a: 1, b: 2 });
    });
  });

  describe(`${name}, under express-session`, () => {
    test("a session persists from request to request", async () => {
      const origin = await serve(await start(), (shown) => (shown.n = Number(shown.n ?? 0) + 1));
      const browser = new Browser();
      for (const n of ["1", "2", "3"]) expect((await browser.get(origin)).text).toBe(n);
    });

    test("an id that is not stored any more gives way to a new one", async () => {
      const store = await start();
      const origin = await serve(store, (shown) => shown.id);
      const browser = new Browser();
      const { text: before } = await browser.get(origin);
      await called((done) => store.clear(done));
      expect((await browser.get(origin)).text).not.toBe(before);
      expect(sidOf(browser)).not.toBe(before);
    });

    test("a session that expired is a miss, and is not listed", async () => {
      const store = await start();
      const origin = await serve(store, (shown) => shown.id, { cookie: { maxAge: 5 } });
      const browser = new Browser();
      const { text: before } = await browser.get(origin);
      await new Promise((later) => setTimeout(later, 25));
      expect(Object.keys(await listed(store))).toEqual([]);
      expect((await browser.get(origin)).text).not.toBe(before);
    });

    test("regenerate leaves the old session dead and the new one empty", async () => {
      const store = await start();
      const origin = await serve(store, async (shown, req) => {
        if (req.url === "/") return (shown.a = 1);
        await called((done) => shown.regenerate(done));
        sessionOf(req).b = 2;
        return JSON.stringify(sessionOf(req));
      });
      const browser = new Browser();
      await browser.get(`${origin}/`);
      const old = sidOf(browser);
      const { cookie: _, ...attributes } = JSON.parse((await browser.get(`${origin}/again`)).text);
      expect(attributes).toEqual({ b: 2 });
      expect(sidOf(browser)).not.toBe(old);
      expect((await read(store, old)) ?? null).toBe(null);
      expect(await read(store, sidOf(browser))).toMatchObject({ b: 2 });
    });

    test("reload shows what another request wrote, and drops what was not saved", async () => {
      const store = await start();
      const browser = new Browser();
      const origin = await serve(store, async (shown, req) => {
        if (req.url !== "/reload") return (shown.from = req.url);
        shown.mine = true;
        await browser.get(`${origin}/other`);
        await called((done) => shown.reload(done));
        return `${String(sessionOf(req).from)} ${String(sessionOf(req).mine)}`;
      });
      await browser.get(`${origin}/first`);
      expect((await browser.get(`${origin}/reload`)).text).toBe("/other undefined");
    });

    test("reload of a session that is gone says so", async () => {
      const store = await start();
      const origin = await serve(store, async (shown) => {
        await called((done) => store.clear(done));
        return called((done) => shown.reload(done)).then(
          () => "loaded",
          (error: Error) => error.message,
        );
      });
      const browser = new Browser();
      await browser.get(origin);
      expect((await browser.get(origin)).text).toBe("failed to load session");
    });

    test("what was saved by hand is not saved again at the end of the response", async () => {
      const store = await start();
      let setCount = 0;
      const { set } = store;
      store.set = function (...args: Parameters<Store["set"]>) {
        setCount += 1;
        return set.apply(store, args);
      };
      const origin = await serve(store, async (shown) => {
        shown.n = Number(shown.n ?? 0) + 1;
        await called((done) => shown.save(done));
        return "saved";
      });
      const browser = new Browser();
      await browser.get(origin);
      expect(setCount).toBe(1);
      await browser.get(origin);
      expect(setCount).toBe(2);
    });

    test("a stored session without a cookie fails its request", async () => {
      const store = await start();
      const origin = await serve(store, () => "served");
      const browser = new Browser();
      await browser.get(origin);
      const bare = { bare: true } as unknown as SessionData;
      await called((done) => store.set(sidOf(browser), bare, done));
      const { status, text } = await browser.get(origin);
      expect([status, text]).toEqual([500, expect.stringMatching(/Cannot read prop/)]);
    });

    test("methods can be replaced: an error of get fails the request, ENOENT is a miss", async () => {
      const store = await start();
      const origin = await serve(store, (shown) => shown.id);
      const browser = new Browser();
      const { text: before } = await browser.get(origin);
      store.get = ((_sid, done) => done(new Error("boom"))) as Store["get"];
      expect((await browser.get(origin)).text).toBe("boom");
      const missing = Object.assign(new Error("no such"), { code: "ENOENT" });
      store.get = ((_sid, done) => done(missing)) as Store["get"];
      const { status, text } = await browser.get(origin);
      expect([status, text === before]).toEqual([200, false]);
    });

    test("stored names that a session cannot show stay stored", async () => {
      const store = await start();
      const origin = await serve(store, (shown) => (shown.n = Number(shown.n ?? 0) + 1));
      const browser = new Browser();
      await browser.get(origin);
      const stored = (await read(store, sidOf(browser))) as TestSession;
      await called((done) =>
        store.set(sidOf(browser), { ...stored, touch: "text", n: 5 } as never, done),
      );
      expect((await browser.get(origin)).text).toBe("6");
      expect(await read(store, sidOf(browser))).toMatchObject({ n: 6 });
    });

    test("only attributes and the cookie are enumerable", async () => {
      const origin = await serve(await start(), (shown) => {
        shown.a = 1;
        return Object.keys(shown).toSorted().join();
      });
      const browser = new Browser();
      expect((await browser.get(origin)).text).toBe("a,cookie");
      expect((await browser.get(origin)).text).toBe("a,cookie");
    });

    test("unset: req.session = null destroys or keeps, as told", async () => {
      for (const [unset, length] of [
        ["destroy", 0],
        ["keep", 1],
      ] as const) {
        const store = await start();
        const handler: Handler = (shown, req) => {
          if (req.url === "/") return (shown.a = 1);
          (req as { session?: unknown }).session = null;
          return "unset";
        };
        const origin = await serve(store, handler, { unset });
        const browser = new Browser();
        await browser.get(`${origin}/`);
        await browser.get(`${origin}/unset`);
        expect(await called((done) => store.length(done))).toBe(length);
      }
    });

    test("a read moves the expiry, a changed maxAge is kept", async () => {
      const store = await start();
      const origin = await serve(store, (shown, req) => {
        if (req.url === "/remember") shown.cookie.maxAge = 100 * MINUTE_MS;
        return (shown.a = 1);
      });
      const browser = new Browser();
      const expiresAtMs = async (): Promise<number> =>
        new Date((await read(store, sidOf(browser)))?.cookie.expires ?? 0).getTime();
      await browser.get(`${origin}/`);
      const before = await expiresAtMs();
      expect(Math.abs(before - Date.now() - MINUTE_MS)).toBeLessThan(5_000);
      await new Promise((later) => setTimeout(later, 30));
      await browser.get(`${origin}/`);
      expect(await expiresAtMs()).toBeGreaterThan(before);
      await browser.get(`${origin}/remember`);
      expect((await expiresAtMs()) - Date.now()).toBeGreaterThan(99 * MINUTE_MS);
      await browser.get(`${origin}/`);
      const kept = (await read(store, sidOf(browser)))?.cookie.originalMaxAge ?? 0;
      expect(Math.abs(kept - 100 * MINUTE_MS)).toBeLessThan(1_000);
    });

    test("an expiry that is cleared makes a cookie for as long as the browser is open", async () => {
      const origin = await serve(await start(), (shown) => {
        shown.cookie.expires = null;
        return (shown.n = Number(shown.n ?? 0) + 1);
      });
      const browser = new Browser();
      expect((await browser.get(origin)).setCookies[0]).not.toMatch(/expires/i);
      expect((await browser.get(origin)).text).toBe("2");
    });

    test("the response ends after the session is stored", async () => {
      const store = await start();
      const origin = await serve(store, (shown) => ((shown.a = 1), "a body"));
      const browser = new Browser();
      await browser.get(origin);
      expect(await read(store, sidOf(browser))).toMatchObject({ a: 1 });
    });

    test("an upgrade, which has no response, reads and saves", async () => {
      const store = await start();
      const middleware = session({
        secret: "a secret",
        store,
        resave: false,
        saveUninitialized: true,
      });
      const app = express().use(middleware, (req, res) => {
        sessionOf(req).a = 1;
        res.send("set");
      });
      const server = createServer(app);
      const upgraded = new Promise<unknown>((resolve, reject) => {
        server.on("upgrade", (req, socket) => {
          const next = (): void => {
            const shown = sessionOf(req);
            shown.b = 2;
            shown.save((error) => (error ? reject(error as Error) : resolve(shown.a)));
            socket.destroy();
          };
          middleware(req as express.Request, {} as express.Response, next);
        });
      });
      const browser = new Browser();
      const origin = await listen(server);
      await browser.get(origin);
      const cookie = `connect.sid=${browser.cookies.get("connect.sid")}`;
      const headers = { cookie, connection: "Upgrade", upgrade: "websocket" };
      request(origin, { headers })
        .on("error", () => {})
        .end();
      expect(await upgraded).toBe(1);
      expect(await read(store, sidOf(browser))).toMatchObject({ a: 1, b: 2 });
    });

    test("a store that says it is disconnected is passed by, until it is connected again", async () => {
      const store = await start();
      const origin = await serve(store, (shown) => String(shown === undefined));
      const browser = new Browser();
      store.emit("disconnect");
      expect((await browser.get(origin)).text).toBe("true");
      store.emit("connect");
      expect((await browser.get(origin)).text).toBe("false");
    });
  });
}
