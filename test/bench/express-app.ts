/** An Express app with sessions: `express-app mesh|memory PORT [MESH_PORT SEED…]`. */
import express from "express";
import session from "express-session";
import { createMesh } from "session-mesh";
import { meshSession } from "session-mesh/express";

const [kind, port, meshPort, ...seeds] = process.argv.slice(2);
const app = express();
const secret = "sixteen characters or more";
if (kind === "mesh") {
  const mesh = await createMesh({
    listen: { port: Number(meshPort) },
    seeds,
    node: `n-${meshPort}`,
  });
  app.use(meshSession(mesh, { secret }));
} else {
  app.use(session({ secret, resave: false, saveUninitialized: false }));
}
type Data = { views?: number; user?: string };
const dataOf = (req: express.Request): Data => (req as unknown as { session: Data }).session;
app.get("/login", (req, res) => {
  dataOf(req).user = "ada";
  res.send("welcome");
});
app.get("/read", (req, res) => {
  res.send(dataOf(req).user);
});
app.get("/write", (req, res) => {
  const data = dataOf(req);
  data.views = (data.views ?? 0) + 1;
  res.send(String(data.views));
});
process.on("message", () => process.send?.(process.cpuUsage()));
process.on("disconnect", () => process.exit(0));
app.listen(Number(port), "127.0.0.1", () => process.send?.("ready"));
