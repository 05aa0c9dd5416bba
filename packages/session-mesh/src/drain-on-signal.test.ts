/** P7: leaving on a signal, with a real server and clients that keep their connections. */
import { Agent, createServer, get, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createMesh } from "./create-mesh.js";
import { type DrainOnSignalOptions, drainOnSignal } from "./drain-on-signal.js";
import { liveness, readiness } from "./http-probes.js";
import type { Mesh } from "./mesh.js";
import type { ConnectionListener, Transport } from "./transports/transport.js";
import { createMemoryNetwork, type MemoryNetwork } from "./transports/memory.js";

const SIGNAL = "SIGUSR2";

let network: MemoryNetwork;
let meshes: Mesh[];
let undo: (() => void)[];
let agents: Agent[];

beforeEach(() => {
  network = createMemoryNetwork();
  [meshes, undo, agents] = [[], [], []];
});
afterEach(async () => {
  for (const step of undo) step();
  for (const agent of agents) agent.destroy();
  await Promise.all(meshes.map((mesh) => mesh.close({ drain: false })));
});

async function node(name: string, seeds: string[] = []): Promise<Mesh> {
  const transport = network.transport(name);
  const mesh = await createMesh({ node: name, transport, seeds, acks: 0, log: () => {} });
  meshes.push(mesh);
  return mesh;
}

interface Leaving {
  readonly mesh: Mesh;
  readonly server: Server;
  readonly url: string;
  readonly lines: string[];
  readonly exits: number[];
  readonly exited: Promise<number>;
  /** Finishes the requests to /slow. */
  finishSlow(): void;
}

async function app(mesh: Mesh, options: DrainOnSignalOptions = {}): Promise<Leaving> {
  const slow: (() => void)[] = [];
  const ready = readiness(mesh);
  const server = createServer((request, response) => {
    if (request.url === "/ready") ready(request, response);
    else if (request.url === "/slow") slow.push(() => response.end("slow"));
    else response.end("quick");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const lines: string[] = [];
  const exits: number[] = [];
  const exited = new Promise<number>((resolve) => {
    const exit = (code: number): void => {
      exits.push(code);
      resolve(code);
    };
    const log = (line: string): void => void lines.push(line);
    const timing = { readinessDelayMs: 200, deadlineMs: 3_000 };
    undo.push(drainOnSignal(mesh, server, { ...timing, signals: [SIGNAL], exit, log, ...options }));
  });
  undo.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const finishSlow = (): void => {
    for (const finish of slow.splice(0)) finish();
  };
  return { mesh, server, url, lines, exits, exited, finishSlow };
}

function keepAliveAgent(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  return agent;
}

async function fetchFrom(url: string, agent?: Agent) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, agent ? { agent } : {}, resolve).on("error", reject);
  });
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, text, connection: response.headers.connection };
}

const send = (): void => void process.emit(SIGNAL);

/** A transport that can stop hearing while its connections stay open, as a frozen process does. */
class Ear implements Transport {
  readonly isLoopback = true;
  readonly #transport: Transport;
  isDeaf = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  listen(accepted: Parameters<Transport["listen"]>[0]): Promise<string> {
    return this.#transport.listen((connection) => this.#listener(accepted(connection)));
  }

  dial(address: string, dial: Parameters<Transport["dial"]>[1]): void {
    this.#transport.dial(address, {
      opened: (connection) => this.#listener(dial.opened(connection)),
      failed: (detail) => dial.failed(detail),
    });
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #listener(listener: ConnectionListener): ConnectionListener {
    return {
      received: (frame) => (this.isDeaf ? undefined : listener.received(frame)),
      closed: (closing) => listener.closed(closing),
    };
  }
}

async function pair(): Promise<[Mesh, Mesh]> {
  const a = await node("a");
  const b = await node("b", ["memory://a"]);
  await vi.waitFor(() => expect(a.status().members[1]?.isLinked).toBe(true));
  return [a, b];
}

