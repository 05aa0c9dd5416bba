/**
 * CONFIG: what clients and test suites ask of a server's settings, and may pretend to change.
 *
 * Settings that bound something here are told as they are and cannot be set while running. Settings
 * that tune an implementation that is not there (encodings, persistence, slow log) are remembered and
 * told again, without effect. Not here: the configuration file (config.ts).
 */
import type { ClientContext, RedisDoor } from "./client-context.js";
import { type Command, command, type CommandFlag, container } from "./command.js";
import { matchesGlob } from "./glob.js";
import { bulk, error, map, OK, type Reply, SYNTAX_ERROR } from "./reply.js";

const FLAGS: readonly CommandFlag[] = ["admin", "noscript", "loading", "stale"];

/** CONFIG and its subcommands. */
export const configCommands: readonly Command<ClientContext>[] = [
  container("config", [
    command("config|get", -3, { flags: FLAGS, run: get }),
    command("config|set", -4, { flags: FLAGS, run: set }),
    command("config|resetstat", 2, { flags: FLAGS, run: resetStatistics }),
  ]),
];

/** Without meaning here, with what Redis 7.0 would say; suites set them to try encodings. */
const TUNING: Readonly<Record<string, string>> = {
  "hash-max-listpack-entries": "512",
  "hash-max-listpack-value": "64",
  "hash-max-ziplist-entries": "512",
  "hash-max-ziplist-value": "64",
  "list-max-listpack-size": "-2",
  "list-max-ziplist-size": "-2",
  "set-max-intset-entries": "512",
  "zset-max-listpack-entries": "128",
  "zset-max-listpack-value": "64",
  "zset-max-ziplist-entries": "128",
  "zset-max-ziplist-value": "64",
  "active-expire-effort": "1",
  "lazyfree-lazy-expire": "no",
  "lazyfree-lazy-server-del": "no",
  "lazyfree-lazy-user-del": "no",
  "lazyfree-lazy-user-flush": "no",
  "latency-tracking": "yes",
  "latency-monitor-threshold": "0",
  "slowlog-log-slower-than": "10000",
  "slowlog-max-len": "128",
  "busy-reply-threshold": "5000",
  "lua-time-limit": "5000",
  hz: "10",
  "dynamic-hz": "yes",
};

/** What was set of those, by front door: it goes with the process. */
const tuned = new WeakMap<RedisDoor, Map<string, string>>();

function parameters(door: RedisDoor): Map<string, string> {
  const { settings } = door;
  return new Map([
    ...Object.entries(TUNING),
    ...(tuned.get(door) ?? []),
    ["appendonly", "no"],
    ["save", ""],
    ["databases", String(settings.databasesMax)],
    ["maxclients", String(settings.clientsMax)],
    ["maxmemory", "0"],
    ["maxmemory-policy", "noeviction"],
    ["maxmemory-clients", String(settings.clientsBytesMax)],
    ["notify-keyspace-events", ""],
    ["proto-max-bulk-len", String(settings.bulkBytesMax)],
    ["tcp-keepalive", "300"],
    ["timeout", "0"],
  ]);
}

function get(args: readonly Buffer[], { door }: ClientContext): Reply {
  const known = parameters(door);
  const found = args.slice(2).flatMap((asked) => {
    const pattern = asked.toString("latin1").toLowerCase();
    // A name without wildcards is told as it was asked for.
    if (!/[[*?]/.test(pattern)) {
      const value = known.get(pattern);
      return value === undefined ? [] : [[asked.toString("latin1"), value] as const];
    }
    const bytes = Buffer.from(pattern, "latin1");
    return [...known].filter(([name]) => matchesGlob(bytes, Buffer.from(name)));
  });
  return map([...new Map(found)].flatMap(([name, value]) => [bulk(name), bulk(value)]));
}

function set(args: readonly Buffer[], { door }: ClientContext): Reply {
  if (args.length % 2 !== 0) return SYNTAX_ERROR;
  const known = parameters(door);
  const values = args.slice(2).map((text) => text.toString("latin1"));
  const changes = new Map(tuned.get(door));
  for (let at = 0; at < values.length; at += 2) {
    const [name = "", value = ""] = [values[at]?.toLowerCase(), values[at + 1]];
    const current = known.get(name);
    if (current === undefined) {
      return error(
        `ERR Unknown option or number of arguments for CONFIG SET - '${values[at] ?? ""}'`,
      );
    }
    if (name in TUNING) changes.set(name, value);
    else if (value !== current) return immutable(name);
  }
  tuned.set(door, changes);
  return OK;
}

function immutable(name: string): Reply {
  const why = "can't set immutable config";
  return error(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`);
}

function resetStatistics(_args: readonly Buffer[], { door }: ClientContext): Reply {
  door.forgetCounts();
  return OK;
}
