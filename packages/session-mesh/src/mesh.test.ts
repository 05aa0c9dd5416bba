/**
 * Nodes end to end, in one process: real sockets on loopback, nothing replaced.
 *
 * Not here: processes that are killed, and cut networks (test/processes).
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DEFAULT_LIMITS, type Event } from "@session-mesh/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { createMesh } from "./create-mesh.js";
import type { Mesh } from "./mesh.js";
import type { MeshOptions } from "./options.js";
import type { SessionHandle } from "./session-handle.js";
import { createCredentials, Handshake } from "./transports/handshake.js";
import type { Transport } from "./transports/transport.js";
import { createWebSocketTransport } from "./transports/ws.js";

const SECRET = "a secret for the tests";

/** Quick to notice, so that tests need not wait. */
const LIMITS = { suspicionMs: 300, redialDelayMsMax: 300 } as const;

let meshes: Mesh[];
let lines: string[];
const cables = new WeakMap<Mesh, Cable>();

beforeEach(() => {
  meshes = [];
  lines = [];
});
afterEach(async () => {
  await Promise.all(meshes.map((mesh) => mesh.close({ drain: false })));
});

async function node(name: string, options: MeshOptions = {}): Promise<Mesh> {
  const log = (line: string): void => void lines.push(line);
  const cable = options.transport ?? (options.listen === undefined ? new Cable(0) : undefined);
  const mesh = await createMesh({
    node: name,
    secret: SECRET,
    log,
    limits: LIMITS,
    ...(cable ? { transport: cable } : {}),
    ...options,
  });
  meshes.push(mesh);
  if (cable instanceof Cable) cables.set(mesh, cable);
  return mesh;
}

const linkCount = (mesh: Mesh): number =>
  mesh.status().members.filter(({ isLinked }) => isLinked).length;

async function areLinked(...nodes: readonly Mesh[]): Promise<void> {
  await vi.waitFor(() => expect(nodes.map(linkCount)).toEqual(nodes.map(() => nodes.length - 1)), {
    timeout: 8_000,
  });
}

async function threeNodes(options: MeshOptions = {}): Promise<[Mesh, Mesh, Mesh]> {
  const a = await node("a", options);
  const b = await node("b", { seeds: [a.address], ...options });
  const c = await node("c", { seeds: [a.address], ...options });
  await areLinked(a, b, c);
  return [a, b, c];
}

function opened(mesh: Mesh, id: string): SessionHandle {
  const result = mesh.sessions.open(id);
  if (result.status !== "found") throw new Error(`${mesh.node}: ${result.status}`);
  return result.session;
}

function heard(mesh: Mesh): Event[] {
  const events: Event[] = [];
  mesh.on("event", (event) => events.push(event));
  return events;
}

