/**
 * Telling others what is known of members: changes to all at the next tick or hello, to who says
 * hello what he lacks, and now and then the whole table to one, for whoever missed a change.
 *
 * Nobody is told what he told, or knew at hello: of two nodes that both see a member go, one tells.
 *
 * Not here: what a fact means (roster.ts).
 */
import type { LinkId, NodeId } from "../ids.js";
import type { Prng } from "../prng.js";
import type { MemberFact, Message } from "../wire/messages.js";
import type { Roster } from "./roster.js";
import type { Telling } from "./untold.js";

/** How often the whole member table goes to one random peer, in ticks. */
const FULL_EXCHANGE_TICKS = 120;

/** What dissemination needs of membership. */
export interface DisseminationPort {
  readonly random: Prng;
  send(link: LinkId, message: Message): void;
  /** Sends one message by several links. */
  sendAll(links: readonly LinkId[], message: Message): void;
}

/** Who has just said hello. */
export interface Newcomer {
  readonly node: NodeId;
  /** What was known of the process that had its name before. */
  readonly outdated: readonly MemberFact[];
  /** The sums over what it knew when it said hello; undefined where its version has none. */
  readonly sums: readonly number[] | undefined;
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
    this.#tell(this.#roster.untold.take());
    this.#ticks += 1;
    if (this.#ticks % FULL_EXCHANGE_TICKS === 0) this.#exchangeWithOne();
  }

  broadcast(members: readonly MemberFact[]): void {
    const links = [...this.#roster.members()].flatMap(({ link }) => link ?? []);
    this.#port.sendAll(links, { type: "members", members });
  }

  /**
   * Tells who has just said hello what he may lack; and all others of him, before he gets any session
   * from here. What he gets may lack a write that is on its way here, whose writer thus knows of him by
   * the time this node confirms it, and tells his users what they have seen (P5).
   *
   * What he knew when he said hello he knows still, or what superseded it.
   */
  greet(link: LinkId, { node, outdated, sums }: Newcomer): void {
    const lacking = sums ? this.#roster.factsUnlike(sums) : this.#roster.facts();
    // First, and even where it is nothing: the first that a node hears of members makes its table whole.
    this.#port.send(link, { type: "members", members: [...outdated, ...lacking] });
    this.#roster.untold.heardAll(link);
    this.#tell(this.#roster.untold.take(node));
  }

  /** Tells all what they do not know already. */
  #tell(telling: Telling): void {
    if (telling.facts.length === 0) return;
    const told: LinkId[] = [];
    for (const { link } of this.#roster.members()) {
      if (link === undefined) continue;
      const members = telling.for(link);
      if (members === telling.facts) told.push(link);
      else if (members.length > 0) this.#port.send(link, { type: "members", members });
    }
    if (told.length > 0) this.#port.sendAll(told, { type: "members", members: telling.facts });
  }

  #exchangeWithOne(): void {
    const trusted = this.#roster.trusted();
    if (trusted.length === 0) return;
    const { link } = this.#port.random.pick(trusted);
    if (link === undefined) return;
    this.#port.send(link, { type: "members", members: this.#roster.facts() });
  }
}
