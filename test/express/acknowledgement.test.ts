/**
 * What a response waits for, and what it says when that does not come. A valve in the mesh's only
 * link stops the acknowledgements without closing anything.
 *
 * Not here: how a response is held, method by method (hold-response.test.ts).
 */
import { connect } from "node:net";
import express, { type Express } from "express";
import type { Event, Mesh } from "session-mesh";
import { meshSession, type MeshSessionOptions, sessionOf } from "session-mesh/express";
import type { SessionFailure } from "session-mesh/express";
import { expect, test } from "vitest";
import {
  Browser,
  dataOf,
  type ClusterOptions,
  type Node,
  SECRET,
  startCluster,
  startNode,
  startValve,
  until,
  untilLinked,
  whenOver,
} from "./cluster.js";

function routes(app: Express): void {
  app.get("/plain", (_, res) => void res.send("plain"));
  app.get("/write", (req, res) => ((dataOf(req).n = req.query.n ?? 1), void res.send("written")));
  app.get("/save", async (req, res) => {
    dataOf(req).n = "saved";
    const outcome = await sessionOf(req)
      .save()
      .catch((error: unknown) => error);
    res.json(outcome instanceof Error ? outcome.message : outcome);
  });
  app.get("/logout", (req, res) => (void sessionOf(req).destroy(), void res.redirect("/")));
  app.get("/bad", (req, res) => {
    dataOf(req).n = "overwritten";
    dataOf(req).cart = { items: [() => {}] };
    res.send("never sent");
  });
  app.get("/count", (req, res) => void res.json(dataOf(req).counter("views").increment()));
  app.get("/read", (req, res) => void res.json({ ...sessionOf(req) }));
}

// Nothing times out by itself: only the valve decides.
const PATIENT = { ackDeadlineMs: 60_000, limits: { suspectFloorMs: 60_000 } };

/** Two nodes whose only link passes a valve. */
async function startValved(options: ClusterOptions) {
  const b = await startNode({ mesh: PATIENT, ...options });
  const valve = await startValve(() => Number(new URL(b.mesh.address).port));
  // An address where nobody listens: b cannot dial around the valve.
  const blind = { advertise: "ws://127.0.0.1:9" };
  const a = await startNode({ ...options, mesh: { ...PATIENT, ...options.mesh, ...blind } }, [
    valve.address,
  ]);
  await untilLinked(a.mesh, 1);
  await until("b confirms what a writes", async () => {
    return !(await a.mesh.sessions.create().commit({ acks: 1 })).degraded;
  });
  return { a, b, valve };
}

