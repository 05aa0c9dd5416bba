/**
 * The membership machine: who is there, who is suspected, and which link leads to whom.
 *
 *   A ──hello(sums), members──▶ B   on every new link, both ways: what B lacked when it said hello
 *   A ──members(changed)──▶ all     whatever changed since the last tick and they did not tell
 *
 * Invariants: 1. A member's link is open, and its hello was seen on it. 2. Only the member itself
 * raises its incarnation. 3. At most `membersMax` members are remembered.
 *
 * Not here: doubts (suspicion.ts); sessions, pushes and repairs.
 */
import type { ReplicaConfig } from "../config.js";
import type { EventBody, RefusalCode } from "../events.js";
import type { LinkId, Millis, NodeId } from "../ids.js";
import type { Prng } from "../prng.js";
import type { HelloMessage, MemberFact, Message } from "../wire/messages.js";
import { incompatibility } from "./compatibility.js";
import { Dialer } from "./dialer.js";
import { Dissemination } from "./dissemination.js";
import { Links, preferredLink } from "./links.js";
import type { Refusal } from "./refusals.js";
import type { Member } from "./member.js";
import { Roster } from "./roster.js";
import { SilenceMeter } from "./silence.js";
import { Suspicion } from "./suspicion.js";

/** How often the machine looks at its clocks. */
export const TICK_MS: Millis = 250;

/** What membership needs of its replica. */
export interface MembershipPort {
  readonly config: ReplicaConfig;
  readonly random: Prng;
  wallMs(): Millis;
  elapsedMs(): Millis;
  hello(self: MemberFact, sums: readonly number[]): HelloMessage;
  dial(address: string): void;
  closeLink(link: LinkId, reason: string): void;
  send(link: LinkId, message: Message): void;
  /** Sends one message by several links. */
  sendAll(links: readonly LinkId[], message: Message): void;
  emit(event: EventBody): void;
  /** A member answered at an address that this node dialled. */
  welcomed(address: string): void;
  /** This node refused another one. */
  refused(refusal: Refusal): void;
  /** A link to `peer` is up, or a better one replaced it. */
  peerUp(peer: NodeId, hello: HelloMessage): void;
  /** A member that was gone for long is not remembered any more. */
  forgotten(peer: NodeId): void;
  /** There is no link to `peer` any more. */
  peerDown(peer: NodeId): void;
  /** Whom to wait for may have changed. */
  trustChanged(): void;
}

/** The machine. */
export class Membership {
  readonly #port: MembershipPort;
  readonly #links = new Links();
  readonly roster: Roster;
  readonly suspicion: Suspicion;
  readonly #dissemination: Dissemination;
  readonly #dialer: Dialer;
  #tickedAtMs: Millis;
  #hasSeeds: boolean;

  constructor(port: MembershipPort) {
    this.#port = port;
    const { limits, seeds } = port.config;
    const { random } = port;
    const elapsedMs = (): Millis => port.elapsedMs();
    this.roster = new Roster(port);
    const send = (link: LinkId, message: Message): void => port.send(link, message);
    const suspicionPort = {
      ...{ limits, random, elapsedMs, send },
      closeLink: (link: LinkId, reason: string) => port.closeLink(link, reason),
      trustChanged: () => port.trustChanged(),
      forgotten: (node: NodeId) => port.forgotten(node),
    };
    this.suspicion = new Suspicion(suspicionPort, this.roster);
    const sendAll: MembershipPort["sendAll"] = (links, message) => port.sendAll(links, message);
    this.#dissemination = new Dissemination({ random, send, sendAll }, this.roster);
    const dial = (address: string): void => port.dial(address);
    this.#dialer = new Dialer({ limits, random, elapsedMs, dial }, seeds);
    this.#tickedAtMs = port.elapsedMs();
    this.#hasSeeds = seeds.length > 0;
  }

  get hasJoined(): boolean {
    return this.roster.hasJoined;
  }

  get self(): MemberFact {
    return this.roster.self;
  }

  members(): Iterable<Member> {
    return this.roster.members();
  }

