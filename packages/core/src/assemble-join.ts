/**
 * Puts together what fills a node that joins, and what gives to one, and sees to it that audits wait
 * for the bulk. Beside assemble.ts, for the same reason.
 */
import { AuditQueue } from "./antientropy/audit-queue.js";
import { BulkJoin } from "./antientropy/bulk-join.js";
import { RangeDonor } from "./antientropy/range-donor.js";
import type { Limits } from "./config.js";
import type { NodeId } from "./ids.js";
import { isTrusted } from "./membership/member.js";
import type { Parts } from "./parts.js";
import type { Runtime } from "./runtime.js";
import type { WholeItem } from "./session-state.js";
import type { Message } from "./wire/messages.js";

/** What joining takes of the assembly. */
export interface JoinAssembly {
  readonly limits: Limits;
  readonly runtime: Runtime;
  readonly parts: Parts;
  send(peer: NodeId, message: Message): void;
  integrate(peer: NodeId, item: WholeItem): void;
  /** Whether the peer computes digests as this node does. */
  isComparable(peer: NodeId): boolean;
}

/** The asking half. */
export function createBulkJoin(assembly: JoinAssembly): BulkJoin {
  const { limits, runtime, parts } = assembly;
  return new BulkJoin({
    limits,
    elapsedMs: () => runtime.elapsedMs(),
    send: (peer, message) => assembly.send(peer, message),
    emit: (event) => runtime.emit(event),
    heldCount: () => parts.sums.count,
    isDonor: (peer) => {
      const member = parts.membership.member(peer);
      const isStaying = member !== undefined && isTrusted(member) && !member.fact.draining;
      return isStaying && assembly.isComparable(peer);
    },
    linkedPeers: () => parts.membership.roster.linked(),
    isLeaving: () => parts.drain.isStarted,
    integrate: (peer, item) => assembly.integrate(peer, item),
    answerAudit: (peer, audit) => parts.auditor.onAudit(peer, audit),
    audit: (peer) => parts.audits.add(peer, { thorough: true }),
    finished: () => parts.audits.next(),
  });
}

/** The giving half. */
export function createRangeDonor({ limits, parts, send }: JoinAssembly): RangeDonor {
  return new RangeDonor({
    limits,
    send,
    elementsOf: (partition) => parts.table.elementsOf(partition),
    wholeItem: (session) => parts.table.toItem(session),
    isJoining: () => parts.bulkJoin.isJoining,
  });
}

/** Whom to audit next, once there is something to compare. */
export function createAudits(runtime: Runtime, parts: Parts): AuditQueue {
  const { membership } = parts;
  return new AuditQueue({
    random: runtime.random,
    isBusy: () => parts.auditor.isBusy || parts.bulkJoin.isJoining,
    isTrusted: (peer) => {
      const member = membership.member(peer);
      return member !== undefined && isTrusted(member);
    },
    trustedPeers: () => membership.roster.trusted().map((member) => member.fact.node),
    start: (peer, options) => parts.auditor.start(peer, options),
  });
}
