/**
 * Which addresses never leave the machine.
 *
 * Not here: what follows from that (config/placement.ts).
 */
import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether nothing sent to this host leaves the machine. */
export function isLoopbackHost(host: string): boolean {
  const family = isIP(host);
  if (family !== 0) return loopback.check(host, family === 4 ? "ipv4" : "ipv6");
  return /^(.+\.)?localhost$/i.test(host);
}

/** The same of `host:port`, with or without a scheme, as seeds are written. */
export function isLoopbackAddress(address: string): boolean {
  const text = address.replace(/^dns:(?!\/\/)/i, "");
  const url = /^[a-z+.-]+:\/\//i.test(text) ? text : `ws://${text}`;
  if (!URL.canParse(url)) return false;
  return isLoopbackHost(new URL(url).hostname.replace(/^\[|\]$/g, ""));
}
