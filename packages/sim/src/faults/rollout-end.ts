/**
 * The end of a deploy that changes how digests are computed: a cluster that stays half deployed
 * compares nothing across versions, so what a node that died left half spread is repaired only once
 * all compute alike again. That is what operators see to.
 *
 * Not here: the deploy itself (deploy-faults.ts).
 */
import type { Millis } from "@session-mesh/core";
import type { Cluster } from "../world/cluster.js";
import type { Simulator } from "../world/simulator.js";

/** How long one node may take to drain and to serve again. */
const NODE_DEADLINE_MS: Millis = 30_000;

const POLL_MS: Millis = 200;

/** The digest version of this build. */
const DIGEST_VERSION = 1;

/** The machines whose nodes compute other digests than the first one's. */
function others(cluster: Cluster): string[] {
  const versions = cluster.runs().map(({ machine, dialect }) => {
    return { machine, version: dialect?.digestVersion ?? DIGEST_VERSION };
  });
  const [first] = versions;
  return versions.filter(({ version }) => version !== first?.version).map(({ machine }) => machine);
}

/** Whether nodes compute digests in more than one way. */
export function isHalfDeployed(cluster: Cluster): boolean {
  return others(cluster).length > 0;
}

/** Deploys to all what the first node speaks, one after the other, drained. */
export function finishRollout(simulator: Simulator, cluster: Cluster): void {
  for (const machine of others(cluster)) {
    const before = cluster.runOn(machine);
    const [first] = cluster.runs();
    if (!before || !first) continue;
    cluster.install(machine, first.dialect);
    cluster.deploy(machine, { downMs: POLL_MS });
    const untilMs = simulator.nowMs + NODE_DEADLINE_MS;
    const isBack = (): boolean => {
      const run = cluster.runOn(machine);
      return run !== before && run?.isServing === true;
    };
    while (!isBack() && simulator.nowMs < untilMs) simulator.runFor(POLL_MS);
  }
}
