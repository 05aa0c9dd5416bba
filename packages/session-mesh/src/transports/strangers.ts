/**
 * The sockets on the mesh's own port that have not asked for a WebSocket yet. At the brim the one that
 * is there longest goes, so that strangers who keep sockets open, however many, keep no member out.
 *
 * Not here: how long they may take (ws.ts), and those who have yet to prove the secret (links.ts).
 */
import type { Server, Socket } from "node:net";

/** Sockets that may be about to say what they want. */
const STRANGERS_MAX = 1_024;

type FarEnd = Pick<Socket, "remoteAddress" | "remotePort">;

/** The strangers at one server. */
export class Strangers {
  /** The oldest first. By their far ends, since TLS wraps a socket in another. */
  readonly #sockets = new Map<string, Socket>();

  /** Watches what `server` accepts. */
  watch(server: Server): void {
    server.on("connection", (socket) => this.#admit(socket));
  }

  /** It asked for a WebSocket: others look after it from now on. */
  leave(farEnd: FarEnd): void {
    this.#sockets.delete(keyOf(farEnd));
  }

  #admit(socket: Socket): void {
    const key = keyOf(socket);
    this.#sockets.set(key, socket);
    socket.once("close", () => {
      if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
    });
    if (this.#sockets.size <= STRANGERS_MAX) return;
    for (const [oldestKey, oldest] of this.#sockets) {
      this.#sockets.delete(oldestKey);
      oldest.destroy();
      return;
    }
  }
}

function keyOf({ remoteAddress = "?", remotePort = 0 }: FarEnd): string {
  return `${remoteAddress} ${remotePort}`;
}
