/**
 * Two machines, each with an address where Redis clients on it connect: two sidecars in a mesh, or one
 * real redis-server that is both (which shows that a suite asks for nothing that Redis does not do).
 *
 * Not here: the clients (one test file a stack), and what becomes of machines that are cut or killed.
 */
import { spawnSync } from "node:child_process";
import { startRedis } from "../bench/redis.js";
import type { Address } from "./resp-connection.js";
import { type SidecarConfig, startSidecars } from "./sidecars.js";

/** Two machines. */
export interface Machines {
  readonly addresses: readonly [Address, Address];
  stop(): Promise<void>;
}

/** What a suite can be run against. */
export interface Target {
  readonly name: string;
  /** Whether both machines are one server, so that what is written at one is at once at the other. */
  readonly isOne: boolean;
  start(): Promise<Machines>;
}

/** Whether Debian's redis-server is here; where not, only sidecars are tested. */
export const hasRedis: boolean = spawnSync("redis-server", ["--version"]).status === 0;

const redis: Target = { name: "a redis-server", isOne: true, start: startOneRedis };
const sidecars: Target = {
  name: "two sidecars in a mesh",
  isOne: false,
  start: () => startTwoSidecars({}),
};

const ONLY = process.env["SESSION_MESH_INTEROP"];

/** What suites run against here; `SESSION_MESH_INTEROP=redis` or `=sidecars` chooses one of them. */
export const TARGETS: readonly Target[] = [
  ...(hasRedis && ONLY !== "sidecars" ? [redis] : []),
  ...(ONLY !== "redis" ? [sidecars] : []),
];

/** Of these the sidecars, unless Redis was chosen: for suites too long to be run against both. */
export const ONE_TARGET: readonly Target[] = TARGETS.slice(-1);

/** Sidecars whose configuration is that of a recipe; none where Redis was chosen. */
export function sidecarsWith(name: string, config: SidecarConfig): readonly Target[] {
  const start = (): Promise<Machines> => startTwoSidecars(config);
  return ONLY === "redis" ? [] : [{ ...sidecars, name, start }];
}

async function startOneRedis(): Promise<Machines> {
  const server = await startRedis();
  if (!server) throw new Error("redis-server is not installed");
  const address = { port: Number(new URL(server.url).port) };
  return { addresses: [address, address], stop: () => server.stop() };
}

async function startTwoSidecars(config: SidecarConfig): Promise<Machines> {
  const [one, two] = await startSidecars(2, config);
  if (!one || !two) throw new Error("no two sidecars");
  return {
    addresses: [one.address, two.address],
    stop: async () => void (await Promise.all([one.stop(), two.stop()])),
  };
}
