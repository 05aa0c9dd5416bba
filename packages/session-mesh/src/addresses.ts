/**
 * Where nodes are found: parsing, one canonical spelling for each, and which ones never leave the
 * machine.
 *
 * Canonical is `ws://host:port`, or `wss://` where TLS is spoken, with a path only where it is not
 * the default one, so that a seed and the address its node advertises are equal strings.
 *
 * Not here: DNS (discovery.ts).
 */
import { isIP, isIPv6 } from "node:net";

/** Where the mesh is found on a server that it shares with an app. */
export const DEFAULT_PATH = "/session-mesh";

/** Longest address accepted. */
const ADDRESS_LENGTH_MAX = 256;

/** URLs leave these ports out. */
const DEFAULT_PORTS: Readonly<Record<string, string>> = { "ws:": "80", "wss:": "443" };

const MEMORY_ADDRESS = /^memory:\/\/[\w.-]+$/;

/** What became of parsing an address: its canonical form, or what is wrong with it. */
export type ParsedAddress =
  | { readonly ok: true; readonly address: string }
  | { readonly ok: false; readonly problem: string };

/** What an address without a scheme means, and what a node listens with. */
export type Scheme = "ws" | "wss";

/**
 * Parses `host:port`, `ws://host:port[/path]`, `wss://host:port[/path]`, or `memory://name` of a
 * network within the process. Without a scheme it is of `scheme`.
 */
export function parseAddress(text: unknown, scheme: Scheme = "ws"): ParsedAddress {
  if (typeof text !== "string") return bad("is not a string");
  if (text.length > ADDRESS_LENGTH_MAX) return bad("is too long");
  if (MEMORY_ADDRESS.test(text)) return { ok: true, address: text };
  const hasScheme = /^[a-z+.-]+:\/\//i.test(text);
  const urlText = hasScheme ? text : `${scheme}://${text}`;
  if (!URL.canParse(urlText)) return bad("is neither host:port nor ws://host:port");
  const parsed = new URL(urlText);
  const defaultPort = DEFAULT_PORTS[parsed.protocol];
  if (!defaultPort) return bad(`starts with ${parsed.protocol}// instead of ws:// or wss://`);
  const port = parsed.port || defaultPort;
  if (parsed.port === "" && !new RegExp(`:${port}(/|$)`).test(urlText)) return bad("names no port");
  if (parsed.username || parsed.password || parsed.search || parsed.hash) {
    return bad("has more than a host, a port and a path");
  }
  const isDefault = parsed.pathname === "/" || parsed.pathname === DEFAULT_PATH;
  const path = isDefault ? "" : parsed.pathname;
  return { ok: true, address: `${parsed.protocol}//${parsed.hostname}:${port}${path}` };
}

/** The canonical address of a host and a port. */
export function addressOf(
  host: string,
  port: number,
  { path = DEFAULT_PATH, scheme = "ws" }: { path?: string; scheme?: Scheme } = {},
): string {
  return `${scheme}://${hostPort(host, port)}${path === DEFAULT_PATH ? "" : path}`;
}

/** Host and port as people write them. */
export function hostPort(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** The name in a canonical address that DNS can turn into several; undefined for an IP address. */
export function dnsNameOf(address: string): string | undefined {
  if (MEMORY_ADDRESS.test(address)) return undefined;
  const host = hostOf(address);
  return isIP(host) !== 0 || isLoopbackHost(host) ? undefined : host;
}

/** The same canonical address with another host. */
export function withHost(address: string, host: string): string {
  const url = new URL(address);
  const port = Number(url.port || DEFAULT_PORTS[url.protocol]);
  const path = url.pathname === "/" ? DEFAULT_PATH : url.pathname;
  return addressOf(host, port, { path, scheme: url.protocol === "wss:" ? "wss" : "ws" });
}

/** The URL that reaches a canonical address. */
export function urlOf(address: string): URL {
  const url = new URL(address);
  if (url.pathname === "/") url.pathname = DEFAULT_PATH;
  return url;
}

/** The host of a canonical address, without the brackets of IPv6. */
export function hostOf(address: string): string {
  return new URL(address).hostname.replace(/^\[|\]$/g, "");
}

/** Whether nothing sent to this canonical address leaves the machine. */
export function isLoopbackAddress(address: string): boolean {
  return MEMORY_ADDRESS.test(address) || isLoopbackHost(hostOf(address));
}

/** Whether nothing sent to this host leaves the machine. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase();
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "::1" ||
    /^127(\.\d{1,3}){3}$/.test(name)
  );
}

/** Whether this host means every interface, which says nothing about where peers find the node. */
export function isWildcardHost(host: string): boolean {
  return host === "" || host === "0.0.0.0" || host === "::";
}

function bad(problem: string): ParsedAddress {
  return { ok: false, problem };
}
