/**
 * From commit to visible on all nodes: three and twenty nodes on WebSockets, all in this process, so
 * that one clock and one core measure them; beside the raw round trip of ws.
 */
import { once } from "node:events";
import { createMesh, type Mesh } from "session-mesh";
import { WebSocket, WebSocketServer } from "ws";
import { atMost, informative, quantile, type Result } from "./result.js";

const COMMITS = 300;
/** Before them, so that what is measured runs compiled. */
const WARM_UP_COMMITS = 200;

/** All figures of this file. */
export async function latencyBench(): Promise<Result[]> {
  const roundTrip = await rawRoundTripMs();
  const three = await commitToVisibleMs(3);
  const twenty = await commitToVisibleMs(20);
  const figure = (name: string, ours: number, value: number): Result =>
    atMost({ name, unit: "ms", ours, peer: { name: "limit", value } });
  return [
    figure("commit to visible on 3 nodes, p50", quantile(three, 0.5), 2),
    figure("commit to visible on 3 nodes, p99", quantile(three, 0.99), 10),
    figure("commit to visible on 20 nodes, p50", quantile(twenty, 0.5), 2),
    figure("commit to visible on 20 nodes, p99", quantile(twenty, 0.99), 10),
    informative({
      name: "commit to visible on 3 nodes, p50, beside a round trip",
      unit: "ms",
      ours: quantile(three, 0.5),
      peer: { name: "ws", value: roundTrip },
    }),
  ];
}

async function commitToVisibleMs(count: number): Promise<number[]> {
  const listen = { port: 0 };
  const first = await createMesh({ listen, node: "n0" });
  const meshes: Mesh[] = [first];
  for (let index = 1; index < count; index++) {
    meshes.push(await createMesh({ listen, node: `n${index}`, seeds: [first.address] }));
  }
  const isWhole = (mesh: Mesh): boolean =>
    mesh.status().members.filter((member) => member.isLinked).length === count - 1;
  while (!meshes.every(isWhole)) await new Promise((resolve) => setTimeout(resolve, 20));
  const session = first.sessions.create();
  await session.commit({ acks: "all", deadlineMs: 5_000 });
  const times: number[] = [];
  for (let index = -WARM_UP_COMMITS; index < COMMITS; index++) {
    const opened = first.sessions.open(session.id);
    if (opened.status !== "found") throw new Error("lost");
    opened.session.value["index"] = index;
    const startedAtMs = performance.now();
    await opened.session.commit({ acks: "all", deadlineMs: 5_000 });
    if (index >= 0) times.push(performance.now() - startedAtMs);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (const mesh of meshes) await mesh.close({ drain: false });
  return times;
}

async function rawRoundTripMs(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await once(server, "listening");
  const address = server.address();
  if (typeof address === "string" || address === null) throw new Error("no port");
  server.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  const socket = new WebSocket(`ws://127.0.0.1:${address.port}`, { perMessageDeflate: false });
  await once(socket, "open");
  const times: number[] = [];
  for (let index = 0; index < 2_000; index++) {
    const startedAtMs = performance.now();
    socket.send(Buffer.alloc(100));
    await once(socket, "message");
    times.push(performance.now() - startedAtMs);
  }
  socket.terminate();
  server.close();
  return quantile(times, 0.5);
}
