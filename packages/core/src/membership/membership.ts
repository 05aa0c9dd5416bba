/**
 * The membership machine: who is there, who is suspected, and which link leads to whom.
 *
 *   A ──hello, members──▶ B       on every new link, both ways
 *   A ──members(changed)──▶ all   whatever changed since the last tick
 *   A ──probe(C)──▶ B             A lost C: does B reach it?
 *   A ◀─probe-result(C)── B
 *
 * Three clocks: a suspect leaves the sets that are waited for now; after `suspicionMs` it is down;
 * after `goneAfterMs` it is gone. A wrong verdict costs only repair, so suspicion is quick and
 * giving up slow.
 *
 * Invariants: 1. A member's link is open, and its hello was seen on it. 2. Only the member itself
 * raises its incarnation. 3. At most `membersMax` members are remembered.
 *
 * Not here: sessions, pushes and repairs.
 */
import type { ReplicaConfig } from "../config.js";
import type { EventBody, MemberState, RefusalCode } from "../events.js";
import type { LinkId, Millis, NodeId } from "../ids.js";
import type { Prng } from "../prng.js";
import type {
  HelloMessage,
  MemberFact,
  Message,
  ProbeMessage,
  ProbeResultMessage,
} from "../wire/messages.js";
import { medianOffsetMs } from "./clock-offsets.js";
import { incompatibility } from "./compatibility.js";
import { Dialer } from "./dialer.js";
import { Links, preferredLink } from "./links.js";
import type { Refusal } from "./refusals.js";
import { isTrusted, type Member, supersedes } from "./member.js";
import { Roster } from "./roster.js";
import { SilenceMeter } from "./silence.js";

/** How often the machine looks at its clocks. */
export const TICK_MS: Millis = 250;

/** How many peers are asked whether they reach a suspect. */
const PROBES_MAX = 3;

/** How often the whole member table goes to one random peer, in ticks. */
const FULL_EXCHANGE_TICKS = 120;

/** What membership needs of its replica. */
export interface MembershipPort {
  readonly config: ReplicaConfig;
  readonly random: Prng;
  wallMs(): Millis;
  elapsedMs(): Millis;
  hello(self: MemberFact): HelloMessage;
  dial(address: string): void;
  closeLink(link: LinkId, reason: string): void;
  send(link: LinkId, message: Message): void;
  emit(event: EventBody): void;
  /** A member answered at an address that this node dialled. */
  welcomed(address: string): void;
  /** This node refused another one. */
  refused(refusal: Refusal): void;
  /** A link to `peer` is up, or a better one replaced it. */
  peerUp(peer: NodeId, link: LinkId, hello: HelloMessage): void;
  /** There is no link to `peer` any more. */
  peerDown(peer: NodeId): void;
  /** Whom to wait for may have changed. */
  trustChanged(): void;
}

/** The machine. */
export class Membership {
  readonly #port: MembershipPort;
  readonly #links = new Links();
  readonly #roster: Roster;
  readonly #dialer: Dialer;
  #tickedAtMs: Millis;
  #ticks = 0;
  #hasJoined = false;

