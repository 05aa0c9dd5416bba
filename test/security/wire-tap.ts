/**
 * A TCP proxy before a mesh port that keeps everything that passes, as whoever captures packets
 * would have it, and takes off what only hides plain text from a search: WebSocket masks.
 *
 * Not here: cutting links (test/processes/tcp-link.ts).
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Records what passes to and from one port. */
export class WireTap {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #streams: Buffer[][] = [];

  private constructor(portBehind: number) {
    this.#server = createServer((near) => {
      const far = connect(portBehind, "127.0.0.1");
      this.#record(near, far);
      this.#record(far, near);
    });
  }

  /** Opens a way to `portBehind`, where nobody needs to listen yet. */
  static async open(portBehind: number): Promise<WireTap> {
    const tap = new WireTap(portBehind);
    tap.#server.listen(0, "127.0.0.1");
    await once(tap.#server, "listening");
    return tap;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every byte that passed, one direction of one connection after the other. */
  raw(): Buffer {
    return Buffer.concat(this.#streams.flat());
  }

  /** The payloads of all WebSocket frames that passed, masks taken off. */
  payloads(): Buffer {
    return Buffer.concat(this.#streams.flatMap((chunks) => framesOf(Buffer.concat(chunks))));
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #record(from: Socket, to: Socket): void {
    const chunks: Buffer[] = [];
    this.#streams.push(chunks);
    this.#sockets.add(from);
    from.on("data", (chunk) => chunks.push(chunk));
    from.on("error", () => from.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
  }
}

/** The unmasked payloads of the WebSocket frames that follow the HTTP head of a stream (RFC 6455). */
function framesOf(stream: Buffer): Buffer[] {
  const payloads: Buffer[] = [];
  let at = stream.indexOf("\r\n\r\n") + 4;
  while (at + 2 <= stream.length) {
    const isMasked = ((stream[at + 1] ?? 0) & 0x80) !== 0;
    const short = (stream[at + 1] ?? 0) & 0x7f;
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    const from = at + 2 + extra + (isMasked ? 4 : 0);
    if (from > stream.length) break;
    const length =
      extra === 0 ? short : stream.readUIntBE(at + 2 + Math.max(0, extra - 6), Math.min(extra, 6));
    const mask = isMasked ? stream.subarray(from - 4, from) : Buffer.alloc(4);
    const masked = stream.subarray(from, from + length);
    payloads.push(masked.map((byte, i) => byte ^ (mask[i & 3] ?? 0)) as Buffer);
    at = from + length;
  }
  return payloads;
}
