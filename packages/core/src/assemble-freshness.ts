/**
 * Puts together what concerns a reader that has seen other nodes: waiting for what it saw, and knowing
 * what to tell it to remember. Beside assemble.ts, for the same reason.
 */
import { Freshness } from "./antientropy/freshness.js";
import type { ReplicaConfig } from "./config.js";
import { isTrusted } from "./membership/member.js";
import type { Parts } from "./parts.js";
import type { Runtime } from "./runtime.js";
import { Sharing } from "./sharing.js";
import { beyond } from "./session/version-vector.js";

/** The waiting. */
export function createFreshness(config: ReplicaConfig, runtime: Runtime, parts: Parts): Freshness {
  return new Freshness({
    limits: config.limits,
    elapsedMs: () => runtime.elapsedMs(),
    emit: (event) => runtime.emit(event),
    settle: (ticket, outcome) => runtime.settle(ticket, outcome),
    scheduleDeadline: (ticket, delayMs) =>
      runtime.schedule({ kind: "token-deadline", ticket }, delayMs),
    scheduleRetry: (ask, delayMs) => runtime.schedule({ kind: "token-retry", ask }, delayMs),
    missing: (session, wanted) => {
      if (parts.table.tombstone(session)) return [];
      return beyond(wanted, parts.table.get(session)?.envelope.revisions ?? []);
    },
    ask: (session, ended) => parts.puller.ask(session, ended),
    mayReturn: () => {
      const { membership } = parts;
      return [...membership.members()].some(({ fact, link }) => {
        return link === undefined && (fact.state === "alive" || fact.state === "suspect");
      });
    },
  });
}

/** The knowing. */
export function createSharing(config: ReplicaConfig, runtime: Runtime, parts: Parts): Sharing {
  return new Sharing({
    writer: config.writer,
    auditIntervalMs: config.limits.auditIntervalMs,
    elapsedMs: () => runtime.elapsedMs(),
    expectedMembers: () => parts.membership.expected(),
    isTrusted: (member) => {
      const known = parts.membership.member(member);
      return known !== undefined && isTrusted(known);
    },
    writerOf: (member) => parts.membership.member(member)?.fact.writer,
    hasRestored: () => parts.storage.hasRestored,
    hasMet: (writer) => [...parts.membership.members()].some(({ fact }) => fact.writer === writer),
    hasConfirmed: (member, seq) => parts.pusher.hasConfirmed(member, seq),
  });
}
