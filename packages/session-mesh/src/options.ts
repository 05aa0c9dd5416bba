/**
 * What `createMesh` accepts, and the checks that every option passes before anything is opened.
 *
 * One table says of each option what is wrong with a value; what concerns several options at once is
 * checked after it. Every refusal names the option and the remedy.
 *
 * Not here: the options of cookies and requests, which belong to the framework adapters.
 */
import type { Server } from "node:http";
import { DEFAULT_LIMITS, type Event, type Limits, type Millis } from "@session-mesh/core";
import { DEFAULT_PATH, hostOf, isWildcardHost, parseAddress } from "./addresses.js";
import { limitsProblem } from "./limit-options.js";
import { MeshError } from "./mesh-error.js";
import { SECRETS_MAX } from "./transports/handshake.js";
import type { Transport } from "./transports/transport.js";

/** Where a node listens: on a port of its own, or on the app's HTTP server by upgrade path. */
export type ListenOptions =
  | { readonly port?: number; readonly host?: string }
  | { readonly server: Server; readonly path?: string };

/** How a node is set up. */
export interface MeshOptions {
  /** @default { host: "127.0.0.1", port: 0 } */
  readonly listen?: ListenOptions;
  /** Where peers dial this node, as `ws://host:port`. Default: where it listens, unless that is a wildcard. */
  readonly advertise?: string;
  /** Where to find members at the start, as `host:port`; the node itself may be among them. */
  readonly seeds?: readonly string[];
  /**
   * What members prove to one another; at least 16 characters. Required unless every address is
   * loopback. Several rotate it: add the new one everywhere first, then take the old one away.
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
  /** Hears every event from the first on. */
  readonly onEvent?: (event: Event) => void;
  /** Takes the few lines that an operator must see. @default console.warn */
  readonly log?: (line: string) => void;
}

/** Options that were checked, with their defaults. */
export interface CheckedOptions {
  readonly listen:
    | { readonly host: string; readonly port: number }
    | { readonly server: Server; readonly path: string };
  readonly advertise: string | undefined;
  readonly seeds: readonly string[];
  readonly secrets: readonly string[];
  readonly idKey: string | undefined;
  readonly cluster: string;
  readonly node: string | undefined;
  readonly acks: number | "all";
  readonly joinGraceMs: Millis;
  readonly requirePeers: boolean;
  readonly limits: Limits;
  readonly transport: Transport | undefined;
  readonly onEvent: ((event: Event) => void) | undefined;
  readonly log: (line: string) => void;
}

const SECRET_LENGTH_MIN = 16;
const NAME_LENGTH_MAX = 64;
const JOIN_GRACE_MS: Millis = 10_000;
const CLUSTER = "default";

/** What is wrong with a value, with the remedy; undefined when nothing is. */
type Check = (value: unknown) => string | undefined;

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

const address: Check = (value) => {
  const parsed = parseAddress(value);
  return parsed.ok
    ? undefined
    : `${JSON.stringify(value)} ${parsed.problem}; write "10.0.0.6:7946"`;
};

const advertise: Check = (value) => {
  const parsed = parseAddress(value);
  if (!parsed.ok) return address(value);
  if (!isWildcardHost(hostOf(parsed.address))) return undefined;
  return "is a wildcard, which peers cannot dial; give the address of this machine";
};

const seeds: Check = (value) =>
  Array.isArray(value)
    ? firstProblem(value, address)
    : 'must be an array of addresses, as ["10.0.0.6:7946"]';

const acks: Check = (value) =>
  value === "all" || (Number.isSafeInteger(value) && (value as number) >= 0)
    ? undefined
    : 'must be "all" or a whole number from 0 on';

const durationMs: Check = (value) =>
  typeof value === "number" && Number.isFinite(value) && value > 0
    ? undefined
    : "must be a finite number of milliseconds above 0";

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

const listen: Check = (value) => {
  if (typeof value !== "object" || value === null) return "must be an object, as { port: 7946 }";
  if ("server" in value) return sharedPlaceProblem(value);
  const { port = 0, host = "127.0.0.1", ...others } = value as Record<string, unknown>;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) return `has no ${unknown}; give { port, host } or { server, path }`;
  const isPort = Number.isSafeInteger(port) && (port as number) >= 0 && (port as number) <= 65_535;
  if (!isPort) return "needs a `port` from 0 (any that is free) to 65535, as a number";
  if (typeof host !== "string" || host === "")
    return "needs a `host` that is a name or an IP address";
  return undefined;
};

function sharedPlaceProblem(value: object): string | undefined {
  const { server, path = "/", ...others } = value as Record<string, unknown>;
  if (Object.keys(others).length > 0) return "takes only `path` beside `server`";
  const isServer = typeof (server as Partial<Server> | null)?.on === "function";
  if (!isServer) return "needs as `server` what http.createServer() returned";
  const isPath = typeof path === "string" && /^\/[^?#\s]*$/.test(path);
  if (!isPath) return 'needs a `path` that begins with a slash, as "/session-mesh"';
  return undefined;
}

/** Every option and what is wrong with a value of it. */
const CHECKS: { readonly [Name in keyof Required<MeshOptions>]: Check } = {
  listen,
  advertise,
  seeds,
  secret,
  idKey: key,
  cluster: name,
  node: name,
  idleMs: durationMs,
  absoluteMs,
  acks,
  ackDeadlineMs: durationMs,
  joinGraceMs: delayMs,
  requirePeers: boolean,
  limits: limitsProblem,
  transport,
  onEvent: callback,
  log: callback,
};

/** Checks every option by itself and fills in defaults. Throws a MeshError; nothing is opened. */
export function checkOptions(options: MeshOptions): CheckedOptions {
  const given: Readonly<Record<string, unknown>> = { ...options };
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(CHECKS, option)) {
      const known = Object.keys(CHECKS).join(", ");
      throw new MeshError("option", `there is no option \`${option}\`. There are: ${known}`);
    }
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
  return {
    listen: place(options.listen ?? {}),
    advertise: options.advertise === undefined ? undefined : canonical(options.advertise),
    seeds: [...new Set((options.seeds ?? []).map(canonical))],
    secrets: options.secret === undefined ? [] : [options.secret].flat(),
    idKey: options.idKey,
    cluster: options.cluster ?? CLUSTER,
    node: options.node,
    acks: options.acks ?? 1,
    joinGraceMs: options.joinGraceMs ?? JOIN_GRACE_MS,
    requirePeers: options.requirePeers ?? false,
    limits,
    transport: options.transport,
    onEvent: options.onEvent,
    log: options.log ?? ((line) => console.warn(line)),
  };
}

function place(listenAt: ListenOptions): CheckedOptions["listen"] {
  if ("server" in listenAt) return { server: listenAt.server, path: listenAt.path ?? DEFAULT_PATH };
  return { host: listenAt.host ?? "127.0.0.1", port: listenAt.port ?? 0 };
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

function canonical(text: string): string {
  const parsed = parseAddress(text);
  return parsed.ok ? parsed.address : text;
}

function firstProblem(values: readonly unknown[], check: Check): string | undefined {
  for (const value of values) {
    const problem = check(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
