/**
 * What the Redis front door shows among the node's metrics.
 *
 * Not here: the mesh's own metrics (session-mesh/admin).
 */
import { Counter, Gauge, type Registry } from "prom-client";
import type { RedisServer } from "./server.js";

/** Registers the metrics; their values are taken when they are read. */
export function registerDoorMetrics(registry: Registry, server: RedisServer): void {
  const { counts, settings } = server;
  const shown = { registry, prefix: "session_mesh_redis" };
  gauge(shown, "clients", "Connections of Redis clients", () => server.clients.size);
  gauge(shown, "clients_bytes", "What connections hold, in and out", () => server.clientsBytes());
  counter(shown, "connections_total", "Connections taken in", () => counts.connectionCount);
  counter(shown, "commands_total", "Commands started", () => counts.commandCount);
  counter(shown, "error_replies_total", "Errors answered", () => counts.errorReplyCount);
  const fill = new Gauge({
    name: `${shown.prefix}_fill_ratio`,
    help: "How full a bound of the front door is, 1 at its limit",
    labelNames: ["bound"],
    registers: [registry],
    collect() {
      fill.set({ bound: "clientsMax" }, server.clients.size / settings.clientsMax);
      fill.set({ bound: "clientsBytesMax" }, server.clientsBytes() / settings.clientsBytesMax);
    },
  });
  const closed = new Counter({
    name: `${shown.prefix}_closed_total`,
    help: "Connections closed or refused for a bound, or for bytes that were no frame",
    labelNames: ["bound"],
    registers: [registry],
    collect() {
      closed.reset();
      for (const [bound, count] of Object.entries(counts.closedByBound)) {
        closed.inc({ bound }, count);
      }
    },
  });
}

interface Shown {
  readonly registry: Registry;
  readonly prefix: string;
}

function gauge({ registry, prefix }: Shown, name: string, help: string, read: () => number): void {
  new Gauge({
    name: `${prefix}_${name}`,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

function counter(
  { registry, prefix }: Shown,
  name: string,
  help: string,
  read: () => number,
): void {
  new Counter({
    name: `${prefix}_${name}`,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
