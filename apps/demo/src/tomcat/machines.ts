/**
 * The two machines: network namespaces where this is root, else ports of this machine's loopback.
 *
 *   balancer ── hub ── bridge ─┬─ machine-1  10.0.0.1
 *   (its servers' connections) └─ machine-2  10.0.0.2
 *
 * Between namespaces a firewall cuts, silently, as a switch that fails would; between ports, a gate
 * before each sidecar does, and what else talks between machines cannot be cut there.
 *
 * Not here: what runs on them (site.ts).
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { freePort } from "../free-port.js";
import { MeshGate } from "../mesh-gate.js";
import type { Reaper } from "./reaper.js";

/** Where the programs of one machine listen. */
interface Ports {
  readonly apache: number;
  readonly tomcat: number;
  /** Tomcat's own cluster, where that is what shares sessions. */
  readonly cluster: number;
  /** The sidecar's, to Tomcat. */
  readonly redis: number;
  /** The sidecar's, to the other sidecar. */
  readonly mesh: number;
  /** The sidecar's, to those who ask whether it is well. */
  readonly admin: number;
}

/** One machine. */
export interface Machine {
  /** 1 or 2. */
  readonly number: number;
  readonly namespace: string | undefined;
  readonly address: string;
  readonly ports: Ports;
  /** Where the other machine's sidecar dials this one's. */
  readonly meshAddress: string;
}

/** Both machines, and what is between them. */
export interface Machines {
  readonly all: readonly Machine[];
  /** For people: what they are. */
  readonly kind: string;
  /** The namespace from which both can be reached. */
  readonly hub: string | undefined;
  /** Whether everything between them is cut, and not sidecars alone. */
  readonly areCutWhole: boolean;
  cut(): Promise<void>;
  heal(): Promise<void>;
}

const NUMBERS = [1, 2] as const;
const PORTS: Ports = {
  apache: 80,
  tomcat: 8080,
  cluster: 4000,
  redis: 6379,
  mesh: 7946,
  admin: 7947,
};
const TABLE = "inet demo";

const run = promisify(execFile);
let networkCount = 0;

/** Makes the machines. */
export function openMachines(reaper: Reaper): Promise<Machines> {
  return process.getuid?.() === 0 ? openNamespaces(reaper) : openLoopback();
}

async function openNamespaces(reaper: Reaper): Promise<Machines> {
  networkCount += 1;
  const name = `smt-${process.pid}-${networkCount}`;
  const hub = `${name}-hub`;
  await addNamespace(hub, reaper);
  await ip("-n", hub, "link", "add", "bridge", "type", "bridge");
  await ip("-n", hub, "address", "add", "10.0.0.254/24", "dev", "bridge");
  await ip("-n", hub, "link", "set", "bridge", "up");
  const all: Machine[] = [];
  for (const number of NUMBERS) {
    const namespace = `${name}-${number}`;
    const address = `10.0.0.${number}`;
    await addNamespace(namespace, reaper);
    const peer = ["peer", "name", "net", "netns", namespace];
    await ip("-n", hub, "link", "add", `port${number}`, "type", "veth", ...peer);
    await ip("-n", hub, "link", "set", `port${number}`, "master", "bridge", "up");
    await ip("-n", namespace, "address", "add", `${address}/24`, "dev", "net");
    await ip("-n", namespace, "link", "set", "net", "up");
    all.push({ number, namespace, address, ports: PORTS, meshAddress: `${address}:${PORTS.mesh}` });
  }
  const kind = "two machines, each a network namespace";
  return { all, kind, hub, areCutWhole: true, cut: () => cutAll(all), heal: () => healAll(all) };
}

async function addNamespace(name: string, reaper: Reaper): Promise<void> {
  reaper.namespace(name);
  await ip("netns", "add", name);
  await ip("-n", name, "link", "set", "lo", "up");
}

async function cutAll(all: readonly Machine[]): Promise<void> {
  for (const { namespace = "", address } of all) {
    const others = all.filter((machine) => machine.address !== address);
    await nft(namespace, `add table ${TABLE}`);
    await nft(namespace, `add chain ${TABLE} input { type filter hook input priority 0; }`);
    for (const other of others) {
      await nft(namespace, `add rule ${TABLE} input ip saddr ${other.address} drop`);
    }
  }
}

async function healAll(all: readonly Machine[]): Promise<void> {
  for (const { namespace = "" } of all) await nft(namespace, `delete table ${TABLE}`);
}

async function openLoopback(): Promise<Machines> {
  const gates: MeshGate[] = [];
  const all: Machine[] = [];
  // Only the other sidecar dials a sidecar.
  const onlyOne = { of: () => Promise.resolve("peer") };
  for (const number of NUMBERS) {
    const gate = await MeshGate.open(onlyOne);
    gates.push(gate);
    const ports: Ports = {
      apache: await freePort(),
      tomcat: await freePort(),
      cluster: await freePort(),
      redis: await freePort(),
      mesh: await freePort(),
      admin: await freePort(),
    };
    gate.openTo(ports.mesh);
    const address = "127.0.0.1";
    all.push({ number, namespace: undefined, address, ports, meshAddress: gate.address });
  }
  const letThrough = (nodes: ReadonlySet<string>): Promise<void> => {
    for (const gate of gates) gate.cut(nodes);
    return Promise.resolve();
  };
  return {
    all,
    kind: "no root here: two machines on ports of the loopback",
    hub: undefined,
    areCutWhole: false,
    cut: () => letThrough(new Set(["peer"])),
    heal: () => letThrough(new Set()),
  };
}

async function ip(...words: string[]): Promise<void> {
  await run("ip", words);
}

async function nft(namespace: string, words: string): Promise<void> {
  await ip("netns", "exec", namespace, "nft", words);
}
