/**
 * WebSockets: a port of the mesh's own, or the app's HTTP server by upgrade path.
 *
 * What a stranger meets is here: no web page gets in (an upgrade with an `Origin` is refused), frames
 * are bounded, and headers must come in time.
 *
 * Not here: how many strangers there may be (strangers.ts), what becomes of connections (links.ts).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import {
  addressOf,
  hostPort,
  isLoopbackHost,
  parseAddress,
  type Scheme,
  urlOf,
} from "../addresses.js";
import { MeshError } from "../mesh-error.js";
import { type DialTls, isTlsServer, type ListenTls } from "../tls-options.js";
import { Strangers } from "./strangers.js";
import type { Connection, ConnectionListener, Dial, Transport } from "./transport.js";
import { adoptSocket } from "./ws-connection.js";

/** How long the far end may take to answer a dial. */
const DIAL_DEADLINE_MS = 3_000;

/** How long a closing WebSocket may take to flush and say goodbye. */
const CLOSE_DEADLINE_MS = 1_000;

/** How long a stranger may take to send the headers of an upgrade to the mesh's own port. */
const HEADERS_DEADLINE_MS = 5_000;

/** How often it is looked whether they came; Node's own half a minute would keep members out. */
const HEADERS_CHECK_MS = 500;

/** Where a WebSocket transport listens. */
export type WebSocketPlace =
  | { readonly host: string; readonly port: number; readonly tls?: ListenTls | undefined }
  | { readonly server: Server; readonly path: string };

/** Bounds, and how addresses with `wss://` are dialled. */
export interface WebSocketSettings {
  readonly frameBytesMax: number;
  readonly tls?: DialTls | undefined;
  /** The name by which an address was found: what its certificate is to be for. */
  readonly nameOf?: (address: string) => string | undefined;
}

/** Creates the transport; nothing is opened before `listen`. */
export function createWebSocketTransport(
  place: WebSocketPlace,
  settings: WebSocketSettings,
): Transport {
  return new WebSocketTransport(place, settings);
}

class WebSocketTransport implements Transport {
  readonly isLoopback: boolean;
  readonly #place: WebSocketPlace;
  readonly #settings: WebSocketSettings;
  readonly #socketOptions;
  readonly #door: WebSocketServer;
  readonly #sockets = new Set<WebSocket>();
  #ownServer: Server | undefined;
  #accepted: ((connection: Connection) => ConnectionListener) | undefined;

