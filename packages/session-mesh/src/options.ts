/**
 * What `createMesh` accepts, and the checks that every option passes before anything is opened.
 *
 * One table says of each option what is wrong with a value; what concerns several options at once is
 * checked after it. Every refusal names the option and the remedy.
 *
 * Not here: the options of cookies and requests, which belong to the framework adapters.
 */
import type { Server } from "node:http";
import {
  DEFAULT_LIMITS,
  type Durability,
  type Event,
  type Limits,
  type Millis,
} from "@session-mesh/core";
import { DEFAULT_PATH, type Scheme } from "./addresses.js";
import type { DiscoveryOptions } from "./discovery.js";
import { limitsProblem } from "./limit-options.js";
import { MeshError } from "./mesh-error.js";
import { requireOptions } from "./required.js";
import {
  advertise,
  canonicalOf,
  type Check,
  discovery,
  durationMs,
  firstProblem,
  listen,
  seeds,
} from "./place-options.js";
import {
  type DialTls,
  dialTlsFrom,
  dialTlsProblem,
  isTlsServer,
  type ListenTls,
} from "./tls-options.js";
import type { SessionStorage } from "./storage/session-storage.js";
import { SECRETS_MAX } from "./transports/handshake.js";
import type { Transport } from "./transports/transport.js";
import { userAttributeProblem, type UserPath, userPathOf } from "./user-attribute.js";

/** Where a node listens: on a port of its own, or on the app's HTTP server by upgrade path. */
export type ListenOptions =
  | { readonly port?: number; readonly host?: string; readonly tls?: ListenTls }
  | { readonly server: Server; readonly path?: string };

/** How a node is set up. */
export interface MeshOptions {
  /** @default { host: "127.0.0.1", port: 0 } */
  readonly listen?: ListenOptions;
  /**
   * How nodes with `wss://` addresses are dialled; with it, addresses without a scheme mean `wss://`.
   * Default: with the key, certificate and authority of `listen.tls`.
   */
  readonly tls?: DialTls;
  /** Where peers dial this node, as `host:port`. Default: where it listens, unless that is a wildcard. */
  readonly advertise?: string;
  /**
   * Where to find members, as `host:port`; the node itself may be among them. A host that is a name
   * (`dns:` may stand before it) means every address that DNS has for it, looked up while running.
   */
  readonly seeds?: readonly string[];
  /** How seeds that are names are looked up. */
  readonly discovery?: DiscoveryOptions;
  /**
   * What members prove to one another, and what keys the sealing of every frame; at least 16
   * characters. Required unless every address is loopback. Several rotate it: add the new one
   * everywhere first, then take the old one away.
   */
  readonly secret?: string | readonly string[];
  /**
   * Keys the hashes under which sessions travel; the same on every node, and never changed while
   * sessions live. At least 16 characters. Default: derived from the cluster's name, enough while ids
   * are made by the mesh.
   */
  readonly idKey?: string;
  /** Nodes of another cluster are refused. @default "default" */
  readonly cluster?: string;
  /** This node's name, unique in the cluster. Default: host name and a random part. */
  readonly node?: string;
  /** How long after its last use a session expires. @default 86_400_000, one day */
  readonly idleMs?: Millis;
  /** How long after its creation a session expires whatever happens; finite. @default 30 days */
  readonly absoluteMs?: Millis;
  /**
   * Where a session names its user, as `"user.id"` or `["passport", "user"]`: for `sessions.revoke`
   * and `sessions.ofUser`. The same on every node.
   */
  readonly userAttribute?: string | readonly string[];
  /** How many peers a commit waits for, unless it says otherwise. @default 1 */
  readonly acks?: number | "all";
  /** How long a commit waits for acknowledgements. @default 100 */
  readonly ackDeadlineMs?: Millis;
  /** After how long a node whose seeds are all unreachable is ready alone. @default 10_000 */
  readonly joinGraceMs?: Millis;
  /** Never ready before a seed was joined. @default false */
  readonly requirePeers?: boolean;
  /** Bounds and periods; see {@link Limits}. */
  readonly limits?: Partial<Limits>;
  /** Carries frames in place of WebSockets; `listen` is then not used. */
  readonly transport?: Transport;
  /** Where sessions are stored, to survive a power cut of all nodes: `createLmdbStorage`, say. */
  readonly storage?: SessionStorage;
  /**
   * What an acknowledgement says of a node's own copy: that it is on its disk, or only in memory, and
   * the disk follows. Only with `storage`. @default "disk"
   */
  readonly durability?: "disk" | "memory";
  /** Hears every event from the first on. */
  readonly onEvent?: (event: Event) => void;
  /** Takes the few lines that an operator must see. @default console.warn */
  readonly log?: (line: string) => void;
}

