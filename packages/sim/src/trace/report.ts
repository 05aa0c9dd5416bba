/**
 * What came of a run: what happened in it, and what broke.
 *
 * Not here: how to see it again (the command that ran it).
 */
import type { Millis } from "@session-mesh/core";
import type { NetworkCounts } from "../world/network.js";
import type { Failure } from "../world/simulator.js";
import type { WorkloadCounts } from "../users/workload-counts.js";

/** The report of one seed. */
export interface Report {
  readonly seed: number;
  /** The first promise that broke. */
  readonly failure: Failure | undefined;
  readonly virtualMs: Millis;
  /** How long after the heal all nodes were equal. */
  readonly convergenceMs: Millis | undefined;
  /** Equal for equal runs. */
  readonly hash: string;
  readonly happenings: number;
  readonly nodes: number;
  /** How often each fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly network: NetworkCounts;
  readonly workload: WorkloadCounts;
  readonly ledger: {
    /** Traces of acknowledged writes, and how many of those acknowledgements were degraded. */
    readonly acknowledged: number;
    readonly degraded: number;
    readonly reads: number;
  };
  /** How much each checker looked at, and what it excused. */
  readonly checks: Readonly<Record<string, number>>;
  /** How often each event of the replicas was told, and with which outcome. */
  readonly events: Readonly<Record<string, number>>;
}
