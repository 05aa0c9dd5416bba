/**
 * One app server: a mesh node and the shop in a process of its own.
 *
 *   node app-server.js --node app-1 --port 8081 --seed 127.0.0.1:7001 --seed 127.0.0.1:7002
 *
 * It ends on SIGTERM as a deploy would end it, and at once when the supervisor that started it is
 * gone. Not here: what the shop does (shop.ts).
 */
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { createMesh, drainOnSignal, type Mesh } from "session-mesh";
import { listenFrom } from "./free-port.js";
import type { FromApp } from "./ipc.js";
import { isSabotage, sabotaged } from "./sabotage.js";
import { createShop } from "./shop.js";

const STATUS_INTERVAL_MS = 250;
/** Long enough for a balancer that asks every 200 ms; behind a real one, the default of 5 s. */
const READINESS_DELAY_MS = 1_500;
/** Longer than the balancer keeps an idle connection, or one would be closed under a request. */
const KEEP_ALIVE_MS = 65_000;
const DRAIN_DEADLINE_MS = 15_000;
/** The demo shares a few cores with a hundred users: an answer that is late is not one that is missing. */
const ACK_DEADLINE_MS = 10_000;
const PULL_DEADLINE_MS = 2_000;

const { values } = parseArgs({
  options: {
    node: { type: "string", default: "app" },
    port: { type: "string", default: "8081" },
    seed: { type: "string", multiple: true, default: [] },
    sabotage: { type: "string" },
  },
});

process.on("disconnect", () => process.exit(1));
try {
  await start();
} catch (error) {
  tell({ type: "failed", problem: error instanceof Error ? error.message : String(error) });
  throw error;
}

async function start(): Promise<void> {
  let degraded = 0;
  const cookieSecret = process.env.COOKIE_SECRET ?? "only good enough for a demo";
  const mesh = await createMesh({
    // Another demo on this machine is another cluster.
    secret: cookieSecret,
    node: values.node,
    seeds: values.seed,
    ackDeadlineMs: ACK_DEADLINE_MS,
    limits: { pullDeadlineMs: PULL_DEADLINE_MS },
    onEvent: (event) => {
      if (event.type === "acks-settled" && event.degraded) degraded += 1;
    },
  });
  const shop = createShop(withSabotage(mesh), cookieSecret);
  const server = createServer(shop);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const port = await listenFrom(server, Number(values.port));
  drainOnSignal(mesh, server, {
    readinessDelayMs: READINESS_DELAY_MS,
    deadlineMs: DRAIN_DEADLINE_MS,
  });
  tell({ type: "listening", port, meshAddress: mesh.address });
  setInterval(() => tell(statusOf(mesh, degraded)), STATUS_INTERVAL_MS).unref();
}

function withSabotage(mesh: Mesh): Mesh {
  const { sabotage } = values;
  return sabotage !== undefined && isSabotage(sabotage) ? sabotaged(mesh, sabotage) : mesh;
}

function statusOf(mesh: Mesh, degraded: number): FromApp {
  const { members, sessions } = mesh.status();
  const linked = members.filter(({ isSelf, isLinked }) => isSelf || isLinked).length;
  const held = sessions.hot + sessions.cold;
  const { ready } = mesh.readiness();
  return { type: "status", members: linked, sessions: held, degraded, isReady: ready };
}

function tell(message: FromApp): void {
  if (process.connected) process.send?.(message);
}