describe("three nodes", () => {
  test("P1: what one acknowledges with two, the others hold", async () => {
    const [a, b, c] = await threeNodes();
    const session = a.sessions.create();
    session.value.user = "ada";
    session.value.cart = { items: [{ sku: 1 }] };
    const outcome = await session.commit({ acks: 2 });
    expect(outcome).toEqual({ status: "committed", acks: 2, degraded: false });
    for (const other of [b, c]) {
      expect(opened(other, session.id).value).toEqual({
        user: "ada",
        cart: { items: [{ sku: 1 }] },
      });
    }
  });

  test("P2: requests on three nodes at once lose nothing", async () => {
    const nodes = await threeNodes();
    const session = nodes[0].sessions.create();
    session.value.list = [];
    session.counter("views").increment();
    await session.commit({ acks: "all" });
    const handles = nodes.map((mesh) => opened(mesh, session.id));
    for (const [i, handle] of handles.entries()) {
      handle.value[`key${i}`] = i;
      (handle.value.list as string[]).push(`item${i}`);
      handle.counter("views").increment(10);
    }
    await Promise.all(handles.map((handle) => handle.commit({ acks: "all" })));
    await vi.waitFor(() => {
      for (const mesh of nodes) {
        const { value } = opened(mesh, session.id);
        expect(value).toMatchObject({ key0: 0, key1: 1, key2: 2, views: 31 });
        expect([...(value.list as string[])].sort()).toEqual(["item0", "item1", "item2"]);
      }
    });
    const fingerprints = new Set(nodes.map((mesh) => mesh.status().fingerprint));
    expect(fingerprints.size).toBe(1);
  });

  test("P3: a destroyed session is destroyed everywhere, and a late write dies with it (M9)", async () => {
    const [a, b, c] = await threeNodes();
    const session = a.sessions.create();
    session.value.user = "ada";
    await session.commit({ acks: "all" });
    const late = opened(c, session.id);
    const result = await b.sessions.destroy(session.id);
    expect(result).toEqual({ acks: 2, degraded: false });
    for (const mesh of [a, b, c]) {
      expect(mesh.sessions.open(session.id)).toEqual({ status: "destroyed", regeneratedAtMs: 0 });
    }
    late.value.user = "eve";
    expect(await late.commit()).toMatchObject({ status: "gone" });
    expect(late.isDestroyed).toBe(true);
    expect(await late.reload()).toBe(false);
  });

  test("P3: who ends a session says so when no member that stays could be told", async () => {
    const [a, b, c] = await threeNodes();
    const session = a.sessions.create();
    await session.commit({ acks: "all" });
    await b.close({ drain: false });
    expect(await a.sessions.destroy("another")).toEqual({ acks: 1, degraded: false });
    await crash(c);
    await vi.waitFor(() => expect(a.status().members.some(({ isLinked }) => isLinked)).toBe(false));
    expect(await session.destroy()).toEqual({ acks: 0, degraded: true });
    const alone = await node("alone");
    expect(await alone.sessions.destroy(session.id)).toEqual({ acks: 0, degraded: false });
  });

  test("M13: a regenerated id says when, so that a request under way can be told", async () => {
    const [a, b] = await threeNodes();
    const session = a.sessions.create();
    await session.commit({ acks: "all" });
    await session.destroy({ regenerated: true });
    const result = b.sessions.open(session.id);
    expect(result).toMatchObject({ status: "destroyed" });
    const { regeneratedAtMs } = result as { regeneratedAtMs: number };
    expect(Math.abs(Date.now() - regeneratedAtMs)).toBeLessThan(5_000);
  });

  test("P9: a joining node pulls what it does not hold yet", async () => {
    const a = await node("a");
    const session = a.sessions.create();
    session.value.user = "ada";
    await session.commit({ acks: 0 });
    const b = await node("b", { seeds: [a.address] });
    await areLinked(a, b);
    const result = await b.sessions.load(session.id);
    expect(result.status).toBe("found");
    if (result.status === "found") expect(result.session.value).toEqual({ user: "ada" });
    expect(await b.sessions.load("never-made")).toEqual({ status: "absent" });
  });

  test("P9: a miss is unknown while a member cannot be asked", async () => {
    const [a, b, c] = await threeNodes({ limits: { ...LIMITS, goneAfterMs: 60_000 } });
    expect(a.sessions.open("never-made")).toEqual({ status: "unknown" });
    expect(await a.sessions.load("never-made")).toEqual({ status: "absent" });
    await crash(c);
    await vi.waitFor(() => expect(linkCount(a)).toBe(1));
    expect(await a.sessions.load("never-made")).toEqual({ status: "unknown" });
    const under = a.sessions.createUnder("never-made");
    expect(under.value).toEqual({});
    expect(linkCount(b)).toBeGreaterThan(0);
  });

  test("one link stays of two nodes that dial each other at once", async () => {
    const ports = [await freePort(), await freePort()] as const;
    const seeds = ports.map((port) => `127.0.0.1:${port}`);
    const [a, b] = await Promise.all([
      node("a", { listen: { port: ports[0] }, seeds }),
      node("b", { listen: { port: ports[1] }, seeds }),
    ]);
    await areLinked(a, b);
    const session = a.sessions.create();
    session.value.x = 1;
    expect(await session.commit({ acks: 1, deadlineMs: 2_000 })).toMatchObject({ acks: 1 });
    await vi.waitFor(() => {
      expect(a.status().members.filter(({ node: id }) => id === "b")).toHaveLength(1);
    });
    await vi.waitFor(() => expect(a.readiness()).toEqual({ ready: true, reasons: [] }), 5_000);
  });

  test("P8: a node that dies and comes back on its port has everything again", async () => {
    const port = await freePort();
    const a = await node("a");
    const b = await node("b", { seeds: [a.address], transport: new Cable(port) });
    await areLinked(a, b);
    await crash(b);
    await vi.waitFor(() => expect(linkCount(a)).toBe(0));
    const session = a.sessions.create();
    session.value.madeMeanwhile = true;
    expect(await session.commit()).toMatchObject({ acks: 0, degraded: true });
    const again = await node("b", { seeds: [a.address], listen: { port } });
    await areLinked(a, again);
    await vi.waitFor(() => {
      expect(opened(again, session.id).value).toEqual({ madeMeanwhile: true });
    });
  });
});

