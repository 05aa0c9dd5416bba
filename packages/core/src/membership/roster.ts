/**
 * The table of members: facts joined by incarnation and state, and which of them are news.
 *
 * Not here: links and silence (membership.ts); the order between facts (member.ts).
 */
import type { ReplicaConfig } from "../config.js";
import type { EventBody, MemberState } from "../events.js";
import type { Millis, NodeId } from "../ids.js";
import type { MemberFact } from "../wire/messages.js";
import { medianOffsetMs } from "./clock-offsets.js";
import { isTrusted, type Member, supersedes } from "./member.js";
import { Namesakes } from "./namesakes.js";
import { partOf, partsFor, RosterSums } from "./roster-sums.js";
import { UntoldFacts } from "./untold.js";

/**
 * How far hearsay may raise an incarnation at once. Members raise their own by one; who leaps to the
 * end of the numbers would leave a member none to refute with.
 */
const LEAP_MAX = 2 ** 20;

/** What the roster needs of membership's port. */
export interface RosterPort {
  readonly config: ReplicaConfig;
  elapsedMs(): Millis;
  emit(event: EventBody): void;
}

/** The members known here, this node apart. */
export class Roster {
  readonly #port: RosterPort;
  readonly #members = new Map<NodeId, Member>();
  /** What changed and was told to nobody yet. */
  readonly untold: UntoldFacts = new UntoldFacts();
  readonly #sums = new RosterSums();
  readonly #namesakes = new Namesakes();
  #self: MemberFact;
  #hasHeardOfAll = false;
  #hasJoined = false;
  #hasNews = false;

  constructor(port: RosterPort) {
    this.#port = port;
    const { node, writer, address } = port.config;
    this.#self = { node, writer, address, incarnation: 1, state: "alive", draining: false };
    this.#sums.replace(undefined, this.#self);
  }

  get self(): MemberFact {
    return this.#self;
  }

  /** Whether this node was ever linked to every member that a member told it of. */
  get hasJoined(): boolean {
    return this.#hasJoined;
  }

