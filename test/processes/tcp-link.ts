/**
 * A TCP proxy before one port, which can be cut as a network is: nothing arrives any more, and
 * nobody is told. At the heal the old connections are gone.
 *
 * Not here: any understanding of what passes.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A cuttable way to a port. */
export class TcpLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #portBehind: number;
  #isCut = false;

  private constructor(portBehind: number) {
    this.#portBehind = portBehind;
    this.#server = createServer((near) => this.#onConnection(near));
  }

  /** Opens a way to `portBehind`, where nobody needs to listen yet. */
  static async open(portBehind: number): Promise<TcpLink> {
    const link = new TcpLink(portBehind);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  heal(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #onConnection(near: Socket): void {
    this.#watch(near);
    if (this.#isCut) return;
    const far = connect(this.#portBehind, "127.0.0.1");
    this.#watch(far);
    near.pipe(far).pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

/** A port of loopback on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