describe("P7: leaving", () => {
  test("close() drains first, says farewell, and then nothing works any more", async () => {
    const [a, b, c] = await threeNodes();
    const session = a.sessions.create();
    session.value.user = "ada";
    await session.commit({ acks: 0 });
    const outcome = await a.close();
    expect(outcome).toMatchObject({ confirmed: true, peers: 2, soleHeldCount: 0 });
    expect(opened(b, session.id).value).toEqual({ user: "ada" });
    await vi.waitFor(() => {
      const seen = c.status().members.find(({ node: id }) => id === "a");
      expect(seen?.state).toBe("left");
    });
    expect(a.readiness().ready).toBe(false);
    expect(() => a.sessions.open(session.id)).toThrow(/the mesh is closed/);
    await expect(session.commit({ touch: true })).rejects.toMatchObject({ code: "closed" });
    expect(await a.close()).toBe(outcome);
  });

  test("alone, it says what it alone held", async () => {
    const a = await node("a");
    await a.sessions.create().commit();
    expect(await a.close()).toMatchObject({ confirmed: false, peers: 0, soleHeldCount: 1 });
  });

  test("a signal ends the wait for a peer that does not answer", async () => {
    const [a, b] = await threeNodes();
    await a.sessions.create().commit({ acks: 0 });
    const stopped = new AbortController();
    stopped.abort();
    expect(await a.close({ signal: stopped.signal })).toMatchObject({ confirmed: false });
    expect(await b.close({ drain: false })).toMatchObject({ confirmed: false });
  });

  test("await using closes", async () => {
    const a = await node("a");
    await a[Symbol.asyncDispose]();
    expect(() => a.sessions.create()).toThrow(/closed/);
  });
});

describe("P12: who does not belong", () => {
  test("another secret: unready with the reason, said loudly on both sides", async () => {
    const a = await node("a");
    const events = heard(a);
    const b = await node("b", {
      seeds: [a.address],
      secret: "quite another secret",
      joinGraceMs: 0,
    });
    await vi.waitFor(() => expect(b.readiness().reasons[0]).toMatch(/^seed .* refuses .*proof/));
    expect(b.readiness().ready).toBe(false);
    expect(a.readiness().ready).toBe(true);
    expect(linkCount(a)).toBe(0);
    expect(events).toContainEqual(
      expect.objectContaining({ type: "peer-refused", code: "proof", byPeer: false }),
    );
    const remedy = /Give every node the same `secret`/;
    const saidBy = (name: string) => lines.filter((line) => line.includes(`] ${name}: `));
    await vi.waitFor(() => expect(saidBy("a").length * saidBy("b").length).toBe(1));
    for (const line of lines) expect(line).toMatch(remedy);
  });

  test("another cluster: unready with the reason", async () => {
    const a = await node("a", { cluster: "shop" });
    const b = await node("b", { cluster: "blog", seeds: [a.address], joinGraceMs: 0 });
    await vi.waitFor(() => expect(b.readiness().reasons[0]).toMatch(/refuses .*cluster/));
    expect(lines.some((line) => /same `cluster`/.test(line))).toBe(true);
  });

  test("a taken node name: refused with the remedy", async () => {
    const a = await node("twin");
    const b = await node("twin", { seeds: [a.address], joinGraceMs: 0 });
    await vi.waitFor(() => expect(lines.join()).toMatch(/node-id.*Give each node a `node`/));
    expect(b.readiness().ready).toBe(false);
  });

  test("a web page", async () => {
    const a = await node("a");
    const socket = new WebSocket(a.address, { origin: "http://localhost:3000" });
    const status = await new Promise((resolve) =>
      socket.on("unexpected-response", (_request, response) => resolve(response.statusCode)),
    );
    expect(status).toBe(403);
  });

  test("malformed and oversized frames before the proof: closed, told, and no harm done", async () => {
    const a = await node("a");
    const events = heard(a);
    const attacks = [
      Buffer.alloc(0),
      Buffer.from("hello"),
      Buffer.alloc(3_000, 0xff),
      Buffer.alloc(5_000_000, 1),
    ];
    for (const attack of attacks) await sendAndWaitForClose(a.address, [attack]);
    const rejected = events.filter(({ type }) => type === "frame-rejected");
    expect(rejected).toHaveLength(attacks.length);
    expect(a.isAlive).toBe(true);
    expect(await a.sessions.create().commit({ acks: 0 })).toMatchObject({ status: "committed" });
  });

  test.each([
    ["empty", Buffer.alloc(0)],
    ["noise", Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) & 0xff))],
    ["a deep nest", Buffer.alloc(100_000, 0x91)],
    ["an array of four billion", Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
    ["a map of four billion", Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff])],
    ["above the limit", Buffer.alloc(2_200_000, 0x90)],
  ])("a frame after the proof (%s): closed, told, and no harm done", async (_name, attack) => {
    const limits = { ...LIMITS, frameBytesMax: 2_097_152, sessionBytesMax: 1_048_576 };
    const a = await node("a", { limits, listen: { port: 0 } });
    const events = heard(a);
    await sendAndWaitForClose(a.address, [attack], { secret: SECRET });
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain("frame-rejected"));
    expect(a.isAlive).toBe(true);
    expect(await a.sessions.create().commit({ acks: 0 })).toMatchObject({ status: "committed" });
  });
});

