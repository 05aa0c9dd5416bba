/** The WebSocket transport keeps to the rules of every transport, on either kind of place. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Transport } from "session-mesh";
import { createWebSocketTransport } from "../../packages/session-mesh/src/transports/ws.js";
import { createAuthority } from "../security/certificates.js";
import { transportSuite } from "./transport.suite.js";

/** Port 9 is "discard": nothing listens there. */
const deadAddress = "ws://127.0.0.1:9";

transportSuite("WebSocket, own port,", () => ({
  create: (limits) => createWebSocketTransport({ host: "127.0.0.1", port: 0 }, limits),
  deadAddress,
}));

const authority = createAuthority("mesh authority");
const tls = { ...authority.issue("127.0.0.1"), ca: authority.cert };

transportSuite("WebSocket, own port with TLS,", () => ({
  create: (limits) => {
    const place = { host: "127.0.0.1", port: 0, tls: { ...tls, requestCert: true } };
    return createWebSocketTransport(place, { ...limits, tls });
  },
  deadAddress: "wss://127.0.0.1:9",
}));

transportSuite("WebSocket, shared server,", () => ({
  create: (limits) => {
    const server = createServer();
    return new OnServer(server, createWebSocketTransport({ server, path: "/mesh" }, limits));
  },
  deadAddress,
}));

/** Opens and closes the server around the transport, as an app would. */
class OnServer implements Transport {
  readonly isLoopback = true;
  readonly #server: Server;
  readonly #transport: Transport;

  constructor(server: Server, transport: Transport) {
    this.#server = server;
    this.#transport = transport;
  }

  async listen(accepted: Parameters<Transport["listen"]>[0]): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    await this.#transport.listen(accepted);
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mesh`;
  }

  dial(...args: Parameters<Transport["dial"]>): void {
    this.#transport.dial(...args);
  }

  async close(): Promise<void> {
    await this.#transport.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
