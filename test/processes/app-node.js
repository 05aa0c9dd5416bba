// An app server of the process tests: a node of the mesh and three routes on one session.
// Started with its options as JSON; says where it listens over the channel to the test.
import { createServer } from "node:http";
import express from "express";
import { createMesh, drainOnSignal, readiness } from "session-mesh";
import { meshSession } from "session-mesh/express";

process.on("disconnect", () => process.exit(1));

const options = JSON.parse(process.argv[2] ?? "{}");
const mesh = await createMesh(options.mesh);
const app = express();
app.get("/readyz", readiness(mesh));
app.use(express.json());
app.use(meshSession(mesh, { secret: "of the process tests" }));
app.post("/write", (req, res) => {
  const { set = {}, push, count } = req.body;
  for (const [key, value] of Object.entries(set)) (req.session.keys ??= {})[key] = value;
  if (push !== undefined) (req.session.list ??= []).push(push);
  if (count !== undefined) req.session.counter("count").increment(count);
  res.json({ node: mesh.node });
});
app.post("/logout", async (req, res) => {
  const { acks, degraded } = await req.session.destroy();
  res.json({ acks, degraded });
});
app.get("/read", (req, res) => {
  const { keys = {}, list = [], count = 0 } = req.session;
  res.json({ keys, list, count });
});

const server = createServer(app);
server.keepAliveTimeout = 65_000;
drainOnSignal(mesh, server, { readinessDelayMs: options.readinessDelayMs ?? 0 });
server.listen(0, "127.0.0.1", () => {
  process.send({ port: server.address().port, meshAddress: mesh.address });
});
