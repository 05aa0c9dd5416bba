/**
 * Whether a node may have traffic: a judgement of facts, without a clock or a socket.
 *
 * Not here: the request handlers (http-probes.ts). Being alive is another question, and peers have
 * no say in it.
 */
import type { Millis, ReplicaStatus } from "@session-mesh/core";

/** Whether a node may have traffic, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  /** One line each, for people. */
  readonly reasons: readonly string[];
}

/** What readiness depends on beside the replica's status. */
export interface ReadinessFacts {
  readonly isAlive: boolean;
  readonly isLeaving: boolean;
  /** Addresses of others to join. */
  readonly seeds: readonly string[];
  /** How long this node has been trying to join. */
  readonly waitedMs: Millis;
  readonly joinGraceMs: Millis;
  readonly requirePeers: boolean;
}

type Status = Pick<
  ReplicaStatus,
  "hasJoined" | "refusals" | "isClockSafe" | "clockOffsetMs" | "isDraining" | "members"
>;

/** Judges. Once joined, peers that are lost do not make a node unready. */
export function judgeReadiness(status: Status, facts: ReadinessFacts): Readiness {
  const reasons: string[] = [];
  if (!facts.isAlive) reasons.push("the mesh met a bug of its own and stopped");
  if (facts.isLeaving || status.isDraining) reasons.push("the node is leaving");
  if (!status.isClockSafe) {
    const offMs = Math.round(Math.abs(status.clockOffsetMs));
    reasons.push(`the clock is ${offMs} ms off the other nodes'`);
  }
  reasons.push(...joinReasons(status, facts));
  return { ready: reasons.length === 0, reasons };
}

function joinReasons(status: Status, facts: ReadinessFacts): string[] {
  if (status.hasJoined || facts.seeds.length === 0) return [];
  const refusals = status.refusals.filter(({ address }) => facts.seeds.includes(address));
  if (refusals.length > 0) {
    return refusals.map(({ address, code, detail, byPeer }) => {
      const what = byPeer ? "refuses this node" : "was refused by this node";
      return `seed ${address} ${what} (${code}): ${detail}`;
    });
  }
  const isLinked = status.members.some((member) => member.isLinked);
  if (facts.requirePeers && !isLinked) {
    return ["no seed was reached yet, and `requirePeers` is set"];
  }
  const leftMs = facts.joinGraceMs - facts.waitedMs;
  if (leftMs <= 0) return [];
  const what = isLinked
    ? "not every member was reached yet; ready"
    : "no seed was reached yet; ready alone";
  return [`${what} in ${Math.ceil(leftMs / 1_000)} s`];
}
