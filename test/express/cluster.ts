/**
 * Real meshes on loopback, an Express app on each, and a browser that keeps cookies: what the tests
 * of the adapter drive.
 *
 * Not here: expectations.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import express, { type Express } from "express";
import { createMesh, type Event, type Mesh, type MeshOptions } from "session-mesh";
import {
  meshSession,
  type MeshSessionOptions,
  type Session,
  sessionOf,
} from "session-mesh/express";
import { afterEach } from "vitest";

export const SECRET = "a secret that all nodes share";

/** What the tests put into sessions. */
export interface TestData {
  user?: string;
  n?: unknown;
  views?: number;
  cart?: { items: unknown[] };
  files?: Record<string, number>;
  items?: string[];
  slow?: number;
  opened?: boolean;
  late?: boolean;
  closed?: boolean;
}

/** A request's session. (Interface merging would reach every other test of the repository.) */
export function dataOf(req: IncomingMessage): Session & TestData {
  return sessionOf(req) as unknown as Session & TestData;
}

type Closer = () => unknown;
const closers: Closer[] = [];

/** Has `close` called when the test is over, last come, first closed. */
export function whenOver(close: Closer): void {
  closers.push(close);
}

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** One app server. */
export interface Node {
  readonly mesh: Mesh;
  readonly events: Event[];
  readonly origin: string;
  readonly server: Server;
}

export interface ClusterOptions {
  readonly nodes?: number;
  readonly session?: Partial<MeshSessionOptions>;
  readonly mesh?: Partial<MeshOptions>;
  /** Puts routes on an app whose sessions are set up. */
  readonly routes?: (app: Express, mesh: Mesh) => void;
  /** In place of `routes`: the whole app. */
  readonly app?: (mesh: Mesh, options: MeshSessionOptions) => RequestListener;
}

/** Starts app servers whose meshes are linked, each with the others. */
export async function startCluster(options: ClusterOptions): Promise<Node[]> {
  const nodes: Node[] = [];
  const seeds: string[] = [];
  for (let index = 0; index < (options.nodes ?? 2); index += 1) {
    const node = await startNode(options, seeds);
    nodes.push(node);
    seeds.push(node.mesh.address);
  }
  await Promise.all(nodes.map((node) => untilLinked(node.mesh, nodes.length - 1)));
  return nodes;
}

export async function startNode(
  options: ClusterOptions,
  seeds: readonly string[] = [],
): Promise<Node> {
  const events: Event[] = [];
  const onEvent = (event: Event): void => void events.push(event);
  const mesh = await createMesh({ seeds: [...seeds], onEvent, ...options.mesh });
  whenOver(() => mesh.close({ drain: false }));
  const session = { secret: SECRET, ...options.session };
  const server = createServer(options.app?.(mesh, session) ?? expressApp(mesh, session, options));
  const origin = await listen(server);
  return { mesh, events, origin, server };
}

function expressApp(mesh: Mesh, session: MeshSessionOptions, options: ClusterOptions): Express {
  const app = express();
  app.set("env", "test");
  app.use(meshSession(mesh, session));
  options.routes?.(app, mesh);
  return app;
}

/** Listens on loopback and answers the origin. */
export async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  whenOver(() => (server.close(), server.closeAllConnections()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Waits for a condition that another process or socket brings about. */
export async function until(what: string, isTrue: () => unknown): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((turn) => setTimeout(turn, 2));
  }
}

/** Waits until `mesh` is linked to `count` living peers. */
export function untilLinked(mesh: Mesh, count: number): Promise<void> {
  const isLive = (member: Mesh["status"] extends () => infer S ? S : never): number =>
    member.members.filter((m) => !m.isSelf && m.isLinked && m.state === "alive").length;
  return until(`${mesh.node} has ${count} peers`, () => isLive(mesh.status()) >= count);
}

/** What a browser got. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly setCookies: readonly string[];
}

/** One user's browser: keeps cookies, follows no redirects. */
export class Browser {
  readonly cookies = new Map<string, string>();

  async get(url: string, init: RequestInit = {}): Promise<Answer> {
    const headers = new Headers(init.headers);
    const jar = [...this.cookies].map(([name, value]) => `${name}=${value}`);
    if (jar.length > 0) headers.set("cookie", jar.join("; "));
    const answer = await fetch(url, { redirect: "manual", ...init, headers });
    const setCookies = answer.headers.getSetCookie();
    for (const line of setCookies) this.#keep(line);
    const { status } = answer;
    return { status, headers: answer.headers, text: await answer.text(), setCookies };
  }

  async json(url: string): Promise<unknown> {
    return JSON.parse((await this.get(url)).text);
  }

  #keep(line: string): void {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (/max-age=0/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** A TCP proxy whose traffic can be stopped without closing anything. */
export async function startValve(
  port: () => number,
): Promise<{ address: string; stall(): void; flow(): void }> {
  const sockets = new Set<Socket>();
  let isStalled = false;
  const server = createTcpServer((near) => {
    const far = connect(port(), "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk) => to.write(chunk));
      from.on("error", () => to.destroy());
      from.on("close", () => (to.destroy(), sockets.delete(from)));
      if (isStalled) from.pause();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  whenOver(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const each = (call: (socket: Socket) => void, stalled: boolean): void => {
    isStalled = stalled;
    for (const socket of sockets) call(socket);
  };
  return {
    address: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stall: () => each((socket) => socket.pause(), true),
    flow: () => each((socket) => socket.resume(), false),
  };
}
