/**
 * Every way to answer that an Express app knows, with a session that changed and one that did not.
 *
 * Not here: the holder alone, on bare node:http (hold-response.test.ts).
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import compression from "compression";
import express, { type Express, type Request } from "express";
import { meshSession, sessionOf } from "session-mesh/express";
import { expect, test } from "vitest";
import { Browser, dataOf, startCluster, until, whenOver } from "./cluster.js";

const bump = (req: Request): void => {
  if (req.query.write !== undefined) dataOf(req).n = Number(dataOf(req).n ?? 0) + 1;
};

async function start(routes: (app: Express) => void) {
  const nodes = await startCluster({
    session: { acks: "all" },
    routes: (app) => {
      app.get("/read", (req, res) => void res.json({ ...sessionOf(req) }));
      routes(app);
    },
  });
  const browser = new Browser();
  const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  return { a, b, browser, read: () => browser.json(`${b.origin}/read`) };
}

test("a redirect is followed to the other node, which has the session", async () => {
  const { a, b, browser } = await start((app) => {
    app.get("/login", (req, res) => ((dataOf(req).user = "ada"), void res.redirect(303, "/read")));
  });
  for (let round = 0; round < 20; round += 1) {
    const answer = await browser.get(`${a.origin}/login`);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/read"]);
    expect(await browser.json(`${b.origin}/read`)).toEqual({ user: "ada" });
    browser.cookies.clear();
  }
});

test("HEAD and 304 carry the cookie and no body", async () => {
  const { a, browser, read } = await start((app) => {
    app.get("/page", (req, res) => (bump(req), void res.send("the page")));
  });
  const first = await browser.get(`${a.origin}/page?write`);
  const etag = first.headers.get("etag")!;
  const head = await browser.get(`${a.origin}/page?write`, { method: "HEAD" });
  expect([head.status, head.text, head.headers.get("content-length")]).toEqual([200, "", "8"]);
  browser.cookies.clear();
  const headers = { "if-none-match": etag, "cache-control": "max-age=0" };
  const fresh = await browser.get(`${a.origin}/page?write`, { headers });
  expect([fresh.status, fresh.text, fresh.setCookies.length]).toEqual([304, "", 1]);
  expect(await read()).toEqual({ n: 1 });
});

test("204 and an empty end", async () => {
  const { a, browser, read } = await start((app) => {
    app.get("/none", (req, res) => (bump(req), void res.sendStatus(204)));
    app.get("/end", (req, res) => (bump(req), void res.end()));
  });
  expect((await browser.get(`${a.origin}/none?write`)).status).toBe(204);
  const empty = await browser.get(`${a.origin}/end?write`);
  expect([empty.status, empty.headers.get("content-length")]).toEqual([200, "0"]);
  expect(await read()).toEqual({ n: 2 });
});

test("sendFile, with ranges", async () => {
  const folder = await mkdtemp(join(tmpdir(), "session-mesh-"));
  whenOver(() => rm(folder, { recursive: true }));
  const body = "0123456789".repeat(50_000);
  await writeFile(join(folder, "file.txt"), body);
  const { a, browser, read } = await start((app) => {
    app.get("/file", (req, res) => (bump(req), res.sendFile(join(folder, "file.txt"))));
  });
  for (const query of ["?write", ""]) {
    expect((await browser.get(`${a.origin}/file${query}`)).text).toBe(body);
    const part = await browser.get(`${a.origin}/file${query}`, { headers: { range: "bytes=3-6" } });
    expect([part.status, part.text]).toEqual([206, "3456"]);
  }
  expect(await read()).toEqual({ n: 2 });
});

test("a large stream, piped or by pipeline", async () => {
  const { a, browser, read } = await start((app) => {
    const chunks = (): Readable => Readable.from(Array(500).fill(Buffer.alloc(10_000, "x")));
    app.get("/pipe", (req, res) => (bump(req), void chunks().pipe(res)));
    app.get("/pipeline", (req, res) => (bump(req), pipeline(chunks(), res)));
  });
  for (const path of ["/pipe?write", "/pipeline?write", "/pipe", "/pipeline"]) {
    expect((await browser.get(a.origin + path)).text.length).toBe(5_000_000);
  }
  expect(await read()).toEqual({ n: 2 });
});

test("server-sent events flow, and what changes after the headers is written at the end", async () => {
  const { a, browser, read } = await start((app) => {
    app.get("/events", (req, res) => {
      dataOf(req).opened = true;
      res.writeHead(200, { "Content-Type": "text/event-stream" });
      res.flushHeaders();
      res.write("data: 1\n\n");
      req.on("close", () => (dataOf(req).closed = true));
      setTimeout(() => {
        dataOf(req).late = true;
        res.write("data: 2\n\n");
        if (req.query.end !== undefined) res.end();
      }, 5);
    });
  });
  const whole = await browser.get(`${a.origin}/events?end`);
  expect(whole.text).toBe("data: 1\n\ndata: 2\n\n");
  expect(whole.setCookies.filter((line) => line.startsWith("sm.sid="))).toHaveLength(1);
  expect(await read()).toEqual({ opened: true, late: true });
  const late = a.events.filter(({ type }) => type === "changed-after-headers");
  expect(late).toEqual([
    {
      type: "changed-after-headers",
      atMs: expect.any(Number),
      session: expect.stringMatching(/^[\w-]{22}$/),
    },
  ]);

  const abort = new AbortController();
  const other = new Browser();
  const headers = { cookie: "" };
  const open = await fetch(`${a.origin}/events`, { signal: abort.signal, headers });
  for (const line of open.headers.getSetCookie()) {
    other.cookies.set("sm.sid", /=([^;]*)/.exec(line)![1]!);
  }
  const reader = open.body!.getReader();
  for (let text = ""; !text.includes("data: 2");) {
    text += Buffer.from((await reader.read()).value!).toString();
  }
  abort.abort();
  await until("the abort was noticed", () => {
    return a.events.filter(({ type }) => type === "changed-after-headers").length === 2;
  });
  const value = await other.json(`${a.origin}/read`);
  expect(value).toEqual({ opened: true, late: true, closed: true });
});

test.each(["before", "after"])("compression %s the session", async (place) => {
  const body = "compress me ".repeat(20_000);
  const nodes = await startCluster({
    session: { acks: "all" },
    app: (mesh, options) => {
      const app = express();
      if (place === "before") app.use(compression({ threshold: 0 }));
      app.use(meshSession(mesh, options));
      if (place === "after") app.use(compression({ threshold: 0 }));
      app.get("/send", (req, res) => (bump(req), void res.type("text").send(body)));
      app.get("/write", (req, res) => {
        bump(req);
        res.type("text");
        for (let at = 0; at < body.length; at += 1_000) res.write(body.slice(at, at + 1_000));
        res.end();
      });
      app.get("/pipe", (req, res) => {
        bump(req);
        res.type("text");
        Readable.from(body.match(/[^]{1,5000}/g)!).pipe(res);
      });
      app.get("/tiny", (req, res) => (bump(req), void res.type("png").send(Buffer.from("x"))));
      return app.get("/read", (req, res) => void res.json({ ...sessionOf(req) }));
    },
  });
  const browser = new Browser();
  for (const query of ["?write", ""]) {
    for (const path of ["/send", "/write", "/pipe"]) {
      const answer = await browser.get(nodes[0]!.origin + path + query, {
        headers: { "accept-encoding": "gzip" },
      });
      expect(answer.headers.get("content-encoding")).toBe("gzip");
      expect(answer.text).toBe(body);
    }
    expect((await browser.get(`${nodes[0]!.origin}/tiny${query}`)).text).toBe("x");
  }
  expect(await browser.json(`${nodes[1]!.origin}/read`)).toEqual({ n: 4 });
});

test("a client that goes away before the answer has its write kept", async () => {
  const waiting: (() => void)[] = [];
  const { a, browser, read } = await start((app) => {
    app.get("/login", (req, res) => (bump(req), void res.send("in")));
    app.get("/slow", async (req, res) => {
      await new Promise<void>((go) => (req.once("close", go), waiting.push(go)));
      dataOf(req).slow = 1;
      res.send("nobody hears this");
    });
  });
  await browser.get(`${a.origin}/login?write`);
  const headers = { cookie: `sm.sid=${browser.cookies.get("sm.sid")!}` };
  const request = get(`${a.origin}/slow`, { headers }).on("error", () => {});
  await until("the request is under way", () => waiting.length === 1);
  request.destroy();
  await until(
    "it was written",
    () =>
      a.events.some((event) => event.type === "acks-settled" && event.got === 1) &&
      a.events.filter(({ type }) => type === "session-committed").length === 2,
  );
  expect(await read()).toEqual({ n: 1, slow: 1 });
});

test("an error in a handler is answered by Express, and the session written", async () => {
  const { a, browser, read } = await start((app) => {
    app.get("/throw", (req) => {
      bump(req);
      throw Object.assign(new Error("handler"), { status: 418 });
    });
    app.get("/reject", async (req, res) => {
      bump(req);
      res.write("partial");
      throw new Error("after the headers");
    });
  });
  expect((await browser.get(`${a.origin}/throw?write`)).status).toBe(418);
  await expect(browser.get(`${a.origin}/reject?write`)).rejects.toThrow();
  expect(await read()).toEqual({ n: 2 });
});