describe("readiness", () => {
  test("without seeds a node is ready at once; with its own address as the only seed, too", async () => {
    const port = await freePort();
    expect((await node("a")).readiness()).toEqual({ ready: true, reasons: [] });
    const b = await node("b", { listen: { port }, seeds: [`127.0.0.1:${port}`] });
    expect(b.readiness()).toEqual({ ready: true, reasons: [] });
  });

  test("with seeds it waits for one, and stays ready when it is lost again", async () => {
    const a = await node("a");
    const b = await node("b", { seeds: [a.address] });
    expect(b.readiness().reasons[0]).toMatch(/no seed was reached yet; ready alone in 10 s/);
    await areLinked(a, b);
    await vi.waitFor(() => expect(b.readiness().ready).toBe(true), 5_000);
    await crash(a);
    await vi.waitFor(() => expect(linkCount(b)).toBe(0), 5_000);
    expect(b.readiness().ready).toBe(true);
  });

  test("with seeds that nobody answers at, it is ready after the grace, unless peers are required", async () => {
    const seeds = [`127.0.0.1:${await freePort()}`];
    const a = await node("a", { seeds, joinGraceMs: 150 });
    const b = await node("b", { seeds, joinGraceMs: 150, requirePeers: true });
    expect(a.readiness().ready).toBe(false);
    await vi.waitFor(() => expect(a.readiness().ready).toBe(true));
    expect(b.readiness().reasons).toEqual(["no seed was reached yet, and `requirePeers` is set"]);
  });
});

test("two live nodes of one name are told of loudly, by a node that both reach, with the remedy", async () => {
  const lines: string[] = [];
  const hub = await node("hub", { log: (line) => void lines.push(line) });
  const events: Event[] = [];
  hub.on("event", (event) => void events.push(event));
  await node("twin", { seeds: [hub.address], log: () => {} });
  await node("twin", { seeds: [hub.address], log: () => {} });
  await vi.waitFor(
    () =>
      expect(events).toContainEqual(
        expect.objectContaining({ type: "node-name-taken", member: "twin" }),
      ),
    { timeout: 10_000 },
  );
  const told = lines.filter((line) => line.includes("two live nodes are named twin"));
  expect(told).toEqual([expect.stringContaining("Give each node a `node` of its own")]);
});

describe("on a server shared with an app", () => {
  test("nodes find each other by the app's address", async () => {
    const server = createServer((_request, response) => response.end("the app"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const a = await node("a", { listen: { server } });
    const b = await node("b", { seeds: [a.address] });
    await areLinked(a, b);
    await a.close();
    server.close();
    server.closeAllConnections();
  });
});

/** Dies without a word, as a killed process does: its sockets close, and nothing more is said. */
async function crash(mesh: Mesh): Promise<void> {
  await cables.get(mesh)?.cut();
  await mesh.close({ drain: false });
}

/** A transport that can be cut, after which nothing passes any more. */
class Cable implements Transport {
  readonly isLoopback = true;
  readonly #transport: Transport;
  #isCut = false;

  constructor(port: number) {
    this.#transport = createWebSocketTransport({ host: "127.0.0.1", port }, DEFAULT_LIMITS);
  }

  async cut(): Promise<void> {
    this.#isCut = true;
    await this.#transport.close();
  }

  listen(...args: Parameters<Transport["listen"]>): Promise<string> {
    return this.#transport.listen(...args);
  }

  dial(...[address, dial]: Parameters<Transport["dial"]>): void {
    if (!this.#isCut) this.#transport.dial(address, dial);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Sends frames as a stranger, or as someone who knows the secret; resolves when it is closed. */
async function sendAndWaitForClose(
  address: string,
  frames: readonly Buffer[],
  known?: { secret: string },
): Promise<void> {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  const isClosed = new Promise((resolve) => socket.on("close", resolve));
  socket.on("error", () => {});
  await new Promise((resolve) => socket.on("open", resolve));
  if (known) await prove(socket, known.secret);
  for (const frame of frames) socket.send(frame, () => {});
  await isClosed;
}

function prove(socket: WebSocket, secret: string): Promise<void> {
  const handshake = new Handshake("dialer", createCredentials("default", [secret]));
  return new Promise((resolve) => {
    const onMessage = (data: Buffer): void => {
      const step = handshake.receive(data);
      if (step.status === "waiting") socket.send(step.reply);
      if (step.status !== "proved") return;
      socket.off("message", onMessage);
      resolve();
    };
    socket.on("message", onMessage);
    socket.send(handshake.start() as Uint8Array);
  });
}
