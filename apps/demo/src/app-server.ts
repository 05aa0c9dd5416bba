/**
 * One app server: a mesh node and the shop in a process of its own.
 *
 *   node app-server.js --node app-1 --port 8081 --seed 127.0.0.1:7001 --seed 127.0.0.1:7002
 *
 * It ends on SIGTERM as a deploy would end it, and at once when the supervisor that started it is
 * gone. Not here: what the shop does (shop.ts).
 */
import { subscribe } from "node:diagnostics_channel";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { parseArgs } from "node:util";
import { createMesh, drainOnSignal, type Mesh } from "session-mesh";
import { listenFrom } from "./free-port.js";
import type { FromApp } from "./ipc.js";
import { isSabotage, type Sabotage, sabotaged, sabotagedLimits } from "./sabotage.js";
import { createShop } from "./shop.js";

const STATUS_INTERVAL_MS = 250;
/** Long enough for a balancer that asks every 200 ms; behind a real one, the default of 5 s. */
const READINESS_DELAY_MS = 2_000;
/** Longer than the balancer keeps an idle connection, or one would be closed under a request. */
const KEEP_ALIVE_MS = 65_000;
const DRAIN_DEADLINE_MS = 60_000;
/**
 * How long a peer's answer is waited for. The defaults, 100 and 150 ms, bound what a user of a real
 * shop waits when a peer is slow. Here all nodes, a hundred users and, on a build machine, other jobs
 * share a few cores, where any answer may take seconds; a run is to tell broken promises from a slow
 * machine, so an answer that is late must not be taken for one that nobody has. What ends a wait
 * early does so here too: nobody waits for who is known to be dead or cut off.
 */
const ANSWER_DEADLINE_MS = 10_000;
/** The same of silence. Who is killed or cut off is noticed at once all the same: his sockets close. */
const SUSPECT_FLOOR_MS = 10_000;
/** A healed cut is seen soon. */
const REDIAL_DELAY_MS_MAX = 500;

const { values } = parseArgs({
  options: {
    node: { type: "string", default: "app" },
    port: { type: "string", default: "8081" },
    advertise: { type: "string" },
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
  const sabotage = sabotageOf(values.sabotage);
  const meshServer = createServer((_req, res) => res.writeHead(404).end());
  const meshPort = await listenFrom(meshServer, 0);
  tellDials();
  const mesh = await createMesh({
    // Another demo on this machine is another cluster.
    secret: cookieSecret,
    node: values.node,
    seeds: values.seed,
    listen: { server: meshServer },
    ...(values.advertise !== undefined && { advertise: values.advertise }),
    ackDeadlineMs: ANSWER_DEADLINE_MS,
    limits: {
      pullDeadlineMs: ANSWER_DEADLINE_MS,
      tokenDeadlineMs: ANSWER_DEADLINE_MS,
      suspectFloorMs: SUSPECT_FLOOR_MS,
      redialDelayMsMax: REDIAL_DELAY_MS_MAX,
      ...sabotagedLimits(sabotage),
    },
    onEvent: (event) => {
      if (event.type === "acks-settled" && event.degraded) degraded += 1;
    },
  });
  const shop = createShop(sabotage ? sabotaged(mesh, sabotage) : mesh, cookieSecret);
  const server = createServer(shop);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const port = await listenFrom(server, Number(values.port));
  drainOnSignal(mesh, server, {
    readinessDelayMs: READINESS_DELAY_MS,
    deadlineMs: DRAIN_DEADLINE_MS,
  });
  tell({ type: "listening", port, meshAddress: mesh.address, meshPort });
  setInterval(() => tell(statusOf(mesh, degraded)), STATUS_INTERVAL_MS).unref();
}

/** Only the mesh opens connections here; the gates before the peers learn from this whose they are. */
function tellDials(): void {
  subscribe("net.client.socket", (message) => {
    const { socket } = message as { socket: Socket };
    socket.once("connect", () => tell({ type: "dialled", port: socket.localPort ?? 0 }));
  });
}

function sabotageOf(name: string | undefined): Sabotage | undefined {
  return name !== undefined && isSabotage(name) ? name : undefined;
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
