/**
 * App servers whose meshes reach one another through links that can be slow, or cut without a word.
 *
 * Not here: expectations.
 */
import { createServer } from "node:http";
import type { Express } from "express";
import type { MeshSessionOptions } from "session-mesh/express";
import type { MeshOptions } from "session-mesh";
import { dataOf, listen, type Node, startNode, untilLinked, whenOver } from "../express/cluster.js";
import { SlowLink } from "../five/slow-link.js";
import { TcpLink } from "../processes/tcp-link.js";

/** The servers, and the ways between them. */
export interface AppNodes {
  readonly nodes: readonly Node[];
  readonly origins: readonly string[];
  /** By how much everything between meshes is late, each way. */
  delayMs: number;
  cut(): void;
  heal(): void;
  /** Lets requests that wait at `/set/KEY?gate` go on. */
  openGate(): void;
  waitingCount(): number;
}

/** What to start. */
export interface AppNodesOptions {
  readonly count?: number;
  readonly session?: Partial<MeshSessionOptions>;
  readonly mesh?: Partial<MeshOptions>;
}

/** Starts the servers, linked, each with the others. Writes are not waited for: tokens do the work. */
export async function startAppNodes(options: AppNodesOptions = {}): Promise<AppNodes> {
  const { count = 2, mesh, session } = options;
  const gate = new Gate();
  const ways: { tcp: TcpLink; slow: SlowLink }[] = [];
  const nodes: Node[] = [];
  for (let index = 0; index < count; index += 1) {
    const server = createServer();
    const tcp = await TcpLink.open(portOf(await listen(server)));
    const slow = await SlowLink.open(tcp.port);
    whenOver(() => (tcp.close(), slow.close()));
    const seeds = ways.map((way) => way.slow.address);
    ways.push({ tcp, slow });
    const own = { listen: { server }, advertise: slow.address, node: `n${index + 1}`, ...mesh };
    const routes = (app: Express): void => addRoutes(app, gate);
    nodes.push(await startNode({ mesh: own, session: { acks: 0, ...session }, routes }, seeds));
  }
  await Promise.all(nodes.map((node) => untilLinked(node.mesh, count - 1)));
  return {
    nodes,
    origins: nodes.map(({ origin }) => origin),
    get delayMs() {
      return ways[0]?.slow.delayMs ?? 0;
    },
    set delayMs(delayMs: number) {
      for (const { slow } of ways) slow.delayMs = delayMs;
    },
    cut: () => ways.forEach(({ tcp }) => tcp.cut()),
    heal: () => ways.forEach(({ tcp }) => tcp.heal()),
    openGate: () => gate.open(),
    waitingCount: () => gate.waitingCount,
  };
}

function portOf(origin: string): number {
  return Number(new URL(origin).port);
}

/** Holds requests back so that they overlap. */
class Gate {
  #waiting: (() => void)[] = [];

  get waitingCount(): number {
    return this.#waiting.length;
  }

  pass(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  open(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

function addRoutes(app: Express, gate: Gate): void {
  app.get("/set/:key", async (req, res) => {
    const session = dataOf(req);
    if (req.query["gate"] !== undefined) await gate.pass();
    session.files = { ...session.files, [String(req.params["key"])]: 1 };
    res.end();
  });
  app.get("/n/:n", (req, res) => {
    dataOf(req).n = Number(req.params["n"]);
    res.end();
  });
  app.get("/read", (req, res) => void res.json({ ...dataOf(req) }));
  app.get("/login", async (req, res) => {
    await dataOf(req).regenerate();
    dataOf(req).user = "ada";
    res.end();
  });
}
