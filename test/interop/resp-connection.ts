/**
 * A connection to a Redis server or sidecar: raw commands out, frames in, in order.
 *
 * No client library: nothing is sent at connect, nothing retried, nothing converted.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { encodeCommand, type Frame, parseFrame, valueOf } from "./resp-frame.js";

/** Where a server listens on loopback. */
export interface Address {
  readonly port: number;
}

const SILENCE_MS = 15_000;

/** One connection. */
export class RespConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (frame: Frame) => void; reject: (error: Error) => void }[] = [];

  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  /** Opens a connection; what is sent on it first is up to the caller. */
  static async open({ port }: Address): Promise<RespConnection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RespConnection(socket);
  }

  /** Sends bytes as they are, and answers the next `count` replies. */
  async send(bytes: Buffer, count: number): Promise<Frame[]> {
    if (this.#failure) throw this.#failure;
    const replies = Promise.all(Array.from({ length: count }, () => this.#next()));
    this.#socket.write(bytes);
    const late = setTimeout(
      () => this.#fail(new Error(`no reply within ${SILENCE_MS} ms to ${shown(bytes)}`)),
      SILENCE_MS,
    );
    return replies.finally(() => clearTimeout(late));
  }

  /** One command and its reply, as a value; error replies are thrown. */
  async call(...args: readonly (string | Buffer)[]): Promise<unknown> {
    const [frame] = await this.send(encodeCommand(args), 1);
    return valueOf(frame as Frame);
  }

  /** Hangs up. */
  close(): void {
    this.#socket.destroy();
  }

  #next(): Promise<Frame> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    try {
      let at = 0;
      for (let next = this.#parse(at); next; next = this.#parse(at)) {
        at = next.end;
        const waiting = this.#waiting.shift();
        if (!waiting) throw new Error("a reply that nobody asked for");
        waiting.resolve(next.frame);
      }
      this.#received = this.#received.subarray(at);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #parse(at: number): { frame: Frame; end: number } | undefined {
    return at < this.#received.length ? parseFrame(this.#received, at) : undefined;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#socket.destroy();
  }
}

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString("latin1", 0, 200));
}
