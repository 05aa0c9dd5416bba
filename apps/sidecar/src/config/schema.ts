/**
 * Every key of the configuration: its shape, its default, and what it means.
 *
 * The reference in docs/SIDECAR.md and the flags and variables are made of this and checked against
 * it. zod, because its schemas can be walked (flags, variables, reference) and its issues name the
 * path; JSON, because Node reads it and every tool writes it.
 * Not here: where values come from (load.ts), and what must hold between keys (placement.ts).
 */
import { DEFAULT_LIMITS } from "session-mesh";
import { z } from "zod";
import { DEFAULT_REDIS_SETTINGS } from "../resp/redis-settings.js";
import type { Config } from "./config.js";
import { redisListenSchema } from "./redis-listen.js";

/** What is known of a key beyond its shape. (No interface: zod takes any record for it.) */
export type KeyNotes = {
  readonly description: string;
  /** Not to be given on the command line, where every user of the machine can read it. */
  readonly isSecret?: boolean;
};

const notes = (description: string): KeyNotes => ({ description });
const secretNotes = (description: string): KeyNotes => ({ description, isSecret: true });

const count = (min: number): z.ZodInt => {
  const problem = `must be a whole number from ${min} on`;
  return z.int(problem).min(min, problem);
};
const durationMs = (min = 1): z.ZodNumber => {
  const problem = `must be a finite number of milliseconds from ${min} on`;
  return z.number(problem).min(min, problem);
};
const text = (example: string): z.ZodString => {
  const problem = `must be a text that is not empty, as ${JSON.stringify(example)}`;
  return z.string(problem).min(1, problem);
};
const flag = (): z.ZodBoolean => z.boolean("must be true or false");
const file = (): z.ZodString => text("/etc/session-mesh/key");
const key = (): z.ZodString => {
  const problem = "must have at least 16 characters; make one with `openssl rand -hex 32`";
  return z.string(problem).min(16, problem);
};
const port = (): z.ZodInt => {
  const problem = "must be a port from 0 (any that is free) to 65535";
  return z.int(problem).min(0, problem).max(65_535, problem);
};
const acks = () =>
  z.union([z.literal("all"), count(0)], 'must be "all" or a whole number from 0 on');
const texts = (example: string): z.ZodArray<z.ZodString> =>
  z.array(text(example), `must be a list, as [${JSON.stringify(example)}]`);

const object = <Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> =>
  z.strictObject(shape, { error: objectProblem });

function objectProblem(issue: { code: string }): string | undefined {
  return issue.code === "invalid_type" ? "must be an object, as { … }" : undefined;
}

const tls = object({
  keyFile: file().meta(notes("PEM file of the private key")),
  certFile: file().meta(notes("PEM file of the certificate")),
  caFile: file().optional().meta(notes("PEM file of the authority, where it is your own")),
  requestCert: flag()
    .default(false)
    .meta(notes("only nodes with a certificate of that authority may link")),
  servername: text("mesh.internal")
    .optional()
    .meta(notes("the name in all certificates, where nodes are dialled by address")),
});

const listen = object({
  host: text("10.0.0.5").default("127.0.0.1").meta(notes("address of the mesh's port")),
  port: port().default(0).meta(notes("the mesh's port; 0: any that is free")),
  tls: tls.optional(),
});

const discovery = object({
  servers: texts("10.0.0.10").optional().meta(notes("DNS servers; default: the machine's own")),
  intervalMs: durationMs()
    .default(10_000)
    .meta(notes("how often seeds that are names are looked up")),
});

const limitNames = Object.keys(DEFAULT_LIMITS);
const limits = object(Object.fromEntries(limitNames.map((name) => [name, count(0).optional()])));

const storage = object({
  dataDir: text("/var/lib/session-mesh").meta(
    notes("directory of this node's own; needs the package `lmdb`"),
  ),
  durability: z
    .enum(["disk", "memory"], 'must be "disk" or "memory"')
    .default("disk")
    .meta(notes("what an acknowledgement says: on the disk, or in memory and the disk follows")),
});

const admin = object({
  host: text("127.0.0.1").default("127.0.0.1").meta(notes("address of the admin's port")),
  port: port().default(9464).meta(notes("port of /readyz, /healthz, /metrics and the rest")),
  token: key()
    .optional()
    .meta(secretNotes("what readers send as `Authorization: Bearer`; needed beyond loopback")),
  tokenFile: file().optional().meta(notes("file that holds `admin.token`")),
  hosts: texts("ops.example.com").optional().meta(notes("host names under which it is reached")),
  origins: texts("https://ops.example.com").optional().meta(notes("sites whose pages may read it")),
});

const bounds = DEFAULT_REDIS_SETTINGS;