/** Options that were checked, with their defaults. */
export interface CheckedOptions {
  readonly listen:
    | { readonly host: string; readonly port: number; readonly tls: ListenTls | undefined }
    | { readonly server: Server; readonly path: string };
  readonly tls: DialTls | undefined;
  readonly advertise: string | undefined;
  readonly seeds: readonly string[];
  readonly discovery: {
    readonly servers: readonly string[] | undefined;
    readonly intervalMs: Millis;
  };
  readonly secrets: readonly string[];
  readonly idKey: string | undefined;
  readonly cluster: string;
  readonly node: string | undefined;
  readonly userPath: UserPath | undefined;
  readonly acks: number | "all";
  readonly joinGraceMs: Millis;
  readonly requirePeers: boolean;
  readonly limits: Limits;
  readonly transport: Transport | undefined;
  readonly storage: SessionStorage | undefined;
  readonly durability: Durability;
  readonly onEvent: ((event: Event) => void) | undefined;
  readonly log: (line: string) => void;
}

const SECRET_LENGTH_MIN = 16;
const NAME_LENGTH_MAX = 64;
const JOIN_GRACE_MS: Millis = 10_000;
const CLUSTER = "default";
const LOOKUP_INTERVAL_MS: Millis = 10_000;

const name: Check = (value) =>
  typeof value === "string" && value.length > 0 && value.length <= NAME_LENGTH_MAX
    ? undefined
    : `must be a string of 1 to ${NAME_LENGTH_MAX} characters`;

const key: Check = (value) => {
  if (typeof value !== "string")
    return "must be a string; if it comes from the environment, is the variable set?";
  if (value.length >= SECRET_LENGTH_MIN) return undefined;
  return `must have at least ${SECRET_LENGTH_MIN} characters; make one with \`openssl rand -hex 32\``;
};

const secret: Check = (value) => {
  if (!Array.isArray(value)) return key(value);
  const isCountBad = value.length === 0 || value.length > SECRETS_MAX;
  if (isCountBad) return `must hold 1 to ${SECRETS_MAX} secrets; two are enough to rotate one`;
  return firstProblem(value, key);
};

const acks: Check = (value) =>
  value === "all" || (Number.isSafeInteger(value) && (value as number) >= 0)
    ? undefined
    : 'must be "all" or a whole number from 0 on';

const delayMs: Check = (value) =>
  value === 0 || durationMs(value) === undefined
    ? undefined
    : "must be a finite number of milliseconds from 0 on";

const absoluteMs: Check = (value) =>
  value === Number.POSITIVE_INFINITY
    ? "must be finite, or proof of a logout would have to be kept for ever; give the longest lifetime that you need"
    : durationMs(value);

const boolean: Check = (value) =>
  typeof value === "boolean" ? undefined : "must be true or false";

const callback: Check = (value) => (typeof value === "function" ? undefined : "must be a function");

const transport: Check = (value) =>
  typeof (value as Partial<Transport> | null)?.dial === "function"
    ? undefined
    : "must be a transport, as of createMemoryNetwork()";

const storage: Check = (value) =>
  typeof (value as Partial<SessionStorage> | null)?.open === "function"
    ? undefined
    : "must be storage, as of createLmdbStorage({ dataDir }) in session-mesh/lmdb";

