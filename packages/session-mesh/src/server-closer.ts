/**
 * Closes an HTTP server without cutting anyone off: no new connections, the requests under way are
 * finished, and each connection ends with the response that says so.
 *
 * `server.close()` alone leaves a keep-alive connection that was busy open after its response, and
 * its callback waits for upgraded sockets too, those of the mesh among them.
 *
 * Not here: when to close (drain-on-signal.ts).
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Millis } from "@session-mesh/core";

/** How often it is looked whether connections are left. */
const POLL_MS: Millis = 25;

/** How long a connection that has just been opened may take to send its request. */
const FIRST_REQUEST_MS: Millis = 500;

/** Watches a server from the moment it is made, so that it can be closed later. */
export class ServerCloser {
  readonly #server: Server;
  /** Responses that are not finished. */
  readonly #active = new Set<ServerResponse>();
  #isAnnounced = false;

  constructor(server: Server) {
    this.#server = server;
    server.prependListener("request", this.#onRequest);
  }

  /** From now on every response ends its connection. */
  announce(): void {
    this.#isAnnounced = true;
    for (const response of this.#active) endConnectionWith(response);
  }

  /**
   * Stops accepting, and resolves when every request is answered; at the deadline what is left is
   * cut. Sockets that were upgraded are none of its business.
   */
  async close(deadlineMs: Millis): Promise<void> {
    this.announce();
    const startedAtMs = performance.now();
    // The kernel resets connections that wait to be accepted; right after polling there are fewest.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    if (this.#server.listening) this.#server.close();
    for (;;) {
      this.#server.closeIdleConnections();
      if ((await this.#connectionCount()) === 0) return;
      const waitedMs = performance.now() - startedAtMs;
      const isSilent = this.#active.size === 0 && waitedMs >= FIRST_REQUEST_MS;
      if (isSilent || waitedMs >= deadlineMs) {
        this.#server.closeAllConnections();
        return;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS);
      });
    }
  }

  /** Stops watching. */
  release(): void {
    this.#server.off("request", this.#onRequest);
  }

  readonly #onRequest = (_request: IncomingMessage, response: ServerResponse): void => {
    this.#active.add(response);
    response.once("close", () => this.#active.delete(response));
    if (this.#isAnnounced) endConnectionWith(response);
  };

  /** Upgraded sockets included. */
  #connectionCount(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.getConnections((_error, count) => resolve(count ?? 0));
    });
  }
}

function endConnectionWith(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("connection", "close");
}
