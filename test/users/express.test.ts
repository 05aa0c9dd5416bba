/**
 * Log out everywhere (P13) as browsers see it: `session-mesh/express` and `MeshStore` on two nodes.
 *
 * Not here: what the mesh does (revoke.test.ts).
 */
import express, { type Express } from "express";
import session from "express-session";
import type { Mesh } from "session-mesh";
import { MeshStore } from "session-mesh/express-session";
import { expect, test } from "vitest";
import { type Answer, Browser, dataOf, SECRET, startCluster } from "../express/cluster.js";

const ADA = { user: "ada", deadlineMs: 5_000 };

function routes(app: Express, mesh: Mesh): void {
  app.get("/login", async (req, res) => {
    await dataOf(req).regenerate();
    dataOf(req).user = "ada";
    res.send("in");
  });
  app.get("/who", (req, res) => void res.send(dataOf(req).user ?? "nobody"));
  app.get("/only-here", async (req, res) => {
    await mesh.sessions.revoke(ADA);
    await dataOf(req).regenerate();
    dataOf(req).user = "ada";
    res.send("in");
  });
  app.get("/late", async (req, res) => {
    await mesh.sessions.revoke(ADA);
    dataOf(req).n = "written after it";
    res.send("done");
  });
}

const start = () => startCluster({ routes, mesh: { userAttribute: "user", acks: "all" } });

const idCookies = ({ setCookies }: Answer): string[] =>
  setCookies.filter((line) => line.startsWith("sm.sid="));

test("P13: a revoked user's next request has an empty session, and no cookie of a newer login is touched", async () => {
  const [a, b] = await start();
  const browser = new Browser();
  await browser.get(`${a!.origin}/login`);
  expect((await browser.get(`${b!.origin}/who`)).text).toBe("ada");

  expect(await a!.mesh.sessions.revoke(ADA)).toMatchObject({ destroyedCount: 1, acks: 1 });

  const answer = await browser.get(`${b!.origin}/who`);
  expect(answer.text).toBe("nobody");
  expect(idCookies(answer)).toEqual([]);
  expect((await browser.get(`${b!.origin}/who`)).setCookies).toEqual([]);
  await browser.get(`${a!.origin}/login`);
  expect((await browser.get(`${b!.origin}/who`)).text).toBe("ada");
});

test("P13: who logs himself out everywhere else stays logged in where he does it", async () => {
  const [a, b] = await start();
  const [phone, laptop] = [new Browser(), new Browser()];
  await phone.get(`${a!.origin}/login`);
  await laptop.get(`${b!.origin}/login`);
  expect(b!.mesh.sessions.ofUser("ada")).toHaveLength(2);
  await laptop.get(`${b!.origin}/only-here`);
  expect((await phone.get(`${a!.origin}/who`)).text).toBe("nobody");
  expect((await laptop.get(`${a!.origin}/who`)).text).toBe("ada");
  expect(a!.mesh.sessions.ofUser("ada")).toHaveLength(1);
});

test("P13: what a request under way writes to a revoked session is lost with it", async () => {
  const [a, b] = await start();
  const browser = new Browser();
  await browser.get(`${a!.origin}/login`);
  const answer = await browser.get(`${b!.origin}/late`);
  expect(answer).toMatchObject({ status: 200, text: "done", setCookies: [] });
  expect((await browser.get(`${a!.origin}/who`)).text).toBe("nobody");
});

test("P13: sessions of MeshStore are revoked and listed as well", async () => {
  const [a, b] = await startCluster({
    mesh: { userAttribute: ["passport", "user"], acks: "all" },
    app: (mesh) => {
      const store = new MeshStore(mesh);
      const app = express();
      app.use(session({ store, secret: SECRET, resave: false, saveUninitialized: false }));
      app.get("/login", (req, res) => {
        Object.assign(req.session, { passport: { user: 7 } });
        res.send("in");
      });
      app.get("/who", (req, res) => {
        const { passport } = req.session as { passport?: { user: number } };
        res.send(`${passport?.user ?? "nobody"}`);
      });
      return app;
    },
  });
  const browser = new Browser();
  await browser.get(`${a!.origin}/login`);
  expect((await browser.get(`${b!.origin}/who`)).text).toBe("7");
  expect(b!.mesh.sessions.ofUser(7)).toHaveLength(1);
  await b!.mesh.sessions.revoke({ ...ADA, user: 7 });
  expect((await browser.get(`${a!.origin}/who`)).text).toBe("nobody");
});