const durability: Check = (value) =>
  value === "disk" || value === "memory" ? undefined : 'must be "disk" or "memory"';

/** Every option and what is wrong with a value of it. */
const CHECKS: { readonly [Name in keyof Required<MeshOptions>]: Check } = {
  listen,
  tls: dialTlsProblem,
  advertise,
  seeds,
  discovery,
  secret,
  idKey: key,
  cluster: name,
  node: name,
  idleMs: durationMs,
  absoluteMs,
  userAttribute: userAttributeProblem,
  acks,
  ackDeadlineMs: durationMs,
  joinGraceMs: delayMs,
  requirePeers: boolean,
  limits: limitsProblem,
  transport,
  storage,
  durability,
  onEvent: callback,
  log: callback,
};

/** Checks every option by itself and fills in defaults. Throws a MeshError; nothing is opened. */
export function checkOptions(options: MeshOptions): CheckedOptions {
  requireOptions(options, Object.keys(CHECKS), "createMesh");
  const given: Readonly<Record<string, unknown>> = { ...options };
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const problem = CHECKS[option as keyof MeshOptions](value);
    if (problem !== undefined) throw new MeshError("option", `\`${option}\` ${problem}`);
  }
  const limits = withLifetimes(options);
  if (limits.idleMs > limits.absoluteMs) {
    throw new MeshError(
      "option",
      "`idleMs` is above `absoluteMs`, after which a session ends anyway; raise `absoluteMs` or lower `idleMs`",
    );
  }
  if (options.durability !== undefined && !options.storage) {
    throw new MeshError("option", "`durability` says when `storage` has it; give `storage` too");
  }
  const listenAt = place(options.listen ?? {});
  const listenTls = "server" in listenAt ? undefined : listenAt.tls;
  const isTls = listenTls ?? options.tls ?? ("server" in listenAt && isTlsServer(listenAt.server));
  const scheme: Scheme = isTls ? "wss" : "ws";
  const canonical = (text: string): string => canonicalOf(text, scheme);
  return {
    listen: listenAt,
    tls: options.tls ?? dialTlsFrom(listenTls),
    advertise: options.advertise === undefined ? undefined : canonical(options.advertise),
    seeds: [...new Set((options.seeds ?? []).map(canonical))],
    discovery: {
      servers: options.discovery?.servers,
      intervalMs: options.discovery?.intervalMs ?? LOOKUP_INTERVAL_MS,
    },
    secrets: options.secret === undefined ? [] : [options.secret].flat(),
    idKey: options.idKey,
    cluster: options.cluster ?? CLUSTER,
    node: options.node,
    userPath: options.userAttribute === undefined ? undefined : userPathOf(options.userAttribute),
    acks: options.acks ?? 1,
    joinGraceMs: options.joinGraceMs ?? JOIN_GRACE_MS,
    requirePeers: options.requirePeers ?? false,
    limits,
    transport: options.transport,
    storage: options.storage,
    durability: options.storage ? (options.durability ?? "disk") : "none",
    onEvent: options.onEvent,
    log: options.log ?? ((line) => console.warn(line)),
  };
}

function place(listenAt: ListenOptions): CheckedOptions["listen"] {
  if ("server" in listenAt) return { server: listenAt.server, path: listenAt.path ?? DEFAULT_PATH };
  const { host = "127.0.0.1", port = 0, tls } = listenAt;
  return { host, port, tls };
}

function withLifetimes({
  idleMs,
  absoluteMs: lifetimeMs,
  ackDeadlineMs,
  limits,
}: MeshOptions): Limits {
  const merged = { ...DEFAULT_LIMITS, ...limits };
  return {
    ...merged,
    idleMs: idleMs ?? merged.idleMs,
    absoluteMs: lifetimeMs ?? merged.absoluteMs,
    ackDeadlineMs: ackDeadlineMs ?? merged.ackDeadlineMs,
  };
}
