// One of two app servers on this machine: node app.js 1, and in another terminal node app.js 2.
import express from "express";
import { createMesh, drainOnSignal, readiness } from "session-mesh";
import { meshSession } from "session-mesh/express";

const number = Number(process.argv[2] ?? 1);
const mesh = await createMesh({
  node: `app-${number}`,
  listen: { port: 7000 + number },
  seeds: ["127.0.0.1:7001", "127.0.0.1:7002"],
});
const app = express();
app.get("/readyz", readiness(mesh));
app.use(meshSession(mesh, { secret: "from the environment, in earnest" }));
app.get("/", (req, res) => {
  req.session.counter("views").increment();
  (req.session.path ??= []).push(mesh.node);
  res.send(`view ${req.session.views}, answered by ${req.session.path.join(", then ")}\n`);
});
const server = app.listen(3000 + number, () => console.log(`http://localhost:${3000 + number}`));
// Behind a balancer leave the delay out: it is the time that the balancer has to look elsewhere.
drainOnSignal(mesh, server, { readinessDelayMs: 1_000 });
