/**
 * A network of machines of its own: Linux network namespaces around one bridge, which is in a
 * namespace too, so that nothing of it shows outside and deleting the namespaces removes it all.
 *
 *   sm-PID-N-0 ── veth ── ┐
 *   sm-PID-N-1 ── veth ── ┼─ bridge in sm-PID-N-hub
 *   sm-PID-N-2 ── veth ── ┘
 *
 * Not here: what runs on the machines (machine-nodes.ts).
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

/** A machine: where to run a process, and its address among the others. */
export interface Machine {
  readonly namespace: string;
  readonly address: string;
}

const PREFIX = "sm-";
const TABLE = "inet faults";
const BURST = "16kb";
const QUEUE_DELAY = "400ms";

const run = promisify(execFile);
let networkCount = 0;

async function ip(...words: string[]): Promise<string> {
  return (await run("ip", words)).stdout;
}

/** Why namespaces cannot be had here; undefined where they can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.platform !== "linux") return "network namespaces are a feature of Linux";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  try {
    const network = await NamespaceNetwork.open(1);
    try {
      await network.lose(1);
      await network.slow(0, "1mbit");
    } finally {
      await network.close();
    }
    return undefined;
  } catch (error) {
    return `this machine lets no test have them: ${String(error)}`;
  }
}

/** Machines that can be cut, unplugged and slowed. */
export class NamespaceNetwork {
  readonly machines: readonly Machine[];
  /** Where all links meet; a process there reaches all machines, by this address. */
  readonly hub: Machine;
  readonly #name: string;
  readonly #slowed = new Set<number>();
  #isFiltered = false;

  private constructor(name: string, count: number) {
    this.#name = name;
    this.hub = { namespace: `${name}-hub`, address: "10.0.0.254" };
    this.machines = Array.from({ length: count }, (_, index) => ({
      namespace: `${name}-${index}`,
      address: `10.0.0.${index + 1}`,
    }));
  }

  /** Makes machines that reach one another. Rejects, nothing left behind, where it cannot. */
  static async open(count: number): Promise<NamespaceNetwork> {
    await removeLeftovers();
    networkCount += 1;
    const network = new NamespaceNetwork(`${PREFIX}${process.pid}-${networkCount}`, count);
    try {
      await network.#build();
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  /** Lets nothing that `senders` send arrive at any of `receivers`. The other direction stays. */
  async cut(senders: readonly number[], receivers: readonly number[]): Promise<void> {
    const from = senders.map((index) => this.#machine(index).address).join(", ");
    for (const index of receivers) {
      await this.#filter(index, `ip saddr { ${from} } counter drop`);
    }
  }

  /** Drops this part of all packets that arrive anywhere. */
  async lose(percent: number): Promise<void> {
    for (const index of this.machines.keys()) {
      await this.#filter(index, `numgen random mod 100 < ${percent} counter drop`);
    }
  }

  /** How many packets were dropped since the last heal. */
  async droppedCount(): Promise<number> {
    let count = 0;
    for (const { namespace } of this.machines) {
      const rules = await ip("netns", "exec", namespace, "nft", "list", "ruleset");
      for (const [, packets] of rules.matchAll(/counter packets (\d+)/g)) count += Number(packets);
    }
    return count;
  }

  /** Pulls a machine's cable. */
  async unplug(index: number): Promise<void> {
    await ip("-n", this.hub.namespace, "link", "set", `port${index}`, "down");
  }

  async plugIn(index: number): Promise<void> {
    await ip("-n", this.hub.namespace, "link", "set", `port${index}`, "up");
  }

  /** Limits what a machine sends and receives, as "256kbit" a second each. */
  async slow(index: number, rate: string): Promise<void> {
    this.#slowed.add(index);
    for (const [namespace, device] of this.#endsOf(index)) {
      const limit = ["tbf", "rate", rate, "burst", BURST, "latency", QUEUE_DELAY];
      await run("tc", ["-n", namespace, "qdisc", "replace", "dev", device, "root", ...limit]);
    }
  }

  /** How many packets had to wait, or found no room, on the slowed links of a machine. */
  async heldBackCount(index: number): Promise<number> {
    let count = 0;
    for (const [namespace, device] of this.#endsOf(index)) {
      const { stdout } = await run("tc", ["-n", namespace, "-s", "qdisc", "show", "dev", device]);
      count += Number(/overlimits (\d+)/.exec(stdout)?.[1] ?? 0);
    }
    return count;
  }

  /** Ends all faults. */
  async heal(): Promise<void> {
    for (const [index, { namespace }] of this.machines.entries()) {
      if (this.#isFiltered) await nft(namespace, "flush", "ruleset");
      await this.plugIn(index);
    }
    this.#isFiltered = false;
    for (const index of this.#slowed) {
      for (const [namespace, device] of this.#endsOf(index)) {
        await run("tc", ["-n", namespace, "qdisc", "del", "dev", device, "root"]);
      }
    }
    this.#slowed.clear();
  }

  /** Removes everything. Processes that still run on a machine keep only what they have of it. */
  async close(): Promise<void> {
    for (const { namespace } of [this.hub, ...this.machines]) {
      if (existsSync(`/run/netns/${namespace}`)) await ip("netns", "del", namespace);
    }
  }

  async #build(): Promise<void> {
    const hub = this.hub.namespace;
    await ip("netns", "add", hub);
    await ip("-n", hub, "link", "set", "lo", "up");
    await ip("-n", hub, "link", "add", "bridge", "type", "bridge");
    await ip("-n", hub, "address", "add", `${this.hub.address}/24`, "dev", "bridge");
    await ip("-n", hub, "link", "set", "bridge", "up");
    for (const [index, { namespace, address }] of this.machines.entries()) {
      const port = `port${index}`;
      await ip("netns", "add", namespace);
      const peer = ["peer", "name", "net", "netns", namespace];
      await ip("-n", hub, "link", "add", port, "type", "veth", ...peer);
      await ip("-n", hub, "link", "set", port, "master", "bridge", "up");
      await ip("-n", namespace, "address", "add", `${address}/24`, "dev", "net");
      await ip("-n", namespace, "link", "set", "lo", "up");
      await ip("-n", namespace, "link", "set", "net", "up");
    }
  }

  async #filter(index: number, rule: string): Promise<void> {
    this.#isFiltered = true;
    const { namespace } = this.#machine(index);
    await nft(namespace, `add table ${TABLE}`);
    await nft(namespace, `add chain ${TABLE} input { type filter hook input priority 0; }`);
    await nft(namespace, `add rule ${TABLE} input iifname "net" ${rule}`);
  }

  #endsOf(index: number): readonly (readonly [namespace: string, device: string])[] {
    return [
      [this.hub.namespace, `port${index}`],
      [this.#machine(index).namespace, "net"],
    ];
  }

  #machine(index: number): Machine {
    const machine = this.machines[index];
    if (!machine) throw new Error(`there is no machine ${index} in ${this.#name}`);
    return machine;
  }
}

async function nft(namespace: string, ...words: string[]): Promise<void> {
  await ip("netns", "exec", namespace, "nft", ...words);
}

/** Removes the namespaces of test runs that were killed. */
async function removeLeftovers(): Promise<void> {
  const names = (await ip("netns", "list")).split("\n").map((line) => line.split(" ", 1)[0] ?? "");
  for (const name of names) {
    const pid = /^sm-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await ip("netns", "del", name);
  }
}
