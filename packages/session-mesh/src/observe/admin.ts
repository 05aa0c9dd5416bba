/**
 * session-mesh/admin: what a node tells its operators, over HTTP. Needs `prom-client` (15.1 or later).
 *
 *   /healthz   200 until the mesh met a bug of its own        /members  whom the node knows, what it holds
 *   /readyz    200 while the node may have traffic            /metrics  Prometheus text
 *   /drained   200 once the node can be stopped without loss  /events   events as they happen (SSE)
 *
 * Reads only. No raw session id and no value is ever shown (P12). Balancers that probe from other
 * machines use `readiness(mesh)` on the app's own port, which needs no token and shows that the app
 * answers too.
 *
 * Not here: who may read (access.ts), metrics, and the event stream.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Event } from "@session-mesh/core";
import type { Registry } from "prom-client";
import { isLoopbackHost } from "../addresses.js";
import { liveness, readiness } from "../http-probes.js";
import type { Mesh } from "../mesh.js";
import { requireMesh } from "../required.js";
import { MeshError } from "../mesh-error.js";
import { Access } from "./access.js";
import { type AdminOptions, checkAdminOptions } from "./admin-options.js";
import { DrainWatch } from "./drain-watch.js";
import { EventStreams } from "./event-streams.js";
import { Metrics } from "./metrics.js";

export type { AdminOptions } from "./admin-options.js";

/** Answers a request; what it does not know goes to `next`, where there is one. */
export type AdminHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/** Where the admin listens on a port of its own. */
export interface AdminPlace {
  /** 0 for any that is free. */
  readonly port: number;
  /** @default "127.0.0.1" */
  readonly host?: string;
}

/** Connections to the admin's own port; a further one is closed at once. */
const CONNECTIONS_MAX = 64;

/** How long a reader may take to send a request. */
const REQUEST_DEADLINE_MS = 5_000;

type Endpoint = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/**
 * Creates the endpoints of a node. It counts events from now on, so create it right after the mesh;
 * then mount `handler` in an app, or `listen`. Throws a MeshError for options that cannot be.
 */
export function createAdmin(mesh: Mesh, options: AdminOptions = {}): Admin {
  requireMesh(mesh, "createAdmin");
  return new Admin(mesh, options);
}

/** The admin endpoints of one node. */
export class Admin {
  readonly #mesh: Mesh;
  readonly #access: Access;
  readonly #hasToken: boolean;
  readonly #streams: EventStreams;
  readonly #metrics: Metrics;
  readonly #drain = new DrainWatch();
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  #server: Server | undefined;

  /** For `createAdmin`. */
  constructor(mesh: Mesh, options: AdminOptions) {
    const { rules, streamBytesMax } = checkAdminOptions(options);
    this.#mesh = mesh;
    this.#access = new Access(rules);
    this.#hasToken = rules.tokens.length > 0;
    this.#streams = new EventStreams(streamBytesMax);
    this.#metrics = new Metrics(mesh, this.#streams);
    this.#endpoints = new Map<string, Endpoint>([
      ["/healthz", liveness(mesh)],
      ["/readyz", readiness(mesh)],
      ["/drained", (_request, response) => this.#answerDrained(response)],
      ["/metrics", (_request, response) => this.#answerMetrics(response)],
      ["/members", (_request, response) => answer(response, 200, mesh.status())],
      ["/events", (request, response) => this.#answerEvents(request, response)],
    ]);
    mesh.on("event", this.#hear);
  }

  /** The node's metrics, for an app that wants its own shown with them: `new Counter({ registers: … })`. */
  get registry(): Registry {
    return this.#metrics.registry;
  }

  /**
   * The endpoints as a handler, for `http.createServer`, or for Express: `app.use("/mesh",
   * admin.handler)`. Behind a proxy on the same machine every reader seems to be local, so set a
   * `token` there.
   */
  readonly handler: AdminHandler = (request, response, next) => {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const endpoint = this.#endpoints.get(path);
    if (!endpoint && next) {
      next();
      return;
    }
    if (this.#refuse(request, response)) return;
    if (!endpoint) {
      const known = [...this.#endpoints.keys()].join(", ");
      answer(response, 404, { error: `there is nothing here. There are: ${known}` });
      return;
    }
    const answering = (async () => endpoint(request, response))();
    answering.catch((error: unknown) => {
      if (next) next(error);
      else if (!response.headersSent) answer(response, 500, { error: String(error) });
      else response.destroy();
    });
  };

  /**
   * Listens on a port of its own; resolves with the URL. It does not keep the process alive. Rejects
   * with a MeshError where the port is taken, or is beyond loopback and no `token` is set.
   */
  async listen({ port, host = "127.0.0.1" }: AdminPlace): Promise<string> {
    if (this.#server) throw new MeshError("option", "the admin listens already; close it first");
    if (!this.#hasToken && !isLoopbackHost(host)) {
      const remedy = "set `token`, for example from `openssl rand -hex 32`, or listen on 127.0.0.1";
      throw new MeshError(
        "option",
        `the admin does not listen on ${host} without a token: ${remedy}`,
      );
    }
    const deadlines = {
      headersTimeout: REQUEST_DEADLINE_MS,
      requestTimeout: REQUEST_DEADLINE_MS,
      connectionsCheckingInterval: REQUEST_DEADLINE_MS / 10,
    };
    const server = createServer(deadlines, (request, response) => this.handler(request, response));
    server.maxConnections = CONNECTIONS_MAX;
    this.#server = server;
    try {
      await bind(server, { port, host });
    } catch (cause) {
      this.#server = undefined;
      const text = `the admin cannot listen on ${host}:${port}: ${(cause as Error).message}. `;
      throw new MeshError("listen", `${text}Choose another port`, { cause });
    }
    server.unref();
    const { address, family, port: bound } = server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`;
  }

  /** Ends every stream and closes the port; the mesh goes on. */
  async close(): Promise<void> {
    this.#mesh.off("event", this.#hear);
    this.#streams.close();
    this.#metrics.close();
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  readonly #hear = (event: Event): void => {
    this.#metrics.hear(event);
    this.#drain.hear(event);
    this.#streams.publish(event);
  };

  /** Answers a request that may not be, and says so. */
  #refuse(request: IncomingMessage, response: ServerResponse): boolean {
    const refusal = this.#access.judge(request);
    if (refusal) {
      if (refusal.status === 401) response.setHeader("www-authenticate", "Bearer");
      answer(response, refusal.status, { error: refusal.error });
      return true;
    }
    const origin = this.#access.foreignOrigin(request);
    if (origin !== undefined) {
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("vary", "origin");
    }
    if (request.method === "GET" || request.method === "HEAD") return false;
    response.setHeader("allow", "GET, HEAD");
    answer(response, 405, { error: "the admin is only read: use GET or HEAD" });
    return true;
  }

  #answerDrained(response: ServerResponse): void {
    const state = this.#drain.state(this.#mesh.status());
    answer(response, state.drained ? 200 : 503, { node: this.#mesh.node, ...state });
  }

  async #answerMetrics(response: ServerResponse): Promise<void> {
    const text = await this.#metrics.text();
    response.writeHead(200, {
      "content-type": this.#metrics.contentType,
      "cache-control": "no-store",
    });
    response.end(text);
  }

  #answerEvents(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === "HEAD") {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" }).end();
    } else if (!this.#streams.open(response, this.#mesh.status())) {
      response.setHeader("retry-after", "5");
      answer(response, 503, { error: "too many read the event stream already; try again later" });
    }
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(JSON.stringify(body));
}

function bind(server: Server, place: Required<AdminPlace>): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(place, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
