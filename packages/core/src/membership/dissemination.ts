/**
 * Telling others what is known of members: changes to all at the next tick or hello, and now and
 * then the whole table to one of them, for whoever missed a change.
 *
 * Not here: what a fact means (roster.ts).
 */
import type { LinkId } from "../ids.js";
import type { Prng } from "../prng.js";
import type { MemberFact, Message } from "../wire/messages.js";
import type { Roster } from "./roster.js";

/** How often the whole member table goes to one random peer, in ticks. */
const FULL_EXCHANGE_TICKS = 120;

/** What dissemination needs of membership. */
export interface DisseminationPort {
  readonly random: Prng;
  send(link: LinkId, message: Message): void;
}

/** Spreads the roster. */
export class Dissemination {
  readonly #port: DisseminationPort;
  readonly #roster: Roster;
  #ticks = 0;

  constructor(port: DisseminationPort, roster: Roster) {
    this.#port = port;
    this.#roster = roster;
  }

  tick(): void {
    this.#tellChanged();
    this.#ticks += 1;
    if (this.#ticks % FULL_EXCHANGE_TICKS === 0) this.#exchangeWithOne();
  }

  broadcast(members: readonly MemberFact[]): void {
    for (const { link } of this.#roster.members()) {
      if (link !== undefined) this.#port.send(link, { type: "members", members });
    }
  }

  /**
   * Tells the whole table to who has just said hello, `outdated` first; and all others of him, before
   * he gets any session from here. What he gets may lack a write that is on its way here, whose writer
   * thus knows of him by the time this node confirms it, and tells his users what they have seen (P5).
   */
  greet(link: LinkId, outdated: readonly MemberFact[]): void {
    // First: the first that a node hears of members is taken for all of them.
    this.#port.send(link, { type: "members", members: [...outdated, ...this.#roster.facts()] });
    this.#tellChanged();
  }

  #tellChanged(): void {
    const changed = this.#roster.takeChanged();
    if (changed.length > 0) this.broadcast(changed);
  }

  #exchangeWithOne(): void {
    const trusted = this.#roster.trusted();
    if (trusted.length === 0) return;
    const { link } = this.#port.random.pick(trusted);
    if (link === undefined) return;
    this.#port.send(link, { type: "members", members: this.#roster.facts() });
  }
}
