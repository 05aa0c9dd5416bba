/**
 * A cluster of processes on a network of its own, with users; and the one test there is: users roam
 * while something breaks, all is mended, and the nodes are held against what was acknowledged.
 *
 * Not here: what breaks (networks.test.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createPrng } from "@session-mesh/core";
import { difference } from "@session-mesh/sim";
import { until } from "./app-nodes.js";
import { MachineNodes, type MachineNode, MESH_PORT, type NodeSettings } from "./machine-nodes.js";
import { NamespaceNetwork } from "./namespaces.js";
import { RoamingUsers } from "./roaming-users.js";

/** Short, so that a cut of some seconds outlasts every suspicion. */
const LIMITS = {
  heartbeatIntervalMs: 300,
  suspectFloorMs: 1_000,
  suspicionMs: 1_000,
  auditIntervalMs: 1_000,
  redialDelayMsMax: 1_000,
};
const SETTINGS: NodeSettings = { ackDeadlineMs: 1_000, limits: LIMITS };

/** What a busy machine may take until all nodes are equal; an idle one takes about two seconds. */
const EQUAL_WITHIN_MS = 40_000;
const USERS = 8;
/** So much must have been acknowledged, and as much been read, or nothing was tried. */
const ACKED_MIN = 30;

/** What a lab is like. */
export interface LabOptions {
  readonly machines: number;
  /** Everything between nodes passes a proxy that takes so long in each direction. */
  readonly delayMs?: number;
  /** What is special about the node of a machine. */
  readonly settingsOf?: (index: number) => NodeSettings;
}

/** What a test makes of its users. */
export interface Trial {
  /** How much each write overwrites. */
  readonly bulkBytes?: number;
  readonly fault: (users: RoamingUsers) => Promise<void>;
}

/** A cluster on a network. */
export class Lab {
  readonly network: NamespaceNetwork;
  /** By machine. */
  readonly nodes: MachineNode[] = [];
  readonly #options: LabOptions;
  readonly #processes = new MachineNodes();

  private constructor(network: NamespaceNetwork, options: LabOptions) {
    this.network = network;
    this.#options = options;
  }

  /** Starts everything; resolves when all nodes see one another. */
  static async open(options: LabOptions): Promise<Lab> {
    const lab = new Lab(await NamespaceNetwork.open(options.machines), options);
    try {
      if (options.delayMs !== undefined) await lab.#startProxy(options.delayMs);
      for (const index of lab.network.machines.keys()) await lab.start(index);
      await lab.untilEqual();
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  /** Starts a node on a machine, in the place of one that was killed. */
  async start(index: number): Promise<void> {
    const machine = this.network.machines[index];
    if (!machine) throw new Error(`there is no machine ${index}`);
    const others = this.nodes.filter((node) => node.isAlive);
    this.nodes[index] = await this.#processes.start(machine, {
      ...SETTINGS,
      ...(this.#options.delayMs !== undefined && { advertise: this.#proxied(index) }),
      seeds: others.map(({ seed }) => seed),
      ...this.#options.settingsOf?.(index),
    });
  }

  /**
   * Lets users roam while something breaks, mends everything, and says what is not kept then.
   * Rejects when the nodes do not become equal.
   */
  async brokenBy({ fault, bulkBytes = 20 }: Trial): Promise<string[]> {
    const nodes = (): readonly MachineNode[] => this.nodes;
    const users = new RoamingUsers({ random: createPrng(1), count: USERS, nodes, bulkBytes });
    users.start();
    try {
      await sleep(500);
      await fault(users);
      await this.network.heal();
      const { counts } = users;
      await until(() => counts.acked > ACKED_MIN && counts.looks > ACKED_MIN, EQUAL_WITHIN_MS);
    } finally {
      await users.stop();
      await this.network.heal();
    }
    await this.untilEqual(users);
    const pictures = await Promise.all(this.nodes.map((node) => node.picture()));
    return [...users.breaches, ...users.missingOn(pictures)];
  }

  /** Resolves when all nodes see one another, and hold the same. */
  async untilEqual(users?: RoamingUsers): Promise<void> {
    let differing: string | undefined;
    const areEqual = async (): Promise<boolean> => {
      const pictures = await Promise.all(this.nodes.map((node) => node.picture()));
      differing = difference(pictures, users?.sessions ?? []);
      return differing === undefined;
    };
    await until(areEqual, EQUAL_WITHIN_MS).catch((error: unknown) => {
      throw new Error(`P8: ${differing ?? "nothing was compared"}`, { cause: error });
    });
  }

  /** Resolves when somebody has given somebody up. */
  async untilSomeoneIsDown(): Promise<void> {
    await until(async () => {
      const pictures = await Promise.all(this.nodes.map((node) => node.picture()));
      const members = pictures.flatMap(({ replica }) => replica.status().members);
      return members.some(({ state }) => state === "down");
    }, EQUAL_WITHIN_MS);
  }

  /** Ends all processes and removes the network. */
  async close(): Promise<void> {
    await this.#processes.close();
    await this.network.close();
  }

  #proxied(index: number): string {
    return `ws://${this.network.hub.address}:${MESH_PORT + index}`;
  }

  async #startProxy(delayMs: number): Promise<void> {
    const { hub, machines } = this.network;
    const ways = machines.map(({ address }, index) => {
      return { port: MESH_PORT + index, behind: { host: address, port: MESH_PORT } };
    });
    await this.#processes.run(hub, "delay-proxy.js", { host: hub.address, delayMs, ways });
  }
}
