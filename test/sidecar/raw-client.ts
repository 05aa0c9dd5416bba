/**
 * A connection on which anything can be said: bytes out, bytes in.
 *
 * Not here: understanding replies; tests compare bytes.
 */
import { connect, type Socket } from "node:net";

/** Where a server listens. */
export type Place = { readonly port: number } | { readonly path: string };

/** An open connection; `close` it. */
export class RawClient {
  readonly socket: Socket;
  #received: Buffer[] = [];
  #waiting: (() => void)[] = [];
  #isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static open(place: Place): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...place, noDelay: true }, () => resolve(new RawClient(socket)));
      socket.once("error", reject);
    });
  }

  /** What came so far, as latin1. */
  get received(): string {
    return Buffer.concat(this.#received).toString("latin1");
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Everything received, once it ends with this, or the connection is closed. */
  async until(end: string): Promise<string> {
    while (!this.received.endsWith(end) && !this.#isClosed) await this.#change();
    return this.received;
  }

  /** Everything received, once the other side has closed. */
  async untilClosed(): Promise<string> {
    while (!this.#isClosed) await this.#change();
    return this.received;
  }

  close(): void {
    this.socket.destroy();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** A command as clients send it. */
export function frame(...args: readonly string[]): string {
  const bulks = args.map((text) => `$${Buffer.byteLength(text, "latin1")}\r\n${text}\r\n`);
  return `*${args.length}\r\n${bulks.join("")}`;
}