describe("with a peer", () => {
  test("not ready at once, still accepting through the delay, and then exit 0", async () => {
    const [a, b] = await pair();
    const session = a.sessions.create();
    await session.commit();
    const { url, exited, lines } = await app(a);
    expect((await fetchFrom(`${url}/ready`)).status).toBe(200);
    send();
    const ready = await fetchFrom(`${url}/ready`);
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.text)).toEqual({
      node: "a",
      ready: false,
      reasons: ["the node is leaving"],
    });
    expect((await fetchFrom(url)).text).toBe("quick");
    expect(await exited).toBe(0);
    expect(lines).toEqual([]);
    await expect(fetchFrom(url)).rejects.toThrow(/ECONNREFUSED/);
    expect(b.sessions.open(session.id).status).toBe("found");
    expect(b.status().members.find(({ node: id }) => id === "a")?.state).toBe("left");
  });

  test("a keep-alive client is never reset: its connection ends with a response", async () => {
    const [a] = await pair();
    const { url, exited } = await app(a, { readinessDelayMs: 400 });
    const agent = keepAliveAgent();
    expect((await fetchFrom(url, agent)).connection).toBe("keep-alive");
    send();
    const connections: (string | undefined)[] = [];
    // As long as a balancer may take that has not noticed yet.
    for (const untilMs = performance.now() + 350; performance.now() < untilMs;) {
      const { connection, text } = await fetchFrom(url, agent);
      expect(text).toBe("quick");
      connections.push(connection);
    }
    expect(connections[0]).toBe("keep-alive");
    expect(connections.at(-1)).toBe("close");
    expect(await exited).toBe(0);
  });

  test("a request under way is finished before the mesh leaves, and ends its connection", async () => {
    const [a, b] = await pair();
    const { url, exited, exits, finishSlow } = await app(a, { readinessDelayMs: 50 });
    const slow = fetchFrom(`${url}/slow`, keepAliveAgent());
    await vi.waitFor(async () => expect((await fetchFrom(url)).text).toBe("quick"));
    send();
    await vi.waitFor(() => expect(fetchFrom(url)).rejects.toThrow(/ECONNREFUSED/));
    expect(exits).toEqual([]);
    expect(b.status().members.find(({ node: id }) => id === "a")?.state).toBe("alive");
    const late = a.sessions.create();
    await late.commit();
    finishSlow();
    expect(await slow).toMatchObject({ text: "slow", connection: "close" });
    expect(await exited).toBe(0);
    expect(b.sessions.open(late.id).status).toBe("found");
  });

  test("a request that never ends, and a client that never asks, are cut at the deadline", async () => {
    const [a] = await pair();
    const { url, exited } = await app(a, { readinessDelayMs: 10, deadlineMs: 500 });
    const isCut = expect(fetchFrom(`${url}/slow`)).rejects.toThrow(/socket hang up|ECONNRESET/);
    const silent = connect(Number(new URL(url).port), "127.0.0.1");
    silent.on("error", () => {});
    await vi.waitFor(async () => expect((await fetchFrom(url)).text).toBe("quick"));
    send();
    await isCut;
    expect(await exited).toBe(0);
    silent.destroy();
  });

  test("a peer that does not confirm in time: exit 1, and the sessions at stake are counted", async () => {
    const a = await node("a");
    const ear = new Ear(network.transport("b"));
    const b = await createMesh({ node: "b", transport: ear, seeds: ["memory://a"], log: () => {} });
    meshes.push(b);
    await vi.waitFor(() => expect(a.status().members[1]?.isLinked).toBe(true));
    ear.isDeaf = true;
    for (let i = 0; i < 3; i++) await a.sessions.create().commit();
    const { exited, lines } = await app(a, { readinessDelayMs: 10, deadlineMs: 400 });
    send();
    expect(await exited).toBe(1);
    expect(lines.join()).toMatch(/not every peer confirmed in time.* 3 sessions/);
    expect(b.isAlive).toBe(true);
  });
});

describe("alone", () => {
  test("it does not wait for a balancer, finishes its requests, and exits 1 with what it held", async () => {
    const a = await node("a");
    await a.sessions.create().commit();
    const { url, exited, exits, lines, finishSlow } = await app(a, { readinessDelayMs: 2_000 });
    const slow = fetchFrom(`${url}/slow`);
    await vi.waitFor(async () => expect((await fetchFrom(url)).text).toBe("quick"));
    const startedAtMs = performance.now();
    send();
    await vi.waitFor(() => expect(fetchFrom(url)).rejects.toThrow(/ECONNREFUSED/));
    expect(exits).toEqual([]);
    finishSlow();
    expect((await slow).text).toBe("slow");
    expect(await exited).toBe(1);
    expect(performance.now() - startedAtMs).toBeLessThan(1_900);
    expect(lines.join()).toMatch(/\[session-mesh\] a: .*no peer was there.* alone held 1 session$/);
  });

  test("with nothing to lose it exits 0", async () => {
    const { exited } = await app(await node("a"));
    send();
    expect(await exited).toBe(0);
  });

  test("a second signal exits at once", async () => {
    const { url, exits, finishSlow } = await app(await node("a"));
    const slow = fetchFrom(`${url}/slow`);
    await vi.waitFor(async () => expect((await fetchFrom(url)).text).toBe("quick"));
    send();
    expect(exits).toEqual([]);
    send();
    expect(exits).toEqual([1]);
    finishSlow();
    await slow;
  });
});

test("options that leave no time for requests are refused with the remedy", async () => {
  const a = await node("a");
  const server = createServer();
  const withDeadline = (deadlineMs: number) => () => drainOnSignal(a, server, { deadlineMs });
  expect(withDeadline(5_000)).toThrow(/`deadlineMs` \(5000\).*`readinessDelayMs` \(5000\)/);
  expect(withDeadline(Number.POSITIVE_INFINITY)).toThrow(/must be finite/);
});

test("liveness does not ask the peers, and answers HEAD-like probes without a body to cache", async () => {
  const a = await node("a", ["memory://nobody"]);
  const alive = liveness(a);
  const server = createServer((request, response) => alive(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await fetchFrom(url)).toMatchObject({ status: 200, text: '{"node":"a","alive":true}' });
  expect(a.readiness().ready).toBe(false);
  server.close();
  server.closeAllConnections();
});
