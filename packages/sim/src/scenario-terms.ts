/**
 * The words that scenarios are written in: durations, what is expected, how to begin.
 *
 * Not here: what they do (scenario.ts).
 */
import {
  assert,
  type declareCounter,
  type Durability,
  type JsonObject,
  type Limits,
  type Millis,
} from "@session-mesh/core";
import type { ClusterOptions } from "./world/cluster.js";
import type { DiskOptions } from "./world/disk.js";
import type { NetworkOptions } from "./world/network.js";
import type { Recorder } from "./trace/happening.js";
import type { TraceLog } from "./trace/trace.js";

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a duration. */
export function millis(duration: Duration): Millis {
  const match = /^([\d.]+)(ms|s|m|h|d)$/.exec(duration);
  assert(match !== null, `${duration} is no duration`);
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

/** Every path from a node of one group to a node of another. */
export function pathsBetween(groups: readonly (readonly string[])[]): [from: string, to: string][] {
  return groups.flatMap((group) => {
    const others = groups.filter((other) => other !== group).flat();
    return group.flatMap((from) => others.map((to): [string, string] => [from, to]));
  });
}

/** How a scenario begins: all nodes started and joined. */
export interface ScenarioOptions {
  readonly nodes: number;
  readonly seed?: number;
  readonly limits?: Partial<Limits>;
  readonly network?: Partial<NetworkOptions>;
  readonly keepsNodeIds?: boolean;
  /** How far the clock of a machine is ahead. */
  readonly clocks?: Readonly<Record<string, Millis>>;
  readonly log?: TraceLog | undefined;
  /** Hears of everything that happens. */
  readonly record?: Recorder | undefined;
  /** Gives every machine a disk; without, nothing survives a crash. */
  readonly disks?: Partial<DiskOptions> & { readonly durability?: Durability };
}

/** The disk of a scenario that asks for no other. */
const DISK: DiskOptions = { latencyMs: 2, jitterMs: 4, failureRate: 0 };

/** The cluster that a scenario asks for. */
export function clusterOptionsOf(options: ScenarioOptions): ClusterOptions {
  const { nodes, limits = {}, keepsNodeIds = true, disks } = options;
  const settings = { limits, keepsNodeIds, seedsMax: nodes };
  return disks ? { ...settings, disks: { ...DISK, durability: "disk", ...disks } } : settings;
}

/** What a session must be: plain data, or how it ended. */
export type Expected = JsonObject | "destroyed" | "absent" | "expired";

/** The network of a scenario that asks for no other: fast and without faults of its own. */
export const NETWORK: NetworkOptions = {
  latencyMs: 1,
  jitterMs: 1,
  dialFailureRate: 0,
  bytesPerMs: 100_000,
};

/** A duration in virtual time, such as `500ms`, `30s`, `90m` or `25h`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

/** How long to wait until whom are equal; by default ten seconds, and all. */
export interface Settling {
  readonly within?: Duration;
  readonly among?: readonly string[];
}

/** A change of plain data in place. */
export type Change = (value: Record<string, never>) => void;

/** What a request read on a node. */
export interface Draft {
  readonly node: string;
  readonly session: string;
  readonly snapshot: Parameters<typeof declareCounter>[0];
}
