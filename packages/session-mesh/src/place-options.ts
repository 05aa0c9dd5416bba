/**
 * The checks of options that say where: listening, advertising, seeds and how they are looked up.
 *
 * Not here: whether they fit together (placement.ts), and options about sessions (options.ts).
 */
import { Resolver } from "node:dns";
import type { Server } from "node:http";
import { hostOf, isWildcardHost, parseAddress, type Scheme } from "./addresses.js";
import { listenTlsProblem } from "./tls-options.js";

/** What may stand before a seed to say that it is a name. */
const DNS_PREFIX = /^dns:(?!\/\/)/i;

/** What is wrong with a value, with the remedy; undefined when nothing is. */
export type Check = (value: unknown) => string | undefined;

/** Above 0 and finite. */
export const durationMs: Check = (value) =>
  typeof value === "number" && Number.isFinite(value) && value > 0
    ? undefined
    : "must be a finite number of milliseconds above 0";

const address: Check = (value) => {
  const parsed = parseAddress(value);
  return parsed.ok
    ? undefined
    : `${JSON.stringify(value)} ${parsed.problem}; write "10.0.0.6:7946"`;
};

/** Checks `advertise`. */
export const advertise: Check = (value) => {
  const parsed = parseAddress(value);
  if (!parsed.ok) return address(value);
  if (!isWildcardHost(hostOf(parsed.address))) return undefined;
  return "is a wildcard, which peers cannot dial; give the address of this machine";
};

/** Checks `seeds`. */
export const seeds: Check = (value) =>
  Array.isArray(value)
    ? firstProblem(value, (seed) => address(withoutPrefix(seed)))
    : 'must be an array of addresses, as ["10.0.0.6:7946"]';

/** Checks `discovery`. */
export const discovery: Check = (value) => {
  if (typeof value !== "object" || value === null)
    return "must be an object, as { intervalMs: 5000 }";
  const { servers, intervalMs, ...others } = value as Record<string, unknown>;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) return `has no ${unknown}; give servers, intervalMs`;
  if (intervalMs !== undefined && durationMs(intervalMs) !== undefined)
    return `has a wrong \`intervalMs\`: it ${durationMs(intervalMs)}`;
  return servers === undefined ? undefined : serversProblem(servers);
};

function serversProblem(servers: unknown): string | undefined {
  try {
    if (Array.isArray(servers) && servers.length > 0) {
      new Resolver().setServers(servers as string[]);
      return undefined;
    }
  } catch {
    // Said below.
  }
  return 'needs as `servers` IP addresses of DNS servers, as ["10.0.0.10"]';
}

/** Checks `listen`. */
export const listen: Check = (value) => {
  if (typeof value !== "object" || value === null) return "must be an object, as { port: 7946 }";
  if ("server" in value) return sharedPlaceProblem(value);
  const { port = 0, host = "127.0.0.1", tls, ...others } = value as Record<string, unknown>;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined)
    return `has no ${unknown}; give { port, host, tls } or { server, path }`;
  const isPort = Number.isSafeInteger(port) && (port as number) >= 0 && (port as number) <= 65_535;
  if (!isPort) return "needs a `port` from 0 (any that is free) to 65535, as a number";
  if (typeof host !== "string" || host === "")
    return "needs a `host` that is a name or an IP address";
  const tlsProblem = tls === undefined ? undefined : listenTlsProblem(tls);
  return tlsProblem === undefined ? undefined : `has a \`tls\` that ${tlsProblem}`;
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

function withoutPrefix(seed: unknown): unknown {
  return typeof seed === "string" ? seed.replace(DNS_PREFIX, "") : seed;
}

/** The canonical spelling of an address that was checked. */
export function canonicalOf(seed: string, scheme: Scheme): string {
  const text = seed.replace(DNS_PREFIX, "");
  const parsed = parseAddress(text, scheme);
  return parsed.ok ? parsed.address : text;
}

/** The problem of the first value that has one. */
export function firstProblem(values: readonly unknown[], check: Check): string | undefined {
  for (const value of values) {
    const problem = check(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
