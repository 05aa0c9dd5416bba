/**
 * Members that know the secret and send what no honest member sends: sealed as they should be, and
 * hostile within. Thrown out, they come back.
 *
 * Not here: what they send (hostile-frames.ts).
 */
import {
  encodeMessage,
  type Hlc,
  type LinkId,
  type NodeId,
  type Prng,
  type WriterId,
} from "@session-mesh/core";
import { createCredentials } from "../../packages/session-mesh/src/transports/handshake.js";
import { Links } from "../../packages/session-mesh/src/transports/links.js";
import { createWebSocketTransport } from "../../packages/session-mesh/src/transports/ws.js";

/** Frames sent in one breath, before anyone looks whether the link still stands. */
const BURST = 10;

/** One of them. */
export class Saboteur {
  readonly #address: string;
  readonly #links: Links;
  readonly #name: string;
  #link: LinkId | undefined;
  #changed: () => void = () => {};
  /** How often a link of its own was opened. */
  linkCount = 0;
  /** What it sent last, for whoever has to find out. */
  last: Uint8Array[] = [];

  constructor(name: string, address: string, secret: string) {
    this.#name = name;
    this.#address = address;
    const place = { host: "127.0.0.1", port: 0 };
    const transport = createWebSocketTransport(place, { frameBytesMax: 16_777_216 });
    const closed = (): void => this.#set(undefined);
    this.#links = new Links(transport, createCredentials("default", [secret]), {
      limits: { sendBufferBytesMax: 64_000_000 },
      observer: {
        opened: (link) => this.#set(link),
        received() {},
        closed,
        dialFailed: closed,
        refused() {},
        misbehaved() {},
      },
    });
  }

  /** Sends so many frames, coming back as often as it is thrown out. */
  async send(count: number, random: Prng, nextFrame: () => Uint8Array): Promise<void> {
    for (let sent = 0; sent < count;) {
      const link = this.#link ?? (await this.#enter(random));
      if (link === undefined) continue;
      this.last = [];
      for (let i = 0; i < BURST && sent < count; i++, sent++) {
        const frame = nextFrame();
        this.last.push(frame);
        this.#links.send(link, frame);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): Promise<void> {
    return this.#links.closeAll("enough");
  }

  #set(link: LinkId | undefined): void {
    this.#link = link;
    this.#changed();
  }

  /** Opens a link, and mostly says hello on it as an honest member would. */
  async #enter(random: Prng): Promise<LinkId | undefined> {
    await new Promise<void>((resolve) => {
      this.#changed = resolve;
      this.#links.dial(this.#address);
    });
    const link = this.#link;
    if (link === undefined) return undefined;
    this.linkCount += 1;
    if (random.chance(0.9)) this.#links.send(link, this.#hello());
    return link;
  }

  #hello(): Uint8Array {
    return encodeMessage({
      type: "hello",
      ...{ protocolMin: 1, protocolMax: 1, digestVersion: 1, cluster: "default" },
      ...{ wallMs: Date.now(), hlc: 0 as Hlc },
      member: {
        ...{ node: this.#name as NodeId, incarnation: 1, state: "alive", draining: false },
        ...{ writer: 1 as WriterId, address: "" },
      },
    });
  }
}
