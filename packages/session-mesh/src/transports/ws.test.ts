/** What strangers meet at the WebSocket transport, which no other transport has: HTTP. */
import { createServer, get, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { MeshError } from "../mesh-error.js";
import type { Closing, Connection, Transport } from "./transport.js";
import { createWebSocketTransport } from "./ws.js";

const LIMITS = { frameBytesMax: 65_536 };

interface Seen {
  readonly connection: Connection;
  readonly frames: Uint8Array[];
  readonly closings: Closing[];
}

let transports: Transport[];
let servers: Server[];

beforeEach(() => {
  transports = [];
  servers = [];
});
afterEach(async () => {
  await Promise.all(transports.map((transport) => transport.close()));
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

async function listen(place: Parameters<typeof createWebSocketTransport>[0]) {
  const transport = createWebSocketTransport(place, LIMITS);
  transports.push(transport);
  const accepted: Seen[] = [];
  const address = await transport.listen((connection) => {
    const seen: Seen = { connection, frames: [], closings: [] };
    accepted.push(seen);
    return {
      received: (frame) => void seen.frames.push(frame),
      closed: (closing) => void seen.closings.push(closing),
    };
  });
  return { transport, accepted, address };
}

const listenAlone = () => listen({ host: "127.0.0.1", port: 0 });

async function appServer(): Promise<{ server: Server; port: number }> {
  const server = createServer((_request, response) => response.end("the app"));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

/** What the first line of the answer to an upgrade says. */
function upgrade(url: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers });
    socket.on("open", () => {
      resolve("open");
      socket.terminate();
    });
    socket.on("unexpected-response", (request, response) => {
      resolve(String(response.statusCode));
      request.destroy();
    });
    socket.on("error", (error) => resolve(error.message));
  });
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let text = `${response.statusCode} `;
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });
}

/** Sends bytes as they are, and resolves with everything that came back once the socket is closed. */
function sendRaw(port: number, chunks: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
    for (const chunk of chunks) socket.write(chunk);
  });
}

const UPGRADE =
  "GET /session-mesh HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const portOf = (address: string): number => Number(new URL(address).port);

