/**
 * The session's cookie: signed, rotated, marked secure where it should be, set and cleared when due.
 *
 * Not here: the session behind it (session-api.test.ts).
 */
import type { Express } from "express";
import { sessionOf, type MeshSessionOptions } from "session-mesh/express";
import { expect, test } from "vitest";
import {
  Browser,
  dataOf,
  type Node,
  SECRET,
  startCluster,
  startNode,
  untilLinked,
} from "./cluster.js";

const DAY_MS = 86_400_000;

function routes(app: Express): void {
  app.get("/read", (req, res) => void res.json({ ...sessionOf(req) }));
  app.get("/write", (req, res) => {
    const session = dataOf(req);
    session.n = Number(session.n ?? 0) + 1;
    res.send("written");
  });
  app.get("/remember", (req, res) => {
    sessionOf(req).cookie.maxAge = 30 * DAY_MS;
    res.send("remembered");
  });
  app.get("/forget", (req, res) => {
    sessionOf(req).cookie.expires = false;
    res.send("forgotten");
  });
  app.get("/cookie", (req, res) => void res.json(sessionOf(req).cookie));
  app.get("/touch", (req, res) => void res.json(sessionOf(req).touch().resetMaxAge()));
  app.get("/logout", (req, res) => sessionOf(req).destroy(() => res.redirect("/read")));
  app.get("/renew", (req, res) => sessionOf(req).regenerate(() => res.send("renewed")));
}

async function start(session: Partial<MeshSessionOptions> = {}, trustProxy = false) {
  const [node] = await startCluster({
    session,
    routes: (app) => {
      app.set("trust proxy", trustProxy);
      routes(app);
    },
  });
  const browser = new Browser();
  const get = (path: string, headers: Record<string, string> = {}) =>
    browser.get(node!.origin + path, { headers });
  return { node: node!, browser, get };
}

async function join(session: Partial<MeshSessionOptions>, { mesh }: Node): Promise<Node> {
  const joined = await startNode({ session, routes }, [mesh.address]);
  await untilLinked(joined.mesh, 1);
  return joined;
}

test("by default: sm.sid, signed, httpOnly, lax, whole site, until the browser closes", async () => {
  const { get } = await start();
  const { setCookies } = await get("/write");
  expect(setCookies).toEqual([
    expect.stringMatching(/^sm\.sid=s%3A[\w-]{22,}\.[\w%]{43,}; Path=\/; HttpOnly; SameSite=Lax$/),
  ]);
});

test("a session that nothing was put into is not stored and sets no cookie", async () => {
  const { get, node } = await start();
  expect((await get("/read")).setCookies).toEqual([]);
  expect((await get("/remember")).setCookies).toEqual([]);
  expect(node.events.filter((event) => event.type === "session-created")).toEqual([]);
});

test("saveUninitialized stores it and sets its cookie", async () => {
  const { get, node } = await start({ saveUninitialized: true });
  expect((await get("/read")).setCookies).toHaveLength(1);
  expect(node.events.filter((event) => event.type === "session-created")).toHaveLength(1);
  expect((await get("/read")).setCookies).toEqual([]);
});

test("a session cookie is set once; with maxAge on every write; with rolling on every response", async () => {
  const plain = await start();
  await plain.get("/write");
  expect((await plain.get("/write")).setCookies).toEqual([]);

  const dated = await start({ cookie: { maxAge: DAY_MS } });
  await dated.get("/write");
  expect((await dated.get("/read")).setCookies).toEqual([]);
  const [cookie = ""] = (await dated.get("/write")).setCookies;
  expect(cookie).toMatch(/; Max-Age=86400; .*Expires=\w{3}, /);

  const rolling = await start({ rolling: true, cookie: { maxAge: DAY_MS } });
  expect((await rolling.get("/read")).setCookies).toEqual([]);
  await rolling.get("/write");
  expect((await rolling.get("/read")).setCookies).toHaveLength(1);
});