  /** Members that are alive as others say, and that this node has no link to. */
  unlinked(): NodeId[] {
    const facts = [...this.#members.values()].filter(({ link }) => link === undefined);
    return facts.filter(({ fact }) => fact.state === "alive").map(({ fact }) => fact.node);
  }

  /** Whether a member may be waited for, linked or about to be, and whether it is about to leave. */
  standingOf(node: NodeId): { isTrusted: boolean; isDraining: boolean } {
    const fact = this.#members.get(node)?.fact;
    return { isTrusted: fact?.state === "alive", isDraining: fact?.draining === true };
  }

  /** A member told of all that it knows. */
  heardOfAll(): void {
    this.#hasHeardOfAll = true;
    this.reviewJoined();
  }

  /** A link is up. */
  reviewJoined(): void {
    if (this.#hasJoined || !this.#hasHeardOfAll) return;
    for (const { fact, link } of this.#members.values()) {
      if (fact.state === "alive" && link === undefined) return;
    }
    this.#hasJoined = true;
  }

  /**
   * Whether any fact changed since this was last asked. In a large cluster most hearsay is none:
   * each member is told of a change by every other.
   */
  takeHasNews(): boolean {
    const hadNews = this.#hasNews;
    this.#hasNews = false;
    return hadNews;
  }

  get(node: NodeId): Member | undefined {
    return this.#members.get(node);
  }

  members(): Iterable<Member> {
    return this.#members.values();
  }

  /** Members with a link that are not suspected. */
  trusted(): Member[] {
    return [...this.#members.values()].filter(isTrusted);
  }

  /** How far the median of all clocks is ahead of the own one, which leads the monotonic one so far. */
  clockOffsetMs(ownLeadMs: Millis): Millis {
    const offsets: Millis[] = [];
    for (const member of this.#members.values()) {
      if (isTrusted(member)) offsets.push((member.wallLeadMs ?? ownLeadMs) - ownLeadMs);
    }
    return medianOffsetMs(offsets);
  }

  /** Whether someone is suspected who is not about to leave anyway. */
  get hasSuspects(): boolean {
    const facts = [...this.#members.values()].map((member) => member.fact);
    return facts.some(({ state, draining }) => state === "suspect" && !draining);
  }

  /** Members with a link, suspected or not. */
  linked(): NodeId[] {
    const linked = [...this.#members.values()].filter((member) => member.link !== undefined);
    return linked.map((member) => member.fact.node);
  }

  /** Everything that may be told to a peer: all but this node's own verdict `gone`. */
  facts(): MemberFact[] {
    const others = [...this.#members.values()].map((member) => member.fact);
    return [this.#self, ...others.filter((fact) => fact.state !== "gone")];
  }

  /** Sums over all that may be told, for hello. */
  sums(): readonly number[] {
    return this.#sums.inParts(partsFor(this.#members.size + 1)) ?? [];
  }

  /** What may be told to who knew so much: all parts of the table of which his sum is another. */
  factsUnlike(sums: readonly number[]): MemberFact[] {
    const own = this.#sums.inParts(sums.length);
    if (!own) return this.facts();
    if (own.every((sum, part) => sum === sums[part])) return [];
    const isUnlike = (part: number): boolean => own[part] !== sums[part];
    return this.facts().filter((fact) => isUnlike(partOf(fact) % sums.length));
  }

  /** The member that said hello, undefined where there is no room for another. */
  meet(fact: MemberFact): Member | undefined {
    const alive: MemberFact = { ...fact, state: "alive" };
    const known = this.#members.get(fact.node);
    if (!known) {
      const member = this.#add(alive, "said hello");
      if (member) this.#greeted(alive);
      this.#supersedeAddress(alive, true);
      return member;
    }
    this.#greeted(alive);
    const isRestart = known.fact.writer !== fact.writer;
    if (isRestart || supersedes(alive, known.fact)) this.#set(known, alive, "said hello");
    this.#supersedeAddress(alive, true);
    return known;
  }

  /** Hearsay about another node. */
  hear(fact: MemberFact): void {
    // `gone` is everyone's own verdict: passed on, it would reach all but the one who could refute it.
    if (fact.state === "gone") return;
    const known = this.#members.get(fact.node);
    if (fact.incarnation > (known?.fact.incarnation ?? 0) + LEAP_MAX) return;
    if (known) {
      if (supersedes(fact, known.fact)) this.#set(known, fact, "heard from a peer");
    } else if (fact.state !== "left" && !this.#isAddressTaken(fact)) {
      this.#add(fact, "heard from a peer");
    }
  }

  /** Hearsay about this node: refuted by a higher incarnation where it is wrong. */
  hearOfSelf(fact: MemberFact, accuser: NodeId): void {
    const isDoubt = fact.state !== "alive" || fact.writer !== this.#self.writer;
    if (!isDoubt || fact.incarnation < this.#self.incarnation) return;
    if (fact.incarnation > this.#self.incarnation + LEAP_MAX) return;
    this.#setSelf({ incarnation: fact.incarnation + 1 });
    this.untold.put(this.#self);
    this.#port.emit({ type: "refuted", incarnation: this.#self.incarnation, accuser });
  }

  startDraining(): void {
    this.#setSelf({ incarnation: this.#self.incarnation + 1, draining: true });
  }

  /** This node's own observation of a member. */
  setState(member: Member, state: MemberState, reason: string): void {
    if (member.fact.state === state) return;
    this.#set(member, { ...member.fact, state }, reason);
  }

  forget(node: NodeId): void {
    this.#hasNews = true;
    this.#sums.replace(this.#members.get(node)?.fact, undefined);
    this.#members.delete(node);
    this.#namesakes.forget(node);
  }

  /** Where members that may still come back can be dialled. */
  wantedAddresses(): Map<string, NodeId> {
    const wanted = new Map<string, NodeId>();
    for (const { fact } of this.#members.values()) {
      const isWanted = fact.state !== "left" && fact.state !== "gone" && fact.address !== "";
      if (isWanted && fact.address !== this.#self.address) wanted.set(fact.address, fact.node);
    }
    return wanted;
  }

  #add(fact: MemberFact, reason: string): Member | undefined {
    if (this.#members.size >= this.#port.config.limits.membersMax && !this.#makeRoom()) {
      return undefined;
    }
    const never = Number.NEGATIVE_INFINITY;
    const member: Member = {
      fact,
      sinceMs: this.#port.elapsedMs(),
      link: undefined,
      wallLeadMs: undefined,
      reachedByOthersAtMs: never,
      probedAtMs: never,
    };
    this.#hasNews = true;
    this.#members.set(fact.node, member);
    this.#sums.replace(undefined, fact);
    this.#supersedeAddress(fact, false);
    this.#announce(member, undefined, reason);
    return member;
  }

  #makeRoom(): boolean {
    for (const [node, { fact }] of this.#members) {
      if (fact.state !== "left" && fact.state !== "gone") continue;
      this.forget(node);
      return true;
    }
    return false;
  }

  #greeted({ node, writer, address }: MemberFact): void {
    if (!this.#namesakes.greeted(node, writer)) return;
    this.#port.emit({ type: "node-name-taken", member: node, address });
  }

  /** Another process answers where an unreachable member used to be: that one will not come back. */
  #supersedeAddress(fact: MemberFact, isProven: boolean): void {
    if (fact.address === "" || fact.state !== "alive") return;
    for (const other of this.#members.values()) {
      const { node, address, state } = other.fact;
      const isOther = address === fact.address && node !== fact.node && other.link === undefined;
      const isUnreachable = state === "suspect" || state === "down";
      if (isOther && (isUnreachable || (isProven && state === "alive"))) {
        this.setState(other, "gone", `${fact.node} has taken its address`);
      }
    }
  }

  /** Whether someone else is known to be where a fact says that its node is. */
  #isAddressTaken({ node, address }: MemberFact): boolean {
    if (address === "") return false;
    if (address === this.#self.address) return true;
    return [...this.#members.values()].some(
      ({ fact, link }) => fact.address === address && fact.node !== node && link !== undefined,
    );
  }

  #set(member: Member, fact: MemberFact, reason: string): void {
    this.#hasNews = true;
    const from = member.fact.state;
    const isNews = from !== fact.state || member.fact.draining !== fact.draining;
    this.#sums.replace(member.fact, fact);
    member.fact = fact;
    if (from !== fact.state) member.sinceMs = this.#port.elapsedMs();
    this.untold.put(fact);
    if (isNews) this.#announce(member, from, reason);
  }

  #setSelf(change: Partial<MemberFact>): void {
    const before = this.#self;
    this.#self = { ...before, ...change };
    this.#sums.replace(before, this.#self);
  }

  #announce(member: Member, from: MemberState | undefined, reason: string): void {
    const { node, incarnation, state, draining } = member.fact;
    this.untold.put(member.fact);
    const news = { member: node, incarnation, from, to: state, draining, reason };
    this.#port.emit({ type: "member-changed", ...news });
  }
}