describe("P12: a port of its own", () => {
  test.each(["https://evil.example", "null", "http://127.0.0.1"])(
    "refuses an upgrade from a web page (Origin: %s)",
    async (origin) => {
      const { address, accepted } = await listenAlone();
      expect(await upgrade(address, { origin })).toBe("403");
      expect(accepted).toHaveLength(0);
      expect(await upgrade(address)).toBe("open");
    },
  );

  test("lets nobody wait who says nothing, or only half of it", async () => {
    const { address } = await listenAlone();
    const silent = sendRaw(portOf(address), []);
    const slow = sendRaw(portOf(address), ["GET /session-mesh HTTP/1.1\r\nHost: x\r\n"]);
    for (const answer of await Promise.all([silent, slow])) expect(answer).toMatch(/ 408 /);
  }, 12_000);

  test("lets go of who was refused and does not close", async () => {
    const { address } = await listenAlone();
    const socket = connect({ port: portOf(address), host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => {}).resume();
    socket.write(UPGRADE.replace("Host", "Origin: https://evil.example\r\nHost"));
    const isClosed = new Promise((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => socket.once("end", resolve));
    // What nobody reads any more is answered by a reset.
    const knocking = setInterval(() => socket.write("x"), 10);
    await isClosed;
    clearInterval(knocking);
  });

  test("keeps nobody out for those who say nothing, however many they are", async () => {
    const { address } = await listenAlone();
    const strangers: Socket[] = [];
    const knock = (): Promise<unknown> => {
      const socket = connect(portOf(address), "127.0.0.1");
      strangers.push(socket.resume().on("error", () => {}));
      return new Promise((resolve) => socket.once("connect", resolve));
    };
    for (let i = 0; i < 11; i++) await Promise.all(Array.from({ length: 100 }, knock));
    expect(await upgrade(address)).toBe("open");
    const openCount = (sockets: Socket[]) => sockets.filter(({ closed }) => !closed).length;
    await vi.waitFor(() => expect(openCount(strangers)).toBeLessThanOrEqual(1_024));
    expect(openCount(strangers.slice(0, 100))).toBeLessThan(50);
    expect(openCount(strangers.slice(100))).toBe(1_000);
    for (const socket of strangers) socket.destroy();
  });

  test("answers a plain request with what it is", async () => {
    const { address } = await listenAlone();
    expect(await fetchText(address.replace("ws", "http"))).toMatch(/^426 A session-mesh node/);
  });

  test("dials nothing but addresses of its own form, though ws would", async () => {
    const { transport, address, accepted } = await listenAlone();
    const outcome = (target: string): Promise<string> =>
      new Promise((resolve) => {
        transport.dial(target, {
          opened: () => {
            resolve("opened");
            return { received() {}, closed() {} };
          },
          failed: resolve,
        });
      });
    expect(await outcome(address.replace("ws:", "http:"))).toBe(
      "not an address that can be dialled",
    );
    expect(accepted).toHaveLength(0);
    expect(await outcome(address)).toBe("opened");
  });

  test("says no to compression", async () => {
    const { address } = await listenAlone();
    const socket = new WebSocket(address);
    await new Promise((resolve) => socket.on("open", resolve));
    expect(socket.extensions).toBe("");
    socket.terminate();
  });

  test.each([
    ["nothing but noise", [Buffer.from(Array.from({ length: 4_000 }, (_, i) => (i * 37) & 0xff))]],
    ["an endless header", [`GET / HTTP/1.1\r\nX: ${"x".repeat(100_000)}\r\n\r\n`]],
    ["a TLS hello", [Buffer.from("1603010200010001fc0303", "hex"), Buffer.alloc(512, 7)]],
    ["an upgrade without a key", [UPGRADE.replace(/Sec-WebSocket-Key.*\r\n/, "")]],
    ["a frame that is not masked", [UPGRADE, Buffer.from([0x82, 0x01, 0x00])]],
    ["a frame with a reserved bit", [UPGRADE, Buffer.from([0xc2, 0x81, 0, 0, 0, 0, 0])]],
    ["an unknown opcode", [UPGRADE, Buffer.from([0x83, 0x81, 0, 0, 0, 0, 0])]],
    ["a ping that is too long", [UPGRADE, Buffer.from([0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0])]],
    [
      "a length of 2^63",
      [UPGRADE, Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ],
    [
      "a length above the limit",
      [UPGRADE, Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0])],
    ],
    ["text", [UPGRADE, Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x61])]],
  ] as const)("closes on %s, and goes on serving", async (name, chunks) => {
    const { address, accepted } = await listenAlone();
    const answer = await sendRaw(portOf(address), chunks);
    const isUpgraded = answer.startsWith("HTTP/1.1 101");
    expect(isUpgraded).toBe(chunks[0] === UPGRADE);
    expect(accepted, name).toHaveLength(isUpgraded ? 1 : 0);
    await vi.waitFor(() =>
      expect(accepted.every(({ closings }) => closings[0]?.isPeerFault === true)).toBe(true),
    );
    expect(accepted.flatMap(({ frames }) => frames)).toEqual([]);
    expect(await upgrade(address)).toBe("open");
  });

  test("a taken port is refused with the remedy, and nothing stays open", async () => {
    const { address } = await listenAlone();
    const second = listen({ host: "127.0.0.1", port: portOf(address) });
    await expect(second).rejects.toThrow(MeshError);
    await expect(second).rejects.toThrow(/port is taken.*`listen.port`/);
  });

  test("an address that the machine does not have is refused with the remedy", async () => {
    await expect(listen({ host: "203.0.113.7", port: 0 })).rejects.toThrow(/no such address/);
  });
});

describe("on a server shared with an app", () => {
  test("takes its own path and leaves the app's requests alone", async () => {
    const { server, port } = await appServer();
    const { accepted } = await listen({ server, path: "/session-mesh" });
    expect(await upgrade(`ws://127.0.0.1:${port}/session-mesh`)).toBe("open");
    expect(await upgrade(`ws://127.0.0.1:${port}/session-mesh?x=1`)).toBe("open");
    expect(accepted).toHaveLength(2);
    expect(await fetchText(`http://127.0.0.1:${port}/session-mesh`)).toBe("200 the app");
  });

  test("refuses a web page there as well", async () => {
    const { server, port } = await appServer();
    await listen({ server, path: "/session-mesh" });
    const origin = `http://127.0.0.1:${port}`;
    expect(await upgrade(`ws://127.0.0.1:${port}/session-mesh`, { origin })).toBe("403");
  });

  test("answers other upgrades when nobody else does, and leaves them to others when there are", async () => {
    const { server, port } = await appServer();
    await listen({ server, path: "/session-mesh" });
    expect(await upgrade(`ws://127.0.0.1:${port}/chat`)).toBe("404");
    server.on("upgrade", (request, socket) => {
      if (request.url === "/chat") socket.end("HTTP/1.1 418 Chat\r\nConnection: close\r\n\r\n");
    });
    expect(await upgrade(`ws://127.0.0.1:${port}/chat`)).toBe("418");
    expect(await upgrade(`ws://127.0.0.1:${port}/session-mesh`)).toBe("open");
  });

  test("closing leaves the app's server open", async () => {
    const { server, port } = await appServer();
    const { transport, accepted } = await listen({ server, path: "/session-mesh" });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/session-mesh`);
    const isClosed = new Promise((resolve) => socket.on("close", resolve));
    await vi.waitFor(() => expect(accepted).toHaveLength(1));
    await transport.close();
    await isClosed;
    expect(await fetchText(`http://127.0.0.1:${port}/`)).toBe("200 the app");
  });
});
