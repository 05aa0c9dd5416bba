/**
 * The load balancer: round robin, no stickiness, honours readiness.
 *
 * Built on httpxy: kept by the unjs group, whose Nitro proxies with it, without dependencies, and at
 * home on Node 20. (http-proxy, which it was forked from, had its last release in 2020.)
 *
 *   request ──▶ next ready server ──▶ answer
 *                └─ broken before an answer: GET and HEAD, and whatever was not yet sent, go to the
 *                   next one; anything else may have been done, so the client is told (502)
 *
 * Not here: who is ready (upstream.ts).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createProxyServer, type ProxyServer } from "httpxy";
import { listenFrom } from "./free-port.js";
import { Upstream } from "./upstream.js";
import { SERVER_HEADER } from "./users/storefront.js";

/** Tells the client how many servers its request was sent to. */
export const ATTEMPTS_HEADER = "demo-attempts";
/** On a 502: the request was in flight on a process that was killed, and may have been done. */
export const INTERRUPTED_HEADER = "demo-interrupted";

const BODY_BYTES_MAX = 65_536;
/** How long a request waits for a ready server when there is none. */
const READY_WAIT_MS = 45_000;
const READY_POLL_MS = 10;
/** Longer than any client keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 120_000;

/** One request on one server. */
interface Attempt {
  readonly upstream: Upstream;
  /** Whether bytes may have reached the server. */
  isSent: boolean;
}

/** The balancer; it listens from `listen` until `close`. */
export class Balancer {
  readonly #server: Server;
  readonly #proxy: ProxyServer = createProxyServer({ xfwd: true });
  readonly #attempts = new WeakMap<object, Attempt>();
  readonly #upstreams: Upstream[] = [];
  #next = 0;
  #port = 0;

  constructor() {
    this.#server = createServer((req, res) => void this.#handle(req, res));
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#proxy.on("proxyReq", (proxyReq, req) => {
      const attempt = this.#attempts.get(req);
      const socket = proxyReq.socket;
      if (!attempt || !socket) return;
      if (!socket.connecting) attempt.isSent = true;
      else socket.once("connect", () => (attempt.isSent = true));
    });
  }

  /** Listens on the first free port from `port` on. */
  async listen(port: number): Promise<void> {
    this.#port = await listenFrom(this.#server, port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get upstreams(): readonly Upstream[] {
    return this.#upstreams;
  }

  add(name: string, origin: string): Upstream {
    const upstream = new Upstream(name, origin);
    this.#upstreams.push(upstream);
    return upstream;
  }

  remove(upstream: Upstream): void {
    upstream.remove();
    const index = this.#upstreams.indexOf(upstream);
    if (index >= 0) this.#upstreams.splice(index, 1);
  }

  close(): void {
    for (const upstream of this.#upstreams) upstream.remove();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const body = await bodyOf(req);
      if (body === undefined) answer(res, 413, "the body is too large");
      else await this.#forward(req, res, body);
    } catch (error) {
      if (!res.headersSent) answer(res, 502, String(error));
      else res.destroy();
    }
  }

  async #forward(req: IncomingMessage, res: ServerResponse, body: Buffer): Promise<void> {
    const isRepeatable = req.method === "GET" || req.method === "HEAD";
    for (let attempts = 1; ; attempts += 1) {
      const upstream = await this.#pick();
      if (!upstream) return answer(res, 503, "no server is ready");
      res.setHeader(ATTEMPTS_HEADER, attempts);
      res.setHeader(SERVER_HEADER, upstream.name);
      const attempt: Attempt = { upstream, isSent: false };
      const error = await this.#attempt(req, res, { attempt, body });
      if (error === undefined || res.destroyed || res.headersSent) return;
      upstream.doubt();
      if (isRepeatable || !attempt.isSent) continue;
      if (upstream.isKilled) res.setHeader(INTERRUPTED_HEADER, "yes");
      return answer(res, 502, `${upstream.name} broke off: ${error.message}`);
    }
  }

  /** Undefined when it was answered, else what broke. */
  async #attempt(
    req: IncomingMessage,
    res: ServerResponse,
    { attempt, body }: { attempt: Attempt; body: Buffer },
  ): Promise<Error | undefined> {
    const { upstream } = attempt;
    const { origin: target, agent } = upstream;
    this.#attempts.set(req, attempt);
    upstream.inFlightCount += 1;
    try {
      await this.#proxy.web(req, res, { target, agent, buffer: Readable.from([body]) });
      upstream.servedCount += 1;
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      upstream.inFlightCount -= 1;
    }
  }

  /** The next ready server in turn; waits a while when there is none. */
  async #pick(): Promise<Upstream | undefined> {
    const startedAtMs = performance.now();
    do {
      for (let step = 0; step < this.#upstreams.length; step += 1) {
        this.#next = (this.#next + 1) % this.#upstreams.length;
        const upstream = this.#upstreams[this.#next];
        if (upstream?.isReady) return upstream;
      }
      await sleep(READY_POLL_MS);
    } while (performance.now() - startedAtMs < READY_WAIT_MS);
    return undefined;
  }
}

/** Kept whole, so that it can be sent a second time; undefined when it is too large for that. */
async function bodyOf(req: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answer(res: ServerResponse, status: number, message: string): void {
  res.writeHead(status, { "content-type": "text/plain" });
  res.end(`${message}\n`);
}
