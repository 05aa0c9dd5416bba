/**
 * Puts together what is waited for: acknowledgements, and peers that confirm everything before this
 * node goes. Beside assemble.ts, for the same reason.
 */
import type { Limits } from "./config.js";
import { Drain } from "./drain.js";
import { Acks } from "./gossip/acks.js";
import type { Parts } from "./parts.js";
import type { Runtime } from "./runtime.js";

/** The waits for acknowledgements. */
export function createAcks(limits: Limits, runtime: Runtime, parts: Parts): Acks {
  return new Acks({
    limits,
    elapsedMs: () => runtime.elapsedMs(),
    ackers: () => parts.pusher.ackers(),
    isStored: (seq) => parts.storage.isStored(seq),
    schedule: (delayMs) => runtime.schedule({ kind: "ack-deadline" }, delayMs),
    settle: (ticket, outcome) => runtime.settle(ticket, outcome),
    emit: (event) => runtime.emit(event),
  });
}

/** The drain. */
export function createDrain(runtime: Runtime, parts: Parts): Drain {
  return new Drain({
    elapsedMs: () => runtime.elapsedMs(),
    emit: (event) => runtime.emit(event),
    settle: (ticket, outcome) => runtime.settle(ticket, outcome),
    scheduleDeadline: (ticket, delayMs) =>
      runtime.schedule({ kind: "drain-deadline", ticket }, delayMs),
    targets: () => {
      const staying = parts.membership.roster.trusted().filter((member) => !member.fact.draining);
      return staying.map((member) => member.fact.node);
    },
    mayReturn: () => parts.membership.roster.hasSuspects,
    hasAcked: (peer) => (parts.pusher.ackedBy(peer) ?? -1) >= parts.pusher.headSeq,
    audit: (peer) => parts.audits.add(peer, { thorough: true }),
    sessionCount: () => parts.table.counts.hot + parts.table.counts.cold,
  });
}
