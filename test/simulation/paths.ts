/**
 * "Sometimes" checks: what must really have happened in a run of the suite, or the suite has proved
 * nothing about it. Each line names a fault or a path of the protocol and the count that proves it.
 *
 * Not here: counting (packages/sim), and how many seeds make a run of the suite.
 */
import { FAULTS } from "@session-mesh/sim";

/** From this many seeds on, everything here must have happened. */
export const SOMETIMES_SEEDS_MIN = 200;

/** What must happen, and the count (of `totals`) that proves it. */
export const SOMETIMES: Readonly<Record<string, string>> = {
  // Every fault that the nemesis knows.
  ...Object.fromEntries(FAULTS.map(({ name }) => [`the fault ${name}`, `fault.${name}`])),
  "frames lost in flight": "network.lostFrames",
  "a frame that another link's overtook": "network.overtakenFrames",
  "a frame that waited at a cut": "network.heldFrames",
  "a frame that the shell refuses": "network.brokenFrames",
  "a peer cut off that does not keep up": "network.overfullLinks",
  "a failed dial": "network.failedDials",
  // What users do.
  "a logout": "workload.logouts",
  "a session of two users": "workload.companions",
  "a regeneration": "workload.regenerations",
  "a touch": "workload.touches",
  "a miss": "workload.misses",
  "a write to a session that is gone": "workload.gone",
  "a change of the idle time": "workload.idleChanges",
  "two drafts committed at once": "workload.drafts",
  "a burst of overwrites": "workload.bursts",
  "a write to an uncertain miss": "workload.unknownWrites",
  "a request at the end of a lifetime": "workload.boundaries",
  "a user logged out everywhere": "workload.revokes",
  "a session that a limit refused": "workload.full",
  "a response that waited for all, having too many tokens": "workload.tokensWaited",
  "a token waited for, and fresh": "event.token-waited outcome=fresh",
  "a token waited for, and stale": "event.token-waited outcome=stale",
  // Links and members.
  "a link that opens": "event.link-opened",
  "a link that closes": "event.link-closed",
  "a suspicion": "event.member-changed to=suspect",
  "a member that is down": "event.member-changed to=down",
  "a member that is gone": "event.member-changed to=gone",
  "a member that left": "event.member-changed to=left",
  "a refutation": "event.refuted",
  "a rejected frame": "event.frame-rejected",
  "a clock found unsafe": "event.clock-offset safe=false",
  // Gossip.
  "a gap": "event.gap-found",
  "a catch-up by deltas": "event.catch-up-started rung=deltas",
  "a catch-up by states": "event.catch-up-started rung=states",
  "a catch-up by an audit": "event.catch-up-started rung=audit",
  "a session taken in by push": "event.session-integrated path=push",
  "a session taken in by catch-up": "event.session-integrated path=catch-up",
  "a session taken in by audit": "event.session-integrated path=audit",
  "a session taken in by pull": "event.session-integrated path=pull",
  "a session taken in while joining": "event.session-integrated path=join",
  "acknowledgements in full": "event.acks-settled degraded=false",
  "acknowledgements degraded": "event.acks-settled degraded=true",
  // Repair, joining, asking, draining.
  "an audit of equals": "event.audit-finished outcome=equal",
  "an audit that repairs": "event.audit-finished outcome=repaired",
  "an audit that is abandoned": "event.audit-finished outcome=abandoned",
  "a bulk join": "event.join-finished outcome=complete",
  "a pull that finds": "event.pull-finished outcome=found",
  "a pull that finds nothing": "event.pull-finished outcome=absent",
  "a pull that cannot tell": "event.pull-finished outcome=unknown",
  "a drain confirmed": "event.drain-finished confirmed=true",
  "a drain not confirmed": "event.drain-finished confirmed=false",
  // Sessions.
  "an eviction": "event.session-evicted",
  "an idle session dropped": "event.session-collected reason=idle",
  "a session dropped at its end": "event.session-collected reason=absolute",
  "tombstones dropped": "event.tombstones-collected",
  "concurrent writes of one attribute (M2)": "event.merged law=M2",
  "concurrent pushes to one list (M5)": "event.merged law=M5",
  "concurrent increments (M8)": "event.merged law=M8",
  "a logout told (M9)": "event.session-destroyed law=M9",
  "a regeneration told (M13)": "event.session-destroyed law=M13",
};

/** What of it never happened. */
export function neverHappened(totals: Readonly<Record<string, number>>): string[] {
  return Object.entries(SOMETIMES)
    .filter(([, proof]) => !totals[proof])
    .map(([what, proof]) => `${what} (${proof})`);
}
