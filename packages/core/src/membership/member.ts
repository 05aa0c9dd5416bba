/**
 * A member as this node knows it, and which of two facts about a member is the newer.
 *
 * The order is SWIM's (Das, Gupta & Motivala 2002, section 4.2): a higher incarnation wins, and
 * within one incarnation the graver state, so that only the member itself can refute.
 *
 * Not here: when to suspect (membership.ts), and dialling (dialer.ts).
 */
import type { MemberState } from "../events.js";
import type { LinkId, Millis } from "../ids.js";
import type { MemberFact } from "../wire/messages.js";

/** How grave a state is within one incarnation. `gone` is this node's own verdict, never passed on. */
const GRAVITY: Readonly<Record<MemberState, number>> = {
  alive: 0,
  suspect: 1,
  down: 2,
  gone: 3,
  left: 4,
};

/** Whether `fact` says something newer about its member than `known`. */
export function supersedes(fact: MemberFact, known: MemberFact): boolean {
  if (fact.incarnation !== known.incarnation) return fact.incarnation > known.incarnation;
  return GRAVITY[fact.state] > GRAVITY[known.state];
}

/** A member other than this node. */
export interface Member {
  fact: MemberFact;
  /** When it came into its present state, on the monotonic clock. */
  sinceMs: Millis;
  /** The link that messages to it go by, while there is one. */
  link: LinkId | undefined;
  /** How far its wall clock is ahead of our monotonic one, as last heard; undefined before. */
  wallLeadMs: Millis | undefined;
  /** When a peer last said that it reaches this member, though we do not. */
  reachedByOthersAtMs: Millis;
  /** When peers were last asked that. */
  probedAtMs: Millis;
}

/** Whether acknowledgements of this member may be waited for. */
export function isTrusted(member: Member): boolean {
  return member.fact.state === "alive" && member.link !== undefined;
}
