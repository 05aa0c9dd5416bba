/**
 * Members that know the secret and send what no honest member sends: sealed as they should be, and
 * hostile within. Thrown out, they come back.
 *
 * Not here: what they send (hostile-frames.ts).
 */
import {
  createPrng,
  decodeFrame,
  encodeMessage,
  type LinkId,
  type Prng,
  type SessionId,
} from "@session-mesh/core";
import { createCredentials } from "../../packages/session-mesh/src/transports/handshake.js";
import { Links } from "../../packages/session-mesh/src/transports/links.js";
import { createWebSocketTransport } from "../../packages/session-mesh/src/transports/ws.js";
import { helloOf } from "./honest-frames.js";
import { createMessageFuzz } from "./hostile-frames.js";

/** How long to wait for an answer: without a hello there is none. */
const PATIENCE_MS = 10;

const ANY_SESSION = "ZZZZZZZZZZZZZZZZZZZZZZ" as SessionId;

/** One of them. */
export class Saboteur {
  readonly #address: string;
  readonly #links: Links;
  readonly #name: string;
  readonly #random: Prng;
  readonly #nextFrame: () => Uint8Array;
  #link: LinkId | undefined;
  #changed: () => void = () => {};
  #requestLast = 1_000_000;
  /** How often a link of its own was opened. */
  linkCount = 0;
  /** What it sent last, for whoever has to find out. */
  last: Uint8Array = new Uint8Array();

  constructor(name: string, address: string, { secret, seed }: { secret: string; seed: number }) {
    this.#name = name;
    this.#random = createPrng(seed);
    this.#nextFrame = createMessageFuzz(this.#random, ["node", "peer", name, "saboteur-0"]);
    this.#address = address;
    const place = { host: "127.0.0.1", port: 0 };
    const transport = createWebSocketTransport(place, { frameBytesMax: 16_777_216 });
    const closed = (): void => this.#set(undefined);
    this.#links = new Links(transport, createCredentials("default", [secret]), {
      limits: { sendBufferBytesMax: 64_000_000 },
      observer: {
        opened: (link) => this.#set(link),
        received: (_link, frame) => this.#onFrame(frame),
        closed,
        dialFailed: closed,
        refused() {},
        misbehaved() {},
      },
    });
  }

  /** Sends so many frames, coming back as often as it is thrown out. */
  async send(count: number): Promise<void> {
    for (let sent = 0; sent < count;) {
      const link = this.#link ?? (await this.#enter());
      if (link === undefined) continue;
      this.last = this.#nextFrame();
      this.#links.send(link, this.last);
      sent += 1;
      await this.#isRead(link);
    }
  }

  close(): Promise<void> {
    return this.#links.closeAll("enough");
  }

  #set(link: LinkId | undefined): void {
    this.#link = link;
    this.#changed();
  }

  #onFrame(frame: Uint8Array): void {
    const message = decodeFrame(frame);
    if (message.type === "pulled" && message.request === this.#requestLast) this.#changed();
  }

  /** Resolves once what was sent was read, or the link is closed. */
  async #isRead(link: LinkId): Promise<void> {
    this.#requestLast += 1;
    const request = this.#requestLast;
    this.#links.send(link, encodeMessage({ type: "pull", request, session: ANY_SESSION }));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS);
      this.#changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Opens a link, and mostly says hello on it as an honest member would. */
  async #enter(): Promise<LinkId | undefined> {
    await new Promise<void>((resolve) => {
      this.#changed = resolve;
      this.#links.dial(this.#address);
    });
    const link = this.#link;
    if (link === undefined) return undefined;
    this.linkCount += 1;
    if (this.#random.chance(0.9)) {
      this.#links.send(link, encodeMessage(helloOf(this.#name, Date.now())));
    }
    return link;
  }
}
