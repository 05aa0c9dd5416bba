/**
 * INFO and TIME: how the server is, in the words of Redis, for clients that read them.
 *
 * Only what is true here is told: there is no replication, no persistence of Redis' kind and no
 * memory limit. The mesh's own figures are metrics (door-metrics.ts and session-mesh/admin).
 */
import type { ClientContext } from "./client-context.js";
import { type Command, command } from "./command.js";
import { REDIS_VERSION } from "./connection-commands.js";
import { array, bulk, type Reply } from "./reply.js";

/** INFO and TIME. */
export const infoCommands: readonly Command<ClientContext>[] = [
  command("info", -1, { flags: ["loading", "stale"], run: info }),
  command("time", 1, { flags: ["loading", "stale", "fast"], run: time }),
];

type Fields = Readonly<Record<string, string | number>>;

const SECTIONS: Readonly<Record<string, (context: ClientContext) => Fields>> = {
  Server: serverFields,
  Clients: clientFields,
  Memory: memoryFields,
  Persistence: () => ({ loading: 0, async_loading: 0, aof_enabled: 0 }),
  Stats: statisticsFields,
  Replication: () => ({ role: "master", connected_slaves: 0 }),
  CPU: processorFields,
  Modules: () => ({}),
  Errorstats: () => ({}),
  Cluster: () => ({ cluster_enabled: 0 }),
  Keyspace: keyspaceFields,
};

const EVERYTHING = /^(all|default|everything)$/i;

function info(args: readonly Buffer[], context: ClientContext): Reply {
  const asked = args.slice(1).map((name) => name.toString("latin1").toLowerCase());
  const isAll = asked.length === 0 || asked.some((name) => EVERYTHING.test(name));
  const text = Object.entries(SECTIONS)
    .filter(([name]) => isAll || asked.includes(name.toLowerCase()))
    .map(([name, fieldsOf]) => sectionText(name, fieldsOf(context)))
    .join("\r\n");
  return { kind: "verbatim", text };
}

function sectionText(name: string, fields: Fields): string {
  const lines = Object.entries(fields).map(([field, value]) => `${field}:${value}\r\n`);
  return `# ${name}\r\n${lines.join("")}`;
}

function serverFields({ door }: ClientContext): Fields {
  const upSeconds = Math.floor((Date.now() - door.startedAt) / 1_000);
  return {
    redis_version: REDIS_VERSION,
    redis_mode: "standalone",
    server_name: "session-mesh",
    mesh_node: door.node,
    os: `${process.platform} ${process.arch}`,
    arch_bits: 64,
    process_id: process.pid,
    tcp_port: door.port,
    server_time_usec: Date.now() * 1_000,
    uptime_in_seconds: upSeconds,
    uptime_in_days: Math.floor(upSeconds / 86_400),
  };
}

function clientFields({ door }: ClientContext): Fields {
  return {
    connected_clients: door.clients.size,
    cluster_connections: 0,
    maxclients: door.settings.clientsMax,
    blocked_clients: 0,
  };
}

function memoryFields(): Fields {
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    used_memory: heapUsed + external,
    used_memory_rss: rss,
    maxmemory: 0,
    maxmemory_policy: "noeviction",
  };
}

function statisticsFields({ door }: ClientContext): Fields {
  const { connectionCount, commandCount, errorReplyCount, closedByBound } = door.recentCounts();
  return {
    total_connections_received: connectionCount,
    total_commands_processed: commandCount,
    rejected_connections: closedByBound.clientsMax,
    total_error_replies: errorReplyCount,
  };
}

function processorFields(): Fields {
  const { user, system } = process.cpuUsage();
  return { used_cpu_sys: (system / 1e6).toFixed(6), used_cpu_user: (user / 1e6).toFixed(6) };
}

function keyspaceFields(): Fields {
  return {};
}

function time(): Reply {
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1_000);
  return array([bulk(String(Math.floor(micros / 1e6))), bulk(String(micros % 1e6))]);
}