test("maxAge is the idle time of the session, and 'remember me' changes both for good", async () => {
  const { get, node, browser } = await start({ cookie: { maxAge: DAY_MS } });
  await get("/write");
  const idleMs = (): number => {
    const id = decodeURIComponent(browser.cookies.get("sm.sid")!).slice(2).split(".")[0]!;
    const opened = node.mesh.sessions.open(id);
    return opened.status === "found" ? opened.session.idleMs : 0;
  };
  expect(idleMs()).toBe(DAY_MS);
  expect((await get("/remember")).setCookies[0]).toContain("Max-Age=2592000");
  expect(idleMs()).toBe(30 * DAY_MS);
  expect(await browser.json(`${node.origin}/cookie`)).toMatchObject({
    originalMaxAge: 30 * DAY_MS,
    httpOnly: true,
    path: "/",
  });
  expect(await browser.json(`${node.origin}/read`)).toEqual({ n: 1 });
  const [forgotten = ""] = (await get("/forget")).setCookies;
  expect(forgotten).toMatch(/^sm\.sid=s/);
  expect(forgotten).not.toMatch(/Max-Age|Expires/);
});

test("touch and resetMaxAge are there, return the session, and write nothing", async () => {
  const { get, node } = await start();
  await get("/write");
  const committed = (): number =>
    node.events.filter((event) => event.type === "session-committed").length;
  const before = committed();
  expect((await get("/touch")).text).toBe('{"n":1}');
  expect(committed()).toBe(before);
});

test("secrets rotate: the first signs, any verifies, and an old signature is replaced", async () => {
  const { node, browser, get } = await start({ secret: "old" });
  await get("/write");
  const rotated = await join({ secret: ["new", "old"] }, node);
  const answer = await browser.get(`${rotated.origin}/read`);
  expect(answer.text).toBe('{"n":1}');
  expect(answer.setCookies.filter((line) => line.startsWith("sm.sid="))).toHaveLength(1);
  expect((await browser.get(`${rotated.origin}/read`)).setCookies).toEqual([]);
  const retired = await join({ secret: "new" }, node);
  expect((await browser.get(`${retired.origin}/read`)).text).toBe('{"n":1}');
  expect((await get("/read")).text).toBe("{}");
});

test("what is not signed, or tampered with, never reaches the mesh", async () => {
  const { get, node, browser } = await start();
  await get("/write");
  const good = decodeURIComponent(browser.cookies.get("sm.sid")!);
  const [id = "", signature = ""] = good.slice(2).split(".");
  const peers = (): number => node.events.filter((event) => event.type === "pull-finished").length;
  const before = peers();
  for (const forged of [
    id,
    `s:${id}`,
    `s:${id}.`,
    `s:${id.slice(1)}x.${signature}`,
    `s:x${id}.${signature}`,
    `s:${id}.${signature.slice(1)}`,
    `s:.${signature}`,
    "%E0%A4%A",
    "",
  ]) {
    const answer = await new Browser().get(`${node.origin}/read`, {
      headers: { cookie: `sm.sid=${encodeURIComponent(forged)}` },
    });
    expect([forged, answer.status, answer.text]).toEqual([forged, 200, "{}"]);
  }
  expect(peers()).toBe(before);
});

test("a signed id that no node knows gets a new session under a new id", async () => {
  const { get, node } = await start();
  const other = await start();
  await other.get("/write");
  const cookie = `sm.sid=${other.browser.cookies.get("sm.sid")!}`;
  const answer = await get("/write", { cookie });
  expect(answer.setCookies).toHaveLength(1);
  expect(answer.setCookies[0]).not.toContain(cookie);
  expect(node.events.some((event) => event.type === "pull-finished")).toBe(true);
});

test("logout clears the cookie, and regenerate without a word too", async () => {
  for (const path of ["/logout", "/renew"]) {
    const { get, browser } = await start({ cookie: { path: "/", sameSite: "strict" } });
    await get("/write");
    const { setCookies } = await get(path);
    expect(setCookies).toEqual([
      "sm.sid=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Strict",
    ]);
    expect(browser.cookies.size).toBe(0);
  }
});

test("secure is automatic: set where Express or the proxy says that the client came by TLS", async () => {
  const forwarded = { "x-forwarded-proto": "https" };
  const trusting = await start({}, true);
  expect((await trusting.get("/write", forwarded)).setCookies[0]).toContain("; Secure");
  const plain = await start({}, true);
  expect((await plain.get("/write")).setCookies[0]).not.toContain("Secure");
  const wary = await start();
  expect((await wary.get("/write", forwarded)).setCookies[0]).not.toContain("Secure");
  const told = await start({ proxy: true });
  expect((await told.get("/write", forwarded)).setCookies[0]).toContain("; Secure");
});