  member(node: NodeId): Member | undefined {
    return this.roster.get(node);
  }

  peerOf(link: LinkId): NodeId | undefined {
    return this.#links.get(link)?.peer;
  }

  /** Members that are neither left nor gone; undefined as long as none of the seeds was reached. */
  expected(): NodeId[] | undefined {
    if (!this.hasJoined && this.#hasSeeds) return undefined;
    const facts = [...this.roster.members()].map((member) => member.fact);
    return facts
      .filter(({ state }) => state !== "left" && state !== "gone")
      .map(({ node }) => node);
  }

  /** How far the cluster's median clock is ahead of this node's. */
  clockOffsetMs(): Millis {
    return this.roster.clockOffsetMs(this.#port.wallMs() - this.#port.elapsedMs());
  }

  linkOpened(id: LinkId, dialled: string | undefined): void {
    const { heartbeatIntervalMs: intervalMs, suspectFloorMs: floorMs } = this.#port.config.limits;
    const silence = new SilenceMeter(this.#port.elapsedMs(), { intervalMs, floorMs });
    const unknown = { peer: undefined, address: undefined, silentSinceMs: undefined };
    this.#links.add({ id, dialled, silence, ...unknown, isRefused: false });
    if (dialled !== undefined) this.#dialer.opened(dialled);
    this.#port.send(id, this.#port.hello(this.self, this.roster.sums()));
  }

  /** Returns the addresses that are seeds no more. */
  setSeeds(seeds: readonly string[]): string[] {
    this.#hasSeeds = seeds.length > 0;
    return this.#dialer.setSeeds(seeds);
  }

  dialFailed(address: string): void {
    this.#dialer.failed(address);
  }

  linkClosed(id: LinkId, reason: string): void {
    const link = this.#links.remove(id);
    if (link?.dialled !== undefined) this.#dialer.failed(link.dialled);
    const member = link?.peer === undefined ? undefined : this.roster.get(link.peer);
    if (!member || member.link !== id) return;
    member.link = undefined;
    const { node, address } = member.fact;
    this.#port.emit({ type: "link-closed", peer: node, reason });
    this.#port.peerDown(node);
    if (!link?.isRefused) this.#dialer.lost(address);
    if (member.fact.state === "alive") this.suspicion.suspect(member, reason);
    this.#port.trustChanged();
  }

  /** Any frame is a sign of life. */
  heard(id: LinkId): void {
    const link = this.#links.get(id);
    link?.silence.hear(this.#port.elapsedMs());
    if (link) link.silentSinceMs = undefined;
    const member = link?.peer === undefined ? undefined : this.roster.get(link.peer);
    if (member?.link !== id) return;
    const { state } = member.fact;
    if (state === "suspect" || state === "down") this.suspicion.revive(member, "heard again");
  }

  onHello(id: LinkId, hello: HelloMessage): void {
    const link = this.#links.get(id);
    if (!link || link.peer !== undefined) return;
    const { node, writer, address } = hello.member;
    link.address = address;
    if (node === this.self.node) {
      const isSelf = writer === this.self.writer;
      if (isSelf && link.dialled !== undefined) this.#dialer.answeredBySelf(link.dialled);
      const detail = `node id ${node} is taken; give each node its own \`node\``;
      if (isSelf) this.#port.closeLink(id, "this is the node itself");
      else this.refuse(id, { code: "node-id", detail });
      return;
    }
    const refusal = incompatibility(hello, this.#port.config, this.#port.wallMs());
    if (refusal) {
      this.refuse(id, refusal);
      return;
    }
    const former = this.roster.get(node)?.fact;
    const isSameProcess = former?.writer === writer;
    const member = this.roster.meet(hello.member);
    if (!member) {
      const detail = "the cluster has as many members as `membersMax` allows";
      this.refuse(id, { code: "members-full", detail });
      return;
    }
    link.peer = node;
    this.#port.welcomed(address);
    if (link.dialled !== undefined) {
      this.#dialer.answered(link.dialled, node);
      this.#port.welcomed(link.dialled);
    }
    member.wallLeadMs = hello.wallMs - this.#port.elapsedMs();
    const older = member.link === undefined ? undefined : this.#links.get(member.link);
    const isOlderKept =
      older &&
      isSameProcess &&
      preferredLink({ older, newer: link }, this.self.node, node) === older;
    if (isOlderKept) {
      this.#port.closeLink(id, "a second link between the same two nodes");
      return;
    }
    member.link = id;
    this.roster.reviewJoined();
    if (older)
      this.#port.closeLink(older.id, "replaced by another link between the same two nodes");
    this.#port.emit({ type: "link-opened", peer: node, address });
    if (member.fact.state !== "alive") this.suspicion.revive(member, "said hello");
    // A new process under an old name must outbid what is still said about the one before it.
    const outdated = former && !isSameProcess ? [former] : [];
    this.#dissemination.greet(id, { node, outdated, sums: hello.memberSums });
    this.#port.peerUp(node, hello);
    this.#port.trustChanged();
  }

  onMembers(from: NodeId, facts: readonly MemberFact[]): void {
    for (const fact of facts) {
      if (fact.node === this.self.node) this.roster.hearOfSelf(fact, from);
      else this.suspicion.hearOf(fact);
    }
    const link = this.roster.get(from)?.link;
    if (link !== undefined) this.roster.untold.heard(link, facts);
    this.roster.heardOfAll();
    if (this.roster.takeHasNews()) this.#port.trustChanged();
  }

  onHeartbeat(from: NodeId, peerWallMs: Millis): void {
    const member = this.roster.get(from);
    if (member) member.wallLeadMs = peerWallMs - this.#port.elapsedMs();
  }

  onLeave(from: NodeId): void {
    const member = this.roster.get(from);
    if (member) this.roster.setState(member, "left", "it said so");
    this.#port.trustChanged();
  }

  /** Tells a peer that this node will have nothing to do with it, and closes the link. */
  refuse(id: LinkId, { code, detail }: { code: RefusalCode; detail: string }): void {
    this.#port.refused({ address: this.addressOf(id), code, detail, byPeer: false });
    this.#port.send(id, { type: "refuse", code, detail });
    this.refusedBy(id);
    this.#port.closeLink(id, `refused: ${detail}`);
  }

  /** Where the other end of a link is, as far as known. */
  addressOf(id: LinkId): string {
    const link = this.#links.get(id);
    const member = link?.peer === undefined ? undefined : this.roster.get(link.peer);
    return link?.dialled ?? member?.fact.address ?? link?.address ?? "";
  }

  /** The other end refused this node: its address is tried rarely from now on. */
  refusedBy(id: LinkId): void {
    const link = this.#links.get(id);
    const member = link?.peer === undefined ? undefined : this.roster.get(link.peer);
    if (link) link.isRefused = true;
    for (const address of [link?.dialled, member?.fact.address]) {
      if (address !== undefined) this.#dialer.refused(address);
    }
  }

  /** Says to all that this node takes no more requests and is about to leave. */
  startDraining(): void {
    this.roster.startDraining();
    this.#dissemination.broadcast([this.self]);
  }

  /** Says to all that this node leaves for good. */
  leave(): void {
    const links = [...this.#links.all()].map(({ id }) => id);
    this.#port.sendAll(links, { type: "leave" });
  }

  tick(): void {
    const nowMs = this.#port.elapsedMs();
    const stallMs = nowMs - this.#tickedAtMs - TICK_MS;
    this.#tickedAtMs = nowMs;
    for (const link of this.#links.all()) {
      if (stallMs > TICK_MS) link.silence.forgive(stallMs, nowMs);
      if (link.silence.isSilent(nowMs)) this.suspicion.onSilence(link, nowMs);
    }
    for (const member of [...this.roster.members()]) this.suspicion.age(member, nowMs);
    this.#dissemination.tick();
    this.#dialer.tick(this.roster.wantedAddresses(), (node) => this.#isLinked(node));
  }

  #isLinked(node: NodeId): boolean {
    return this.roster.get(node)?.link !== undefined;
  }
}