/** Sends a request and shows what has come back so far, to the byte. */
function rawGet(origin: string, path: string, cookie = "") {
  const { port } = new URL(origin);
  const socket = connect(Number(port), "127.0.0.1");
  whenOver(() => socket.destroy());
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk) => (text += String(chunk)));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\n\r\n`);
  return { text: () => text, socket };
}

/** Whole requests to the same process: what was on its way has arrived. */
async function settle(origin: string): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Browser().get(`${origin}/plain`);
}

test("P1: not one byte of a response leaves before its write is acknowledged", async () => {
  const { a, b, valve } = await startValved({ routes });
  const count = ({ events }: Node, type: Event["type"]): number =>
    events.filter((event) => event.type === type).length;
  const [committed, integrated] = [count(a, "session-committed"), count(b, "session-integrated")];
  valve.stall();
  const client = rawGet(a.origin, "/write");
  await until("a has committed", () => count(a, "session-committed") > committed);
  await settle(a.origin);
  expect(client.text()).toBe("");
  expect(count(b, "session-integrated")).toBe(integrated);
  valve.flow();
  await until("the response is there", () => client.text().endsWith("written"));
  expect(count(b, "session-integrated")).toBe(integrated + 1);
});

test("P1: save() and the headers of a logout wait as well", async () => {
  const { a, b, valve } = await startValved({ routes });
  const browser = new Browser();
  await browser.get(`${a.origin}/write`);
  valve.stall();
  const cookie = `sm.sid=${browser.cookies.get("sm.sid")!}`;
  const saving = rawGet(a.origin, "/save", cookie);
  const leaving = rawGet(a.origin, "/logout", cookie);
  await until("a has destroyed", () => a.events.some(({ type }) => type === "session-destroyed"));
  await settle(a.origin);
  expect([saving.text(), leaving.text()]).toEqual(["", ""]);
  valve.flow();
  await until("both are there", () => /302/.test(leaving.text()) && /200 OK/.test(saving.text()));
  expect(leaving.text()).toContain("Max-Age=0");
  expect((await browser.get(`${b.origin}/read`)).text).toBe("{}");
});

test("a response that changed nothing, or asks for no acknowledgement, does not wait", async () => {
  const { a, valve } = await startValved({ routes, session: { acks: 0 } });
  const browser = new Browser();
  valve.stall();
  expect((await browser.get(`${a.origin}/write`)).text).toBe("written");
  expect((await browser.get(`${a.origin}/read`)).text).toBe('{"n":1}');
});

test("acks: all waits for every peer, a number for as many", async () => {
  const nodes = await startCluster({ nodes: 3, routes, session: { acks: "all" } });
  for (const [index, node] of nodes.entries()) {
    const browser = new Browser();
    await browser.get(`${node.origin}/write?n=${index}`);
    for (const other of nodes) {
      expect((await browser.get(`${other.origin}/read`)).text).toBe(`{"n":"${index}"}`);
    }
    const saved = JSON.parse((await browser.get(`${node.origin}/save`)).text);
    expect(saved).toMatchObject({ status: "committed", acks: 2, degraded: false });
  }
});

test("with too few peers a response is served, and an event counts it", async () => {
  const [alone] = await startCluster({ nodes: 1, routes });
  const answer = await new Browser().get(`${alone!.origin}/write`);
  expect([answer.status, answer.setCookies.length]).toEqual([200, 1]);
  const settled = alone!.events.filter(({ type }) => type === "acks-settled");
  expect(settled).toMatchObject([{ wanted: 1, got: 0, degraded: true }]);
});

test('onDegraded: "fail" answers 503 with nothing of the response, and save() fails', async () => {
  const failures: SessionFailure[] = [];
  const onFailure = (failure: SessionFailure): void => void failures.push(failure);
  const [alone] = await startCluster({
    nodes: 1,
    routes,
    session: { onDegraded: "fail", onFailure },
  });
  const browser = new Browser();
  const answer = await browser.get(`${alone!.origin}/write`);
  expect([answer.status, answer.text]).toEqual([503, "Service Unavailable\n"]);
  expect(answer.setCookies).toEqual([]);
  expect(answer.headers.get("etag")).toBe(null);
  expect(failures).toMatchObject([{ code: "degraded", status: 503, isTooLate: false }]);
  expect((await browser.get(`${alone!.origin}/save`)).status).toBe(503);
  expect((await browser.get(`${alone!.origin}/read`)).status).toBe(200);
});

test('onDegraded: "fail" lets save() and destroy() say it to the handler first', async () => {
  const seen: unknown[] = [];
  const [alone] = await startCluster({
    nodes: 1,
    session: { onDegraded: "fail" },
    routes: (app) =>
      app.get("/", async (req, res) => {
        dataOf(req).n = 1;
        await sessionOf(req)
          .save()
          .catch((error: { code: string; message: string }) => seen.push(error.code));
        seen.push(res.headersSent);
        res.send("never sent");
      }),
  });
  expect((await new Browser().get(alone!.origin)).status).toBe(503);
  expect(seen).toEqual(["degraded", false]);
});

test("what cannot be stored is a 500 that says nothing, the log names it, and nothing changed", async () => {
  const failures: SessionFailure[] = [];
  const onFailure = (failure: SessionFailure): void => void failures.push(failure);
  const [a] = await startCluster({ routes, session: { onFailure } });
  const browser = new Browser();
  await browser.get(`${a!.origin}/write`);
  const answer = await browser.get(`${a!.origin}/bad`);
  expect([answer.status, answer.text]).toEqual([500, "Internal Server Error\n"]);
  expect(failures).toMatchObject([{ code: "unsupported-value", status: 500 }]);
  expect(failures[0]!.error.message).toContain("session.cart.items[0]");
  expect((await browser.get(`${a!.origin}/read`)).text).toBe('{"n":1}');
});

test("onFailure may give the answer itself", async () => {
  const [a] = await startCluster({
    nodes: 1,
    routes,
    session: {
      onFailure: ({ status, code }) => ({
        status,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ code }),
      }),
    },
  });
  const answer = await new Browser().get(`${a!.origin}/bad`);
  expect(answer.status).toBe(500);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.text).toBe('{"code":"unsupported-value"}');
});

test("P14: at the limit a new session is refused with the remedy, and live ones stay", async () => {
  const failures: SessionFailure[] = [];
  const onFailure = (failure: SessionFailure): void => void failures.push(failure);
  const [a] = await startCluster({
    nodes: 1,
    routes,
    session: { onFailure },
    mesh: { limits: { sessionsMax: 1 } },
  });
  const first = new Browser();
  await first.get(`${a!.origin}/write`);
  const refused = await new Browser().get(`${a!.origin}/write`);
  expect([refused.status, refused.setCookies]).toEqual([500, []]);
  expect(failures).toMatchObject([{ code: "full" }]);
  expect(failures[0]!.error.message).toMatch(/limit sessionsMax; raise limits\.sessionsMax/);
  expect((await new Browser().get(`${a!.origin}/save`)).status).toBe(500);
  expect((await first.get(`${a!.origin}/write?n=2`)).text).toBe("written");
});

test("a session replaced by another object is a 500 that names the remedy", async () => {
  const failures: SessionFailure[] = [];
  const app = (mesh: Mesh, options: MeshSessionOptions): Express => {
    const made = express();
    made.use(meshSession(mesh, { ...options, secret: SECRET }));
    return made.get("/", (req, res) => {
      (req as { session?: unknown }).session = { user: "ada" };
      res.send("never sent");
    });
  };
  const onFailure = (failure: SessionFailure): void => void failures.push(failure);
  const [a] = await startCluster({ nodes: 1, app, session: { onFailure } });
  expect((await new Browser().get(a!.origin)).status).toBe(500);
  expect(failures[0]!.error.message).toContain("Assign its properties instead");
});

test("P5, P9: a session that may live across a cut keeps its cookie, and merges; who wrote takes that along", async () => {
  const { a, b, valve } = await startValved({ routes, session: { acks: 0 } });
  const browser = new Browser();
  valve.stall();
  const [cookie] = (await browser.get(`${b.origin}/write?n=b`)).setCookies;
  expect(cookie).toBeDefined();
  const crossed = await browser.get(`${a.origin}/read`);
  expect([crossed.text, crossed.setCookies]).toEqual(["{}", []]);
  const written = await browser.get(`${a.origin}/count`);
  expect([written.text, written.setCookies]).toEqual(["1", [expect.stringMatching(/^sm\.sid-\d/)]]);
  const back = await browser.get(`${b.origin}/read`);
  expect(back.headers.get("session-mesh-stale")).toBe("1");
  valve.flow();
  for (const { origin } of [a, b]) {
    await until("both sides' writes are there", async () => {
      return (await browser.get(`${origin}/read`)).text.length > 10;
    });
    expect(await browser.json(`${origin}/read`)).toEqual({ n: "b", views: 1 });
  }
});

test("P3: a logout across a cut ends the session on the other side too", async () => {
  const { a, b, valve } = await startValved({ routes, session: { acks: 0 } });
  const browser = new Browser();
  valve.stall();
  await browser.get(`${b.origin}/write?n=b`);
  const thief = new Browser();
  for (const [name, value] of browser.cookies) thief.cookies.set(name, value);
  const leaving = browser.get(`${a.origin}/logout`);
  await until("a has destroyed", () => a.events.some(({ type }) => type === "session-destroyed"));
  valve.flow();
  expect((await leaving).setCookies).toEqual([expect.stringContaining("Max-Age=0")]);
  expect((await thief.get(`${b.origin}/read`)).text).toBe("{}");
});

test("a cookie that cannot be written is a 500, not a response that hangs", async () => {
  const failures: SessionFailure[] = [];
  const [a] = await startCluster({
    nodes: 1,
    session: { onFailure: (failure) => void failures.push(failure) },
    routes: (app) =>
      app.get("/", (req, res) => {
        dataOf(req).n = 1;
        sessionOf(req).cookie.domain = "no; such=domain";
        res.send("never sent");
      }),
  });
  expect((await new Browser().get(a!.origin)).status).toBe(500);
  expect(failures).toMatchObject([{ code: "unexpected", isTooLate: false }]);
});

test("an answer of onFailure that cannot be sent ends the connection", async () => {
  const [a] = await startCluster({
    nodes: 1,
    routes,
    session: {
      onDegraded: "fail",
      onFailure: ({ status }) => ({ status, headers: { "bad name": "" }, body: "" }),
    },
  });
  await expect(new Browser().get(`${a!.origin}/write`)).rejects.toThrow();
});

test("a mesh that was closed is an error for `next`", async () => {
  const [a] = await startCluster({
    nodes: 1,
    app: (mesh, options) => {
      const withSession = meshSession(mesh, options);
      return (req, res) =>
        withSession(req, res, (error) => void res.end((error as { code: string }).code));
    },
  });
  await a!.mesh.close();
  expect((await new Browser().get(a!.origin)).text).toBe("closed");
});
