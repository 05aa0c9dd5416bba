/**
 * `session-mesh serve`: a mesh node with its front doors, until it is told to go.
 *
 * Not here: reading the configuration (config/), and the protocols (resp/).
 */
import {
  createMesh,
  drainOnSignal,
  type Limits,
  type Mesh,
  MeshError,
  type MeshOptions,
} from "session-mesh";
import { type Admin, createAdmin } from "session-mesh/admin";
import type { AdminConfig, Config } from "./config/config.js";
import { Keyspace } from "./keyspace/keyspace.js";
import { readTls } from "./mesh-tls.js";
import { createCommandTable } from "./redis-door.js";
import { registerDoorMetrics } from "./resp/door-metrics.js";
import { type RedisAddress, RedisServer } from "./resp/server.js";
import { openStorage } from "./storage.js";

/** Where a node that serves is found; `serve` prints it as one line of JSON once all doors are open. */
export interface ServingPlaces {
  readonly node: string;
  /** Where peers dial it. */
  readonly mesh: string;
  /** `host:port` and paths. */
  readonly redis: readonly string[];
  readonly admin?: string;
}

/** Redis takes larger values than an app server keeps in a session. */
const VALUE_BYTES_MAX = 8_388_608;

/** What stops a door, a port and a mesh again, the last opened first. */
type Closer = () => Promise<unknown>;

/**
 * Opens everything; leaves on SIGTERM and SIGINT as P7 says, with `process.exit`. Rejects where a door
 * cannot be opened, with what was opened before closed again.
 */
export async function serve(config: Config, log: (line: string) => void): Promise<ServingPlaces> {
  const opened: Closer[] = [];
  try {
    return await openAll(config, { log, opened });
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

interface Opening {
  readonly log: (line: string) => void;
  readonly opened: Closer[];
}

async function openAll(config: Config, { log, opened }: Opening): Promise<ServingPlaces> {
  const mesh = await createMesh(await meshOptions(config, log));
  opened.push(() => mesh.close({ drain: false }));
  const admin = config.admin && createAdmin(mesh, withoutUndefined(pickAdmin(config.admin)));
  if (admin) opened.push(() => admin.close());
  const server = createRedisServer(config, { mesh, admin, log });
  opened.push(() => server.close(0));
  const redis: string[] = [];
  for (const address of config.redis.listen) redis.push(await listen(server, address));
  const adminUrl = admin && config.admin && (await admin.listen(config.admin));
  drainOnSignal(mesh, server, { ...config.drain, log });
  return {
    ...{ node: mesh.node, mesh: mesh.address, redis },
    ...(adminUrl === undefined ? {} : { admin: adminUrl }),
  };
}

function createRedisServer(
  { redis, keys }: Config,
  { mesh, admin, log }: { mesh: Mesh; admin: Admin | undefined; log: (line: string) => void },
): RedisServer {
  const server = new RedisServer({
    settings: withoutUndefined(redis),
    table: createCommandTable(),
    keyspace: new Keyspace(mesh, keys),
    node: mesh.node,
    onFailure: (failure, commandName) => {
      const trace = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
      log(
        `[session-mesh] ${mesh.node}: a bug: ${commandName} failed; please report this:\n${trace}`,
      );
    },
  });
  if (admin) registerDoorMetrics(admin.registry, server);
  return server;
}

async function listen(server: RedisServer, address: RedisAddress): Promise<string> {
  const place = "path" in address ? address.path : hostPort(address.host, address.port);
  try {
    const port = await server.listen(address);
    return "path" in address ? place : hostPort(address.host, port);
  } catch (cause) {
    const why = `cannot listen on ${place} (${(cause as Error).message})`;
    throw new MeshError("listen", `\`redis.listen\`: ${why}; choose another place`, { cause });
  }
}

function hostPort(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function meshOptions(config: Config, log: (line: string) => void): Promise<MeshOptions> {
  const { node, cluster, advertise, seeds, secret, idKey, joinGraceMs, requirePeers } = config;
  const { host, port, tls: files } = config.listen;
  const tls = files && readTls(files);
  return withoutUndefined({
    ...{ node, cluster, advertise, seeds, secret, idKey, joinGraceMs, requirePeers, log },
    ackDeadlineMs: config.ackDeadlineMs,
    listen: { host, port, ...(tls && { tls: tls.listen }) },
    tls: tls?.dial,
    discovery: withoutUndefined(config.discovery),
    limits: { sessionBytesMax: VALUE_BYTES_MAX, ...withoutUndefined(config.limits) },
    storage: config.storage && (await openStorage(config.storage.dataDir)),
    durability: config.storage?.durability,
  });
}

function pickAdmin({ token, hosts, origins }: AdminConfig): object {
  return { token, hosts, origins };
}

type Defined<Options> = {
  [Name in keyof Options as undefined extends Options[Name] ? never : Name]: Options[Name];
} & {
  [Name in keyof Options as undefined extends Options[Name] ? Name : never]?: Exclude<
    Options[Name],
    undefined
  >;
};

/** Options that are not given must not be there, rather than be undefined. */
function withoutUndefined<Options extends object>(options: Options): Defined<Options> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Defined<Options>;
}