  constructor(port: MembershipPort) {
    this.#port = port;
    this.#roster = new Roster(port);
    const { limits, seeds } = port.config;
    const { random } = port;
    this.#dialer = new Dialer(
      {
        limits,
        random,
        elapsedMs: () => port.elapsedMs(),
        dial: (address) => port.dial(address),
      },
      seeds,
    );
    this.#tickedAtMs = port.elapsedMs();
  }

  get hasJoined(): boolean {
    return this.#hasJoined;
  }

  get self(): MemberFact {
    return this.#roster.self;
  }

  members(): Iterable<Member> {
    return this.#roster.members();
  }

  member(node: NodeId): Member | undefined {
    return this.#roster.get(node);
  }

  peerOf(link: LinkId): NodeId | undefined {
    return this.#links.get(link)?.peer;
  }

  /** Members with a link that are not suspected. */
  trusted(): Member[] {
    return [...this.#roster.members()].filter(isTrusted);
  }

  /** How far the cluster's median clock is ahead of this node's. */
  clockOffsetMs(): Millis {
    return medianOffsetMs(this.trusted().map((member) => member.clockOffsetMs));
  }

  linkOpened(id: LinkId, dialled: string | undefined): void {
    const { heartbeatIntervalMs: intervalMs, suspectFloorMs: floorMs } = this.#port.config.limits;
    const silence = new SilenceMeter(this.#port.elapsedMs(), { intervalMs, floorMs });
    this.#links.add({ id, dialled, silence, peer: undefined, isRefused: false });
    if (dialled !== undefined) this.#dialer.opened(dialled);
    this.#port.send(id, this.#port.hello(this.self));
  }

  dialFailed(address: string): void {
    this.#dialer.failed(address);
  }

  linkClosed(id: LinkId, reason: string): void {
    const link = this.#links.remove(id);
    if (link?.dialled !== undefined) this.#dialer.failed(link.dialled);
    const member = link?.peer === undefined ? undefined : this.#roster.get(link.peer);
    if (!member || member.link !== id) return;
    member.link = undefined;
    const { node, address } = member.fact;
    this.#port.emit({ type: "link-closed", peer: node, reason });
    this.#port.peerDown(node);
    if (!link?.isRefused) this.#dialer.lost(address);
    if (member.fact.state === "alive") this.#suspect(member, reason);
    this.#port.trustChanged();
  }

  /** Any frame is a sign of life. */
  heard(id: LinkId): void {
    const link = this.#links.get(id);
    link?.silence.hear(this.#port.elapsedMs());
    const member = link?.peer === undefined ? undefined : this.#roster.get(link.peer);
    if (member?.link !== id) return;
    const { state } = member.fact;
    if (state === "suspect" || state === "down") this.#revive(member, "heard again");
  }

  onHello(id: LinkId, hello: HelloMessage): void {
    const link = this.#links.get(id);
    if (!link || link.peer !== undefined) return;
    const { node, writer } = hello.member;
    if (node === this.self.node) {
      const isSelf = writer === this.self.writer;
      if (isSelf && link.dialled !== undefined) this.#dialer.forget(link.dialled);
      if (isSelf) this.#port.closeLink(id, "this is the node itself");
      else this.refuse(id, "node-id", `node id ${node} is taken; give each node its own \`node\``);
      return;
    }
    const refusal = incompatibility(hello, this.#port.config);
    if (refusal) {
      this.refuse(id, refusal.code, refusal.detail);
      return;
    }
    const isSameProcess = this.#roster.get(node)?.fact.writer === writer;
    const member = this.#roster.meet(hello.member);
    if (!member) {
      this.refuse(id, "members-full", "the cluster has as many members as `membersMax` allows");
      return;
    }
    link.peer = node;
    if (link.dialled !== undefined) {
      this.#dialer.answered(link.dialled, node);
      this.#port.welcomed(link.dialled);
    }
    member.clockOffsetMs = hello.wallMs - this.#port.wallMs();
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
    this.#hasJoined = true;
    if (older)
      this.#port.closeLink(older.id, "replaced by another link between the same two nodes");
    const address = hello.member.address;
    this.#port.emit({ type: "link-opened", peer: node, address });
    if (member.fact.state !== "alive") this.#revive(member, "said hello");
    this.#port.send(id, { type: "members", members: this.#roster.facts() });
    this.#port.peerUp(node, id, hello);
    this.#port.trustChanged();
  }

  onMembers(from: NodeId, facts: readonly MemberFact[]): void {
    for (const fact of facts) {
      if (fact.node === this.self.node) this.#roster.hearOfSelf(fact, from);
      else this.#hearOf(fact);
    }
    this.#port.trustChanged();
  }

  onHeartbeat(from: NodeId, peerWallMs: Millis): void {
    const member = this.#roster.get(from);
    if (member) member.clockOffsetMs = peerWallMs - this.#port.wallMs();
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

  onLeave(from: NodeId): void {
    const member = this.#roster.get(from);
    if (member) this.#roster.setState(member, "left", "it said so");
    this.#port.trustChanged();
  }

  /** Tells a peer that this node will have nothing to do with it, and closes the link. */
  refuse(id: LinkId, code: RefusalCode, detail: string): void {
    this.#port.refused({ address: this.addressOf(id), code, detail, byPeer: false });
    this.#port.send(id, { type: "refuse", code, detail });
    this.refusedBy(id);
    this.#port.closeLink(id, `refused: ${detail}`);
  }

  /** Where the other end of a link is, as far as known. */
  addressOf(id: LinkId): string {
    const link = this.#links.get(id);
    const member = link?.peer === undefined ? undefined : this.#roster.get(link.peer);
    return link?.dialled ?? member?.fact.address ?? "";
  }

  /** The other end refused this node: its address is tried rarely from now on. */
  refusedBy(id: LinkId): void {
    const link = this.#links.get(id);
    const member = link?.peer === undefined ? undefined : this.#roster.get(link.peer);
    if (link) link.isRefused = true;
    for (const address of [link?.dialled, member?.fact.address]) {
      if (address !== undefined) this.#dialer.refused(address);
    }
  }

  /** Says to all that this node takes no more requests and is about to leave. */
  startDraining(): void {
    this.#roster.startDraining();
    this.#broadcast([this.self]);
  }

  /** Says to all that this node leaves for good. */
  leave(): void {
    for (const link of this.#links.all()) this.#port.send(link.id, { type: "leave" });
  }

  tick(): void {
    const nowMs = this.#port.elapsedMs();
    const stallMs = nowMs - this.#tickedAtMs - TICK_MS;
    this.#tickedAtMs = nowMs;
    for (const link of this.#links.all()) {
      if (stallMs > TICK_MS) link.silence.forgive(stallMs);
      if (link.silence.isSilent(nowMs)) this.#onSilence(link.id, link.peer);
    }
    for (const member of [...this.#roster.members()]) this.#age(member, nowMs);
    const changed = this.#roster.takeChanged();
    if (changed.length > 0) this.#broadcast(changed);
    this.#ticks += 1;
    if (this.#ticks % FULL_EXCHANGE_TICKS === 0) this.#exchangeWithOne();
    this.#dialer.tick(this.#roster.wantedAddresses(), (node) => this.#isLinked(node));
  }

  #isLinked(node: NodeId): boolean {
    return this.#roster.get(node)?.link !== undefined;
  }

  #hearOf(fact: MemberFact): void {
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

  #suspect(member: Member, reason: string): void {
    this.#roster.setState(member, "suspect", reason);
    const { node } = member.fact;
    const asked = this.#port.random.shuffle(this.trusted()).slice(0, PROBES_MAX);
    for (const { link } of asked) {
      if (link !== undefined) this.#port.send(link, { type: "probe", node });
    }
  }

  #revive(member: Member, reason: string): void {
    this.#roster.setState(member, "alive", reason);
    this.#port.trustChanged();
  }

  #onSilence(link: LinkId, peer: NodeId | undefined): void {
    const member = peer === undefined ? undefined : this.#roster.get(peer);
    if (!member || member.link !== link) {
      this.#port.closeLink(link, "silent");
      return;
    }
    if (member.fact.state !== "alive") return;
    this.#suspect(member, "silent");
    this.#port.trustChanged();
  }

  #age(member: Member, nowMs: Millis): void {
    const { suspicionMs, goneAfterMs } = this.#port.config.limits;
    const state: MemberState = member.fact.state;
    if (state === "suspect") {
      const sinceMs = Math.max(member.sinceMs, member.reachedByOthersAtMs);
      if (nowMs - sinceMs < suspicionMs) return;
      this.#roster.setState(member, "down", "not reached in time");
      if (member.link !== undefined) this.#port.closeLink(member.link, "its node is down");
    } else if (state === "down" && nowMs - member.sinceMs >= goneAfterMs) {
      this.#roster.setState(member, "gone", "down for too long");
    } else if (state === "left" || state === "gone") {
      if (nowMs - member.sinceMs >= goneAfterMs) this.#roster.forget(member.fact.node);
    }
  }

  #broadcast(members: readonly MemberFact[]): void {
    for (const { link } of this.#roster.members()) {
      if (link !== undefined) this.#port.send(link, { type: "members", members });
    }
  }

  #exchangeWithOne(): void {
    const trusted = this.trusted();
    if (trusted.length === 0) return;
    const { link } = this.#port.random.pick(trusted);
    if (link === undefined) return;
    this.#port.send(link, { type: "members", members: this.#roster.facts() });
  }
}
