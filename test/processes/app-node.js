// An app server of the process tests: a node of the mesh and a few routes on one session.
// Started with its options as JSON; says where it listens over the channel to the test.
// On a `socketPath` it is reached whatever becomes of its network.
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
// The same for tests that keep a ledger: they are told what was confirmed, and see everything.
app.post("/act", async (req, res) => {
  const { mark, push, increment, overwrite } = req.body;
  if (mark !== undefined) (req.session.marks ??= {})[mark] = true;
  if (push !== undefined) (req.session.log ??= []).push(push);
  if (increment !== undefined) req.session.counter("count").increment(increment);
  if (overwrite !== undefined) req.session.hot = overwrite;
  const { status, acks } = await req.session.save();
  // A canary says that more confirmed it than did.
  const claimed = options.claimedAcks ?? acks;
  res.json({ session: mesh.sessions.nameOf(req.sessionID), status, acks: claimed });
});
app.post("/end", async (req, res) => {
  const session = mesh.sessions.nameOf(req.sessionID);
  const { acks } = await req.session.destroy();
  res.json({ session, status: "committed", acks });
});
app.get("/look", (req, res) => {
  const { marks, log, count } = req.session;
  res.json({ session: mesh.sessions.nameOf(req.sessionID), value: { marks, log, count } });
});
app.get("/picture", (_req, res) => {
  const sessions = mesh.sessions.names().flatMap((name) => {
    const found = mesh.sessions.peek(name);
    if (!found) return [];
    const { status, value, revisions, idleMs, expiresAtMs, absoluteExpiresAtMs } = found;
    return [[name, { status, value, revisions, idleMs, expiresAtMs, absoluteExpiresAtMs }]];
  });
  res.json({ status: mesh.status(), sessions: Object.fromEntries(sessions) });
});

const server = createServer(app);
server.keepAliveTimeout = 65_000;
drainOnSignal(mesh, server, { readinessDelayMs: options.readinessDelayMs ?? 0 });
const { socketPath } = options;
server.listen(socketPath ? { path: socketPath } : { port: 0, host: "127.0.0.1" }, () => {
  process.send({ port: server.address().port, meshAddress: mesh.address });
});
