/**
 * The Redis front door: listens on TCP and on a unix socket, and bounds who comes in.
 *
 * Every half second it looks for connections that do not finish what they began, and whether all
 * together hold too much. Not here: what a connection does (connection.ts).
 */
import { createServer, type Server, type Socket } from "node:net";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { Bound, ClientContext, DoorCounts, RedisDoor } from "./client-context.js";
import type { CommandTable } from "./command.js";
import { Connection } from "./connection.js";
import type { Door } from "session-mesh";
import type { RedisSettings } from "./redis-settings.js";
import { ReplyEncoder } from "./reply-encoder.js";
import { bind, listenOnPath } from "./socket-file.js";

const SWEEP_MS = 500;
/** Connections that wait to be accepted; the kernel may allow fewer (net.core.somaxconn). */
const BACKLOG = 4_096;
/** How long one that was refused may take to hang up. */
const REFUSED_LINGER_MS = 1_000;
const FULL = "-ERR max number of clients reached\r\n";

/** Where to listen: a TCP address (port 0: any), or a path with the mode of its file. */
export type RedisAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string; readonly mode: number };

/** What a front door is made of. */
export interface RedisServerOptions {
  readonly settings: RedisSettings;
  readonly table: CommandTable<ClientContext>;
  readonly keyspace: Keyspace;
  /** The node's name. */
  readonly node: string;
  /** Told what a command threw; the client got an error, the node goes on. */
  onFailure(failure: unknown, commandName: string): void;
}

/** A front door. `listen` as often as there are addresses, `close` once. */
export class RedisServer implements RedisDoor, Door {
  readonly settings: RedisSettings;
  readonly table: CommandTable<ClientContext>;
  readonly node: string;
  readonly startedAt: number = Date.now();
  readonly counts: DoorCounts = noCounts();
  #forgotten: DoorCounts = noCounts();
  port = 0;
  readonly #clients = new Map<number, Connection>();
  readonly #servers: Server[] = [];
  readonly #options: RedisServerOptions;
  readonly #encoder = new ReplyEncoder();
  #sweeper: NodeJS.Timeout | undefined;
  #clientIdLast = 0;

  constructor(options: RedisServerOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.table = options.table;
    this.node = options.node;
  }

  get clients(): ReadonlyMap<number, ClientContext> {
    return this.#clients;
  }

  /** Listens; gives the port, or 0 for a path. Rejects where the address cannot be had. */
  async listen(address: RedisAddress): Promise<number> {
    const server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true });
    server.on("connection", (socket) => this.#accept(socket));
    if ("path" in address) await listenOnPath(server, address.path, address.mode);
    else await bind(server, { ...address, backlog: BACKLOG });
    this.#servers.push(server);
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    const bound = server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : 0;
    this.port ||= port;
    return port;
  }

  recentCounts(): DoorCounts {
    return difference(this.counts, this.#forgotten);
  }

  forgetCounts(): void {
    this.#forgotten = structuredClone(this.counts);
  }

  /** Redis' protocol cannot say that a client should go. */
  announce(): void {}

  /** Takes nobody in any more, answers what was asked, and closes; at the deadline without answers. */
  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#sweeper);
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const connection of this.#clients.values()) connection.end();
    const deadline = setTimeout(() => {
      for (const connection of this.#clients.values()) connection.destroy();
    }, deadlineMs);
    await Promise.all(closed);
    clearTimeout(deadline);
  }

  #accept(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (this.#clients.size >= this.settings.clientsMax) {
      this.counts.closedByBound.clientsMax++;
      // What it sent meanwhile is read and dropped, or the kernel would reset it before it hears why.
      socket.resume().setTimeout(REFUSED_LINGER_MS, () => socket.destroy());
      socket.end(FULL);
      return;
    }
    this.counts.connectionCount++;
    const clientId = ++this.#clientIdLast;
    const connection = new Connection(clientId, socket, {
      door: this,
      keyspace: this.#options.keyspace,
      encoder: this.#encoder,
      onProtocolError: () => this.counts.closedByBound.frame++,
      onFailure: (failure, commandName) => this.#options.onFailure(failure, commandName),
    });
    this.#clients.set(clientId, connection);
    socket.once("close", () => this.#clients.delete(clientId));
  }

  #sweep(): void {
    const now = performance.now();
    const { handshakeDeadlineMs, frameDeadlineMs } = this.settings;
    for (const connection of this.#clients.values()) {
      const since = connection.unfinishedSince;
      if (since === undefined) continue;
      const [deadlineMs, bound] = connection.isWelcome
        ? ([frameDeadlineMs, "frameDeadlineMs"] as const)
        : ([handshakeDeadlineMs, "handshakeDeadlineMs"] as const);
      if (now - since <= deadlineMs) continue;
      // After a stall of this process timers run before sockets are read: who is late may have been
      // heard only not yet. He is looked at once more, when all that had come was read.
      if (connection.lateSince === since) this.#closeFor(bound, connection);
      connection.lateSince = since;
    }
    this.#boundBytes();
  }

  /** What all connections hold: commands that are not whole, replies that were not read. */
  clientsBytes(): number {
    let total = 0;
    for (const connection of this.#clients.values()) total += connection.heldBytes;
    return total;
  }

  /** Closes whoever holds most, until all together hold no more than they may. */
  #boundBytes(): void {
    const { clientsBytesMax } = this.settings;
    let total = this.clientsBytes();
    if (total <= clientsBytesMax) return;
    const largestFirst = [...this.#clients.values()].sort(
      (one, other) => other.heldBytes - one.heldBytes,
    );
    for (const connection of largestFirst) {
      if (total <= clientsBytesMax) return;
      total -= connection.heldBytes;
      this.#closeFor("clientsBytesMax", connection);
    }
  }

  #closeFor(bound: Bound, connection: Connection): void {
    this.counts.closedByBound[bound]++;
    connection.destroy();
  }
}

function noCounts(): DoorCounts {
  return {
    connectionCount: 0,
    commandCount: 0,
    errorReplyCount: 0,
    closedByBound: {
      clientsMax: 0,
      handshakeDeadlineMs: 0,
      frameDeadlineMs: 0,
      clientsBytesMax: 0,
      frame: 0,
    },
  };
}

function difference(counts: DoorCounts, earlier: DoorCounts): DoorCounts {
  const { closedByBound } = earlier;
  return {
    connectionCount: counts.connectionCount - earlier.connectionCount,
    commandCount: counts.commandCount - earlier.commandCount,
    errorReplyCount: counts.errorReplyCount - earlier.errorReplyCount,
    closedByBound: {
      clientsMax: counts.closedByBound.clientsMax - closedByBound.clientsMax,
      handshakeDeadlineMs:
        counts.closedByBound.handshakeDeadlineMs - closedByBound.handshakeDeadlineMs,
      frameDeadlineMs: counts.closedByBound.frameDeadlineMs - closedByBound.frameDeadlineMs,
      clientsBytesMax: counts.closedByBound.clientsBytesMax - closedByBound.clientsBytesMax,
      frame: counts.closedByBound.frame - closedByBound.frame,
    },
  };
}
