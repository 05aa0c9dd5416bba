/**
 * A TCP proxy before one port that delays all that passes, each way, and keeps its order. It may be
 * there before the port is: until then it turns everyone away.
 *
 * Not here: cuts (test/processes/tcp-link.ts).
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A slow way to a port. */
export class SlowLink {
  /** By how much everything is late, each way. */
  delayMs = 0;
  /** How many chunks have passed. */
  chunkCount = 0;
  /** The port behind. */
  portBehind: number | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(portBehind: number | undefined) {
    this.portBehind = portBehind;
    this.#server = createServer((near) => {
      if (this.portBehind === undefined) return near.destroy();
      const far = connect(this.portBehind, "127.0.0.1");
      this.#pass(near, far);
      this.#pass(far, near);
      return undefined;
    });
  }

  /** Opens a way to `portBehind`, where nobody needs to listen yet. */
  static async open(portBehind?: number): Promise<SlowLink> {
    const link = new SlowLink(portBehind);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  get address(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    let dueAtMs = 0;
    from.on("data", (chunk) => {
      this.chunkCount += 1;
      // Nothing overtakes what came before a change of the delay.
      dueAtMs = Math.max(dueAtMs, performance.now() + this.delayMs);
      setTimeout(() => to.write(chunk), Math.ceil(dueAtMs - performance.now()));
    });
    from.on("error", () => to.destroy());
    from.on("close", () => {
      to.destroy();
      this.#sockets.delete(from);
    });
  }
}