const redis = object({
  listen: redisListenSchema.meta(
    notes('`"host:port"` or `"/path/of.sock"`, `{ host, port }` or `{ path, mode }`, or a list'),
  ),
  user: text("default").default(bounds.user).meta(notes("the user that AUTH must name")),
  password: text("…")
    .optional()
    .meta(secretNotes("what AUTH must say; needed beyond loopback and unix sockets")),
  passwordFile: file().optional().meta(notes("file that holds `redis.password`")),
  allowUnauthenticated: flag()
    .default(false)
    .meta(notes("listen beyond loopback without a password: anyone who reaches it reads all")),
  databasesMax: count(1)
    .max(1_024, "must be at most 1024")
    .default(bounds.databasesMax)
    .meta(notes("namespaces that SELECT knows")),
  clientsMax: count(1)
    .default(bounds.clientsMax)
    .meta(notes("connections at once; a further one gets an error and is closed")),
  bulkBytesMax: count(1_024)
    .default(bounds.bulkBytesMax)
    .meta(notes("the longest value sent; beyond, the connection is closed")),
  argumentsMax: count(16)
    .default(bounds.argumentsMax)
    .meta(notes("arguments of one command; beyond, the connection is closed")),
  replyBacklogBytesMax: count(1_024)
    .default(bounds.replyBacklogBytesMax)
    .meta(notes("replies that a client has not read; beyond, it is not read any more")),
  repliesWaitingMax: count(1)
    .default(bounds.repliesWaitingMax)
    .meta(notes("replies of one connection that wait; beyond, no further command starts")),
  clientsBytesMax: count(1_048_576)
    .default(bounds.clientsBytesMax)
    .meta(notes("what all connections hold, in and out; beyond, the largest is closed")),
  handshakeDeadlineMs: durationMs(100)
    .default(bounds.handshakeDeadlineMs)
    .meta(notes("from connecting to the first whole command, and to AUTH where needed")),
  frameDeadlineMs: durationMs(100)
    .default(bounds.frameDeadlineMs)
    .meta(notes("from a command's first byte to its last")),
});

const keys = object({
  localKeys: texts("*_LOCK")
    .default(["*_LOCK", "*.lock.*", "lock:*"])
    .meta(notes("patterns of keys that never leave this node: locks")),
  localKeysMax: count(0).default(100_000).meta(notes("how many local keys there may be")),
  acks: acks()
    .default("all")
    .meta(notes("how many peers the reply to a write waits for; `all`: that are not suspected")),
  sessionAcks: acks().default(1).meta(notes("the same for MESH.SAVE, whose tokens carry the rest")),
  onDegraded: z
    .enum(["ok", "fail"], 'must be "ok" or "fail"')
    .default("ok")
    .meta(
      notes("what a client is told where fewer confirmed in time; the write stands either way"),
    ),
  merge: z
    .array(
      object({
        keys: z.string().min(1),
        format: z.enum(["json", "php", "php_serialize", "msgpack"]),
      }),
      'must be a list such as [{ "keys": "sess:*", "format": "json" }]',
    )
    .default([])
    .meta(notes("blobs that are taken apart: `[{ keys, format }]`, see REDIS.md")),
  lifetimeMs: durationMs(60_000)
    .default(30 * 86_400_000)
    .meta(notes("the longest TTL; longer ones, and keys without one, end then at the earliest")),
});

const drain = object({
  readinessDelayMs: durationMs(0)
    .default(5_000)
    .meta(notes("how long a balancer may take to notice that the node is not ready")),
  deadlineMs: durationMs()
    .default(25_000)
    .meta(notes("how long leaving may take in all; what kills the process must wait longer")),
});

/** The configuration: what it must be. */
export const configSchema: z.ZodType<Config> = object({
  node: text("web-1")
    .optional()
    .meta(notes("this node's name; default: host name and a random part")),
  cluster: text("shop").default("default").meta(notes("nodes of another cluster are refused")),
  listen: listen.prefault({}),
  advertise: text("10.0.0.5:7946").optional().meta(notes("where peers dial this node")),
  seeds: texts("10.0.0.6:7946").default([]).meta(notes("where to find members")),
  discovery: discovery.prefault({}),
  secret: z
    .union(
      [key(), z.array(key()).min(1)],
      "must be a secret of 16 characters or more, or a list of them",
    )
    .optional()
    .meta(secretNotes("what members prove to one another; needed beyond loopback")),
  secretFile: file().optional().meta(notes("file that holds `secret`; a line each while rotating")),
  idKey: key()
    .optional()
    .meta(
      secretNotes("hides keys from the network; the same on all nodes; needed beyond loopback"),
    ),
  idKeyFile: file().optional().meta(notes("file that holds `idKey`")),
  ackDeadlineMs: durationMs()
    .optional()
    .meta(notes("how long a write waits for peers; default: 100")),
  joinGraceMs: durationMs(0).default(10_000).meta(notes("after that, ready without seeds")),
  requirePeers: flag().default(false).meta(notes("never ready before a seed was joined")),
  limits: limits.prefault({}),
  storage: storage.optional(),
  admin: admin.optional(),
  redis: redis.prefault({ listen: undefined }),
  memcached: z
    .undefined("is not there yet: this version speaks Redis' protocol alone; take the key away")
    .optional(),
  keys: keys.prefault({}),
  drain: drain.prefault({}),
});