  constructor(place: WebSocketPlace, settings: WebSocketSettings) {
    this.#place = place;
    this.#settings = settings;
    this.isLoopback = "host" in place && isLoopbackHost(place.host);
    this.#socketOptions = {
      maxPayload: settings.frameBytesMax,
      perMessageDeflate: false,
      closeTimeout: CLOSE_DEADLINE_MS,
    };
    this.#door = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      ...this.#socketOptions,
    });
  }

  async listen(accepted: (connection: Connection) => ConnectionListener): Promise<string> {
    this.#accepted = accepted;
    if ("server" in this.#place) {
      const { server, path } = this.#place;
      server.on("upgrade", this.#onSharedUpgrade);
      const bound = server.address();
      if (bound === null || typeof bound === "string") return "";
      const scheme: Scheme = isTlsServer(server) ? "wss" : "ws";
      return addressOf(bound.address, bound.port, { path, scheme });
    }
    const { host, port, tls } = this.#place;
    const deadlines = {
      headersTimeout: HEADERS_DEADLINE_MS,
      requestTimeout: HEADERS_DEADLINE_MS,
      connectionsCheckingInterval: HEADERS_CHECK_MS,
    };
    const server = tls
      ? createTlsServer(
          { ...tls, ...deadlines, handshakeTimeout: HEADERS_DEADLINE_MS },
          refuseRequest,
        )
      : createServer(deadlines, refuseRequest);
    this.#ownServer = server;
    const strangers = new Strangers();
    strangers.watch(server);
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      strangers.leave(request.socket);
      this.#upgrade(request, socket, head);
    });
    await bind(server, host, port);
    const bound = server.address() as AddressInfo;
    return addressOf(host, bound.port, { scheme: tls ? "wss" : "ws" });
  }

  dial(address: string, dial: Dial): void {
    let socket: WebSocket;
    try {
      // Members say where they are found: what has another form than our addresses goes nowhere.
      if (!parseAddress(address).ok) throw new TypeError("not an address");
      socket = new WebSocket(urlOf(address), {
        ...this.#socketOptions,
        ...this.#tlsOf(address),
        handshakeTimeout: DIAL_DEADLINE_MS,
      });
    } catch {
      process.nextTick(() => dial.failed("not an address that can be dialled"));
      return;
    }
    this.#track(socket);
    let problem = "connection lost";
    const onError = (error: Error & { code?: string }): void => {
      problem = error.message || error.code || problem;
    };
    const onClose = (): void => dial.failed(problem);
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.on("open", () => {
      socket.off("error", onError);
      socket.off("close", onClose);
      adoptSocket({ socket, remote: address }, (connection) => dial.opened(connection));
    });
  }

  async close(): Promise<void> {
    this.#accepted = undefined;
    if ("server" in this.#place) this.#place.server.off("upgrade", this.#onSharedUpgrade);
    const open = [...this.#sockets];
    const areClosed = open.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    for (const socket of open) {
      if (socket.readyState === socket.CONNECTING) socket.terminate();
      else socket.close(1_001, "closed");
    }
    const server = this.#ownServer;
    const isFreed = new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    await Promise.all(areClosed);
    server?.closeAllConnections();
    await isFreed;
  }

  readonly #onSharedUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { server, path } = this.#place as { server: Server; path: string };
    const isOurs = request.url?.split("?", 1)[0] === path;
    if (isOurs) this.#upgrade(request, socket, head);
    // Alone, nobody else would answer; a server with other upgrades leaves them to those.
    else if (server.listenerCount("upgrade") === 1) refuseUpgrade(socket, "404 Not Found");
  };

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const accepted = this.#accepted;
    if (request.headers.origin !== undefined) refuseUpgrade(socket, "403 Forbidden");
    else if (!accepted) refuseUpgrade(socket, "503 Service Unavailable");
    else {
      const { remoteAddress = "?", remotePort = 0 } = request.socket;
      const remote = hostPort(remoteAddress, remotePort);
      this.#door.handleUpgrade(request, socket, head, (webSocket) => {
        this.#track(webSocket);
        adoptSocket({ socket: webSocket, remote, unproven: socket }, accepted);
      });
    }
  };

  #tlsOf(address: string): DialTls {
    const { tls = {}, nameOf } = this.#settings;
    const name = nameOf?.(address);
    return name === undefined ? tls : { servername: name, ...tls };
  }

  #track(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

/** Binds exclusively, so that under node:cluster each worker has a port, and a mesh, of its own. */
async function bind(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off("error", reject);
        // Out of descriptors, say: the one who knocked will try again.
        server.on("error", () => {});
        resolve();
      });
    });
  } catch (cause) {
    throw new MeshError("listen", listenProblem(cause, host, port), { cause });
  }
}

function listenProblem(cause: unknown, host: string, port: number): string {
  const { code } = cause as NodeJS.ErrnoException;
  const place = `${host}:${port}`;
  if (code === "EADDRINUSE") {
    return `cannot listen on ${place}: the port is taken. Choose another \`listen.port\` (0 takes any that is free) or stop the process that holds it`;
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return `cannot listen on ${place}: this machine has no such address. Give \`listen.host\` one that it has, or "0.0.0.0" and an \`advertise\``;
  }
  if (code === "EACCES") {
    return `cannot listen on ${place}: not allowed. Choose a \`listen.port\` above 1023`;
  }
  return `cannot listen on ${place}: ${String((cause as Error).message)}`;
}

function refuseRequest(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { connection: "close", "content-type": "text/plain" });
  response.end("A session-mesh node listens here, for other nodes only.\n");
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on("error", () => {});
  // Node leaves the other half open until the far end closes, which a stranger need not do.
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
