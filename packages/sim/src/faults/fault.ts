/**
 * What a fault is: a name by which it is counted, how it strikes, and how it is undone.
 *
 * Not here: any fault (network-faults.ts, the other files of faults), and when
 * which one strikes (nemesis.ts).
 */
import type { Millis, Prng } from "@session-mesh/core";
import type { Cluster } from "../world/cluster.js";
import type { Disk } from "../world/disk.js";
import type { Network } from "../world/network.js";
import type { NodeRun } from "../world/node-run.js";
import type { Simulator } from "../world/simulator.js";

/** What a fault can lay hands on. */
export interface Field {
  readonly simulator: Simulator;
  readonly network: Network;
  readonly cluster: Cluster;
  readonly random: Prng;
  readonly bounds: FaultBounds;
  /** Draws how long a fault lasts. */
  spellMs(): Millis;
  /** False once everything heals: a fault of many steps takes no further one. */
  isRunning(): boolean;
  /** A fault really happened, later than it struck. */
  happened(name: string): void;
  /** Someone laid hands on a disk: nothing is owed for its sake any more. */
  spoiled(disk: Disk): void;
  /** A name that no machine had before. */
  newName(): string;
}

/** How far faults may go. */
export interface FaultBounds {
  /** How long a cut, or a node that is down, lasts at most. */
  readonly spellMsMax: Millis;
  readonly pauseMsMax: Millis;
  /** How far a clock may be off, so that it stays within the margin. */
  readonly jumpMsMax: Millis;
  /** Whether clocks may also leave the margin: no session then expires within the run. */
  readonly areClocksWild: boolean;
  /** Whether frames are sealed, so that a damaged one reaches no replica. */
  readonly isSealed: boolean;
  /** To how many machines the cluster may grow. */
  readonly nodesMax: number;
}

/** A fault that struck. */
export interface Struck {
  /** Whom, for the trace. */
  readonly victims: string;
  /** Absent where it undoes itself. */
  readonly undo?: () => void;
  /** How long it lasts; drawn where it does not say. */
  readonly lastsMs?: Millis;
  /** It is counted when it says so itself ({@link Field.happened}), not already now. */
  readonly isCountedLater?: boolean;
}

/** A fault. */
export interface Fault {
  readonly name: string;
  /** So much of the run is lost to it that it is never drawn often. */
  readonly isRare?: boolean;
  /** Strikes, unless there is nobody whom it would harm. */
  strike(field: Field): Struck | undefined;
}

/** A random machine on which a node runs that is neither paused nor about to leave. */
export function pickRun({ cluster, random }: Field): NodeRun | undefined {
  const runs = cluster.runs().filter((run) => !run.isPaused && !run.isDraining);
  return runs.length > 0 ? random.pick(runs) : undefined;
}

/** Starts a machine again that stands still. */
export function revive({ cluster }: Field, name: string): void {
  if (cluster.has(name) && !cluster.runOn(name)) cluster.start(name);
}
