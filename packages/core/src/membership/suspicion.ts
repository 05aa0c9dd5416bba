/**
 * When a member is doubted, given up, and believed again.
 *
 *   A ──probe(C)──▶ B             A lost C: does B reach it?
 *   A ◀─probe-result(C)── B
 *
 * Three clocks: a suspect leaves the sets that are waited for now; after `suspicionMs` it is down;
 * after `goneAfterMs` it is gone. A wrong verdict costs only repair, so suspicion is quick and
 * giving up slow.
 *
 * Not here: how long a link may be silent (silence.ts), and telling others (membership.ts).
 */
import type { Limits } from "../config.js";
import type { MemberState } from "../events.js";
import type { LinkId, Millis, NodeId } from "../ids.js";
import type { Prng } from "../prng.js";
import type { MemberFact, Message, ProbeMessage, ProbeResultMessage } from "../wire/messages.js";
import type { Link } from "./links.js";
import { isTrusted, type Member, supersedes } from "./member.js";
import type { Roster } from "./roster.js";

/** How many peers are asked whether they reach a suspect. */
const PROBES_MAX = 3;

/** How long hearsay about a member that this node does not reach is believed. */
const HEARSAY_MS: Millis = 10_000;

/** What suspicion needs of membership. */
export interface SuspicionPort {
  readonly limits: Limits;
  readonly random: Prng;
  elapsedMs(): Millis;
  closeLink(link: LinkId, reason: string): void;
  send(link: LinkId, message: Message): void;
  /** A member is not remembered any more. */
  forgotten(node: NodeId): void;
  /** Whom to wait for may have changed. */
  trustChanged(): void;
}

/** Doubts about members. */
export class Suspicion {
  readonly #port: SuspicionPort;
  readonly #roster: Roster;

  constructor(port: SuspicionPort, roster: Roster) {
    this.#port = port;
    this.#roster = roster;
  }

  suspect(member: Member, reason: string): void {
    this.#roster.setState(member, "suspect", reason);
    this.#probe(member);
  }

  #probe(member: Member): void {
    const { node } = member.fact;
    const trusted = this.#roster.trusted();
    member.probedAtMs = this.#port.elapsedMs();
    for (const { link } of this.#port.random.shuffle(trusted).slice(0, PROBES_MAX)) {
      if (link !== undefined) this.#port.send(link, { type: "probe", node });
    }
  }

  revive(member: Member, reason: string): void {
    this.#roster.setState(member, "alive", reason);
    this.#port.trustChanged();
  }

  /**
   * A link is silent for too long: its peer is doubted once, and the link is closed if it stays so,
   * even where others say that the peer lives, for a path may be cut in one direction.
   */
  onSilence(link: Link, nowMs: Millis): void {
    const member = link.peer === undefined ? undefined : this.#roster.get(link.peer);
    const isDoubted = link.silentSinceMs !== undefined;
    link.silentSinceMs ??= nowMs;
    const isOver = nowMs - link.silentSinceMs >= this.#port.limits.suspicionMs;
    if (member?.link !== link.id || isOver) {
      this.#port.closeLink(link.id, "silent");
    } else if (!isDoubted && member.fact.state === "alive") {
      this.suspect(member, "silent");
      this.#port.trustChanged();
    }
  }

  /** Hearsay about a member: what it does not deserve is told to the member itself. */
  hearOf(fact: MemberFact): void {
    const known = this.#roster.get(fact.node);
    const isDoubt = fact.state === "suspect" || fact.state === "down";
    if (known && isTrusted(known) && isDoubt && supersedes(fact, known.fact)) {
      // We reach it and others do not: it must hear of the doubt to refute it.
      if (known.link !== undefined)
        this.#port.send(known.link, { type: "members", members: [fact] });
      return;
    }
    this.#roster.hear(fact);
  }

  /** Time passes for a member in its present state. */
  age(member: Member, nowMs: Millis): void {
    const { suspicionMs, goneAfterMs } = this.#port.limits;
    const state: MemberState = member.fact.state;
    if (state === "alive") {
      if (member.link === undefined) this.#ageUnlinked(member, nowMs);
    } else if (state === "suspect") {
      const sinceMs = Math.max(member.sinceMs, member.reachedByOthersAtMs);
      if (nowMs - sinceMs < suspicionMs) return;
      this.#roster.setState(member, "down", "not reached in time");
      if (member.link !== undefined) this.#port.closeLink(member.link, "its node is down");
    } else if (state === "down" && nowMs - member.sinceMs >= goneAfterMs) {
      this.#roster.setState(member, "gone", "down for too long");
    } else if (state === "left" || state === "gone") {
      if (nowMs - member.sinceMs < goneAfterMs) return;
      this.#roster.forget(member.fact.node);
      this.#port.forgotten(member.fact.node);
    }
  }

  /** A member that others say is alive, and that this node does not reach: do they really? */
  #ageUnlinked(member: Member, nowMs: Millis): void {
    const sinceMs = Math.max(member.sinceMs, member.reachedByOthersAtMs);
    const isAsked = member.probedAtMs > sinceMs;
    if (!isAsked && nowMs - sinceMs >= HEARSAY_MS) this.#probe(member);
    else if (isAsked && nowMs - member.probedAtMs >= this.#port.limits.suspicionMs) {
      this.suspect(member, "reached by nobody");
    }
  }

  onProbe(link: LinkId, { node }: ProbeMessage): void {
    const member = this.#roster.get(node);
    const isReached = member !== undefined && isTrusted(member);
    this.#port.send(link, { type: "probe-result", node, isReached });
  }

  onProbeResult({ node, isReached }: ProbeResultMessage): void {
    const member = this.#roster.get(node);
    if (member && isReached) member.reachedByOthersAtMs = this.#port.elapsedMs();
  }
}
