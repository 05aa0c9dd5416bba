/**
 * The admin endpoints of real meshes, asked over real HTTP.
 *
 * Not here: metrics, the event stream, and who may read; each has a file of its own.
 */
import { createServer } from "node:http";
import express from "express";
import { createMesh, MeshError } from "session-mesh";
import { createAdmin } from "session-mesh/admin";
import { describe, expect, test } from "vitest";
import { listen, startCluster, until, whenOver } from "../express/cluster.js";
import { ask, askJson, startAdmin } from "./reader.js";

async function alone(): Promise<Awaited<ReturnType<typeof createMesh>>> {
  const mesh = await createMesh();
  whenOver(() => mesh.close({ drain: false }));
  return mesh;
}

describe("health", () => {
  test("a node alone is alive and ready", async () => {
    const mesh = await alone();
    const { origin } = await startAdmin(mesh);
    expect(await ask(`${origin}/healthz`)).toMatchObject({ status: 200 });
    expect(await askJson(`${origin}/healthz`)).toEqual({ node: mesh.node, alive: true });
    expect(await ask(`${origin}/readyz`)).toMatchObject({ status: 200 });
  });

  test("a node that looks for its seed is not ready, and says why", async () => {
    const mesh = await createMesh({ seeds: ["127.0.0.1:1"], requirePeers: true });
    whenOver(() => mesh.close({ drain: false }));
    const { origin } = await startAdmin(mesh);
    const { status, text } = await ask(`${origin}/readyz`);
    expect(status).toBe(503);
    expect(JSON.parse(text).reasons).toEqual([
      "no seed was reached yet, and `requirePeers` is set",
    ]);
    expect(await ask(`${origin}/healthz`)).toMatchObject({ status: 200 });
  });
});

describe("P7: /drained", () => {
  test("is 503 before, and 200 once every peer has confirmed; a later write counts too", async () => {
    const [a, b] = await startCluster({ nodes: 2 });
    const { origin } = await startAdmin(a!.mesh);
    const session = a!.mesh.sessions.create();
    session.value.n = 1;
    await session.commit();
    expect(await ask(`${origin}/drained`)).toMatchObject({ status: 503 });
    await a!.mesh.drain();
    expect(await ask(`${origin}/drained`)).toMatchObject({ status: 200 });
    expect(await askJson(`${origin}/drained`)).toEqual({
      node: a!.mesh.node,
      drained: true,
      draining: true,
      peers: 1,
      soleHeldCount: 0,
    });
    session.value.n = 2;
    await session.commit({ acks: "all" });
    await until("the write is confirmed", async () => {
      return (await ask(`${origin}/drained`)).status === 200;
    });
    expect(b!.mesh.sessions.open(session.id)).toMatchObject({ status: "found" });
    await a!.mesh.close();
    expect(await ask(`${origin}/drained`)).toMatchObject({ status: 200 });
    expect(await ask(`${origin}/readyz`)).toMatchObject({ status: 503 });
  });

  test("is 503 where a session would be lost, and says how many", async () => {
    const mesh = await alone();
    const { origin } = await startAdmin(mesh);
    const session = mesh.sessions.create();
    session.value.n = 1;
    await session.commit();
    await mesh.drain();
    const { status, text } = await ask(`${origin}/drained`);
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ drained: false, peers: 0, soleHeldCount: 1 });
  });

  test("is 200 for a node that held nothing and knew nobody", async () => {
    const mesh = await alone();
    const { origin } = await startAdmin(mesh);
    await mesh.drain();
    expect(await ask(`${origin}/drained`)).toMatchObject({ status: 200 });
  });
});

test("/members is the node's status, without raw ids and values (P12)", async () => {
  const [a, b] = await startCluster({ nodes: 2 });
  const { origin } = await startAdmin(a!.mesh);
  const session = a!.mesh.sessions.create();
  session.value.secretWord = "xyzzy";
  await session.commit();
  const { text } = await ask(`${origin}/members`);
  const { members, ...rest } = a!.mesh.status();
  expect(JSON.parse(text)).toMatchObject(JSON.parse(JSON.stringify(rest)));
  expect(JSON.parse(text).members.map(({ node }: { node: string }) => node)).toEqual(
    members.map(({ node }) => node),
  );
  expect(text).toContain(b!.mesh.node);
  expect(text).not.toContain(session.id);
  expect(text).not.toContain("xyzzy");
});

describe("requests", () => {
  test("HEAD is GET without the body, on every endpoint", async () => {
    const { origin } = await startAdmin(await alone());
    for (const path of ["/healthz", "/readyz", "/metrics", "/members", "/events"]) {
      expect(await ask(origin + path, { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    }
    expect(await ask(`${origin}/drained`, { method: "HEAD" })).toMatchObject({ status: 503 });
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("%s is refused", async (method) => {
    const { origin } = await startAdmin(await alone());
    const { status, headers } = await ask(`${origin}/healthz`, { method });
    expect(status).toBe(405);
    expect(headers.allow).toBe("GET, HEAD");
  });

  test("an unknown path is told what there is; a query string is ignored", async () => {
    const { origin } = await startAdmin(await alone());
    const { status, text } = await ask(`${origin}/status`);
    expect(status).toBe(404);
    expect(text).toContain("/healthz, /readyz, /drained, /metrics, /members, /events");
    expect(await ask(`${origin}/healthz?verbose`)).toMatchObject({ status: 200 });
  });

  test("mounted in Express it answers its own paths and leaves the others alone", async () => {
    const admin = createAdmin(await alone());
    whenOver(() => admin.close());
    const app = express();
    app.use("/mesh", admin.handler);
    app.get("/mesh/own", (_req, res) => void res.send("the app's"));
    const origin = await listen(createServer(app));
    expect(await ask(`${origin}/mesh/healthz`)).toMatchObject({ status: 200 });
    expect((await ask(`${origin}/mesh/metrics`)).text).toContain("session_mesh_ready 1");
    expect(await ask(`${origin}/mesh/own`)).toMatchObject({ status: 200, text: "the app's" });
    expect(await ask(`${origin}/healthz`)).toMatchObject({ status: 404 });
  });
});

describe("listening", () => {
  test("a port that is taken, and listening twice, are clear errors", async () => {
    const mesh = await alone();
    const { admin, origin } = await startAdmin(mesh);
    const other = createAdmin(mesh);
    whenOver(() => other.close());
    const taken = other.listen({ port: Number(new URL(origin).port) });
    await expect(taken).rejects.toThrow(MeshError);
    await expect(taken).rejects.toThrow("Choose another port");
    await expect(admin.listen({ port: 0 })).rejects.toThrow("listens already");
    expect(await other.listen({ port: 0 })).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test("after closing it neither answers nor hears, and the mesh goes on", async () => {
    const mesh = await alone();
    const { admin, origin } = await startAdmin(mesh);
    await admin.close();
    await admin.close();
    await expect(ask(`${origin}/healthz`)).rejects.toThrow("ECONNREFUSED");
    expect(mesh.readiness().ready).toBe(true);
  });
});