test("a secure cookie is withheld for want of `trust proxy`, with one warning that says so", async () => {
  const warnings: (Error & { code?: string })[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on("warning", listen);
  const { get } = await start({ cookie: { secure: true } });
  const forwarded = { "x-forwarded-proto": "https" };
  expect((await get("/write", forwarded)).setCookies).toEqual([]);
  expect((await get("/write", forwarded)).setCookies).toEqual([]);
  process.off("warning", listen);
  const ours = warnings.filter(({ code }) => code === "SESSION_MESH_SECURE_COOKIE");
  expect(ours).toHaveLength(1);
  expect(ours[0]!.message).toContain('app.set("trust proxy", 1)');
});

test("name, path, domain, sameSite, partitioned and priority go into the cookie", async () => {
  const { get } = await start({
    name: "shop",
    cookie: {
      path: "/write",
      domain: "example.org",
      sameSite: "none",
      secure: true,
      partitioned: true,
      priority: "high",
    },
    proxy: true,
  });
  const forwarded = { "x-forwarded-proto": "https" };
  const [cookie = ""] = (await get("/write", forwarded)).setCookies;
  expect(cookie).toMatch(/^shop=s%3A/);
  for (const part of [
    "Domain=example.org",
    "Path=/write",
    "HttpOnly",
    "Secure",
    "SameSite=None",
    "Partitioned",
    "Priority=High",
  ]) {
    expect(cookie).toContain(part);
  }
  const answer = await get("/read");
  expect(answer.status).toBe(500);
});

test("a secret that can be guessed is warned of, unless it only verifies", async () => {
  const { meshSession } = await import("session-mesh/express");
  const [node] = await startCluster({ nodes: 1 });
  const warnings: string[] = [];
  const listen = (warning: Error & { code?: string }): void => {
    if (warning.code === "SESSION_MESH_SHORT_SECRET") warnings.push(warning.message);
  };
  process.on("warning", listen);
  meshSession(node!.mesh, { secret: ["sixteen letters or more", "old"] });
  meshSession(node!.mesh, { secret: "s" });
  await new Promise((turn) => setImmediate(turn));
  process.off("warning", listen);
  expect(warnings).toEqual([expect.stringMatching(/has 1 character.* 16 or more.*openssl rand/)]);
});

test("wrong options are refused with the remedy", async () => {
  const { meshSession } = await import("session-mesh/express");
  const [node] = await startCluster({ nodes: 1 });
  const refuse = (options: object, message: RegExp): void => {
    const all = { secret: SECRET, ...options } as MeshSessionOptions;
    expect(() => meshSession(node!.mesh, all)).toThrow(message);
  };
  refuse({ secret: undefined }, /needs `secret`/);
  refuse({ secret: [] }, /needs `secret`/);
  refuse({ secret: "" }, /needs `secret`/);
  refuse({ name: "a b" }, /cannot be named/);
  refuse({ acks: -1 }, /acks is 0, 1, 2/);
  refuse({ onDegraded: "cry" }, /onDegraded is "serve" or "fail"/);
  refuse({ cookie: { maxAge: "1d" } }, /milliseconds/);
  refuse({ cookie: { sameSite: "none", secure: false } }, /browsers drop/);
  refuse({ cookie: { maxAge: 0 } }, /cookie.maxAge is a positive number/);
  refuse({ cookie: { path: "shop" } }, /cookie.path is a text that begins with "\/", not shop/);
  refuse({ cookie: { secure: "yes" } }, /cookie.secure is true, false or "auto", not yes/);
  refuse({ cookie: { sameSite: "loose" } }, /cookie.sameSite is "lax", .* not loose/);
  refuse({ cookie: { domain: "not a domain" } }, /no cookie can be made .*domain/);
  refuse({ cookie: "x" }, /`cookie` as an object/);
  refuse({ rolling: "no" }, /rolling is true or false, not no/);
  refuse({ onFailure: "log" }, /onFailure is a function, not log/);
  refuse({ onDegarded: "fail" }, /no option `onDegarded`\. There are: secret, .*onDegraded/);
  refuse({ cookie: { maxage: 5 } }, /no option `cookie.maxage`\. There are: maxAge/);
  expect(() => meshSession(node!.mesh, undefined as never)).toThrow(/the options as an object/);
  for (const mesh of [undefined, {}, Promise.resolve(node!.mesh)]) {
    expect(() => meshSession(mesh as never, { secret: SECRET })).toThrow(/await createMesh/);
  }
});
