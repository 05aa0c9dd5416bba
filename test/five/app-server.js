// An app server of the five tests: one node of the mesh, and the same routes on three kinds of session.
// Started with its options as JSON; says where it listens over the channel to the test.
import { once } from "node:events";
import { createServer } from "node:http";
import express from "express";
import session from "express-session";
import { createMesh } from "session-mesh";
import { meshSession } from "session-mesh/express";
import { MeshStore } from "session-mesh/express-session";

process.on("disconnect", () => process.exit(1));

// The mesh shares the app's port, so that no port need be known before it is taken.
const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const mesh = await createMesh({ ...JSON.parse(process.argv[2] ?? "{}"), listen: { server } });
const secret = "of the five tests";

/** Requests that wait, by the name of their gate, so that they overlap. */
const gates = new Map();

const passed = (name) =>
  new Promise((go) => {
    if (name === undefined) return go();
    const waiting = gates.get(name) ?? [];
    gates.set(name, [...waiting, go]);
  });

const storedIn = (name, options) =>
  session({
    store: new MeshStore(mesh, { counters: ["views"], prefix: `${name}:`, ...options }),
    secret,
    name,
    resave: false,
    saveUninitialized: false,
  });

const count = {
  "mesh-session": (shown) => shown.counter("views").increment(),
  "mesh-store": (shown) => (shown.views = (shown.views ?? 0) + 1),
};

function routes(middleware, increment) {
  const app = express.Router();
  app.use(middleware);
  app.get("/login", (req, res) => {
    req.session.user = "ada";
    res.send("welcome");
  });
  app.get("/set/:key", async (req, res) => {
    await passed(req.query.gate);
    (req.session.files ??= {})[req.params.key] = 1;
    res.send("set");
  });
  app.get("/count", async (req, res) => {
    await passed(req.query.gate);
    increment(req.session);
    res.send("counted");
  });
  app.get("/logout", (req, res) => req.session.destroy(() => res.send("farewell")));
  app.get("/redirect/:n", (req, res) => {
    req.session.n = Number(req.params.n);
    res.redirect(req.query.to);
  });
  app.get("/read", (req, res) => res.json({ ...req.session, cookie: undefined }));
  return app;
}

const app = express();
app.get("/linked", (_, res) => {
  const { members } = mesh.status();
  res.json(members.some((member) => member.isLinked && !member.isSelf));
});
app.get("/gates/:name", (req, res) => res.json((gates.get(req.params.name) ?? []).length));
app.get("/gates/:name/open", (req, res) => {
  for (const go of gates.get(req.params.name) ?? []) go();
  gates.delete(req.params.name);
  res.send("open");
});
app.use(
  "/mesh-session",
  routes(meshSession(mesh, { secret, name: "mesh-session" }), count["mesh-session"]),
);
app.use("/mesh-store", routes(storedIn("mesh-store", {}), count["mesh-store"]));
app.use("/fresh-store", routes(storedIn("fresh-store", { freshReads: true }), count["mesh-store"]));

server.keepAliveTimeout = 65_000;
server.on("request", app);
process.send({ port: server.address().port });
