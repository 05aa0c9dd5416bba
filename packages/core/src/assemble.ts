/**
 * Puts the machines of a replica together: each gets a port through which it reaches the others,
 * so that none of them knows another.
 *
 * Not here: what comes in from outside (replica.ts).
 */
import { createAcks, createDrain } from "./assemble-waits.js";
import { createFreshness, createSharing } from "./assemble-freshness.js";
import { createAudits, createBulkJoin, createRangeDonor } from "./assemble-join.js";
import { Auditor } from "./antientropy/auditor.js";
import type { FinishedRound } from "./antientropy/audit-round.js";
import type { AuditQueue } from "./antientropy/audit-queue.js";
import type { BulkJoin } from "./antientropy/bulk-join.js";
import type { Freshness } from "./antientropy/freshness.js";
import { PartitionSums } from "./antientropy/partition-sums.js";
import { Puller } from "./antientropy/puller.js";
import type { RangeDonor } from "./antientropy/range-donor.js";
import type { ReplicaConfig } from "./config.js";
import type { Drain } from "./drain.js";
import type { Acks } from "./gossip/acks.js";
import { Pusher } from "./gossip/pusher.js";
import type { LinkId, NodeId } from "./ids.js";
import { type IntegrationPath, Integrator } from "./integrator.js";
import { LocalSessions } from "./local-sessions.js";
import { MeshClock } from "./mesh-clock.js";
import { Membership } from "./membership/membership.js";
import { Refusals } from "./membership/refusals.js";
import type { Parts } from "./parts.js";
import { PeerChanges } from "./peer-changes.js";
import { Retention } from "./retention.js";
import type { Runtime } from "./runtime.js";
import type { Sharing } from "./sharing.js";
import type { Item, WholeItem } from "./session-state.js";
import { createPersister, createStorage } from "./assemble-storage.js";
import type { Persister } from "./storage/persister.js";
import type { Storage } from "./storage/storage.js";
import { DIGEST_VERSION, SessionDigester } from "./session/fingerprint.js";
import { SessionTable } from "./session/table.js";
import { encodeMessage } from "./wire/codec.js";
import { type Message, PROTOCOL_MAX, PROTOCOL_MIN } from "./wire/messages.js";

/** Builds the machines of a replica. */
export function assemble(config: ReplicaConfig, runtime: Runtime): Parts {
  return new Assembly(config, runtime);
}

class Assembly implements Parts {
  readonly table: SessionTable;
  readonly sums = new PartitionSums();
  readonly membership: Membership;
  readonly refusals: Refusals;
  readonly pusher: Pusher;
  readonly acks: Acks;
  readonly auditor: Auditor;
  readonly audits: AuditQueue;
  readonly bulkJoin: BulkJoin;
  readonly rangeDonor: RangeDonor;
  readonly puller: Puller;
  readonly freshness: Freshness;
  readonly sharing: Sharing;
  readonly drain: Drain;
  readonly local: LocalSessions;
  readonly retention: Retention;
  readonly persister: Persister;
  readonly storage: Storage;
  readonly #config: ReplicaConfig;
  readonly #runtime: Runtime;
  readonly #digester: SessionDigester;
  readonly #integrator: Integrator;
  readonly #peers: PeerChanges;
  readonly #clock: MeshClock;

  constructor(config: ReplicaConfig, runtime: Runtime) {
    this.#config = config;
    this.#runtime = runtime;
    this.#digester = new SessionDigester(config.digestKey);
    this.refusals = new Refusals((event) => runtime.emit(event));
    this.#clock = new MeshClock({
      clockMarginMs: config.limits.clockMarginMs,
      wallMs: () => runtime.wallMs(),
      offsetMs: () => this.membership.clockOffsetMs(),
    });
    this.#peers = new PeerChanges(config.node, this);
    this.persister = createPersister(config, runtime, this);
    this.table = this.#createTable();
    this.storage = createStorage(this, {
      ...{ key: config.digestKey, runtime },
      sawClock: (hlc) => this.#clock.saw(hlc),
    });
    this.membership = this.#createMembership();
    this.retention = this.#createRetention();
    this.#integrator = this.#createIntegrator();
    this.pusher = this.#createPusher();
    this.acks = createAcks(config.limits, runtime, this);
    this.auditor = this.#createAuditor();
    this.audits = createAudits(runtime, this);
    const joining = {
      ...{ limits: config.limits, runtime, parts: this, send: this.#send },
      integrate: (peer: NodeId, item: WholeItem) => this.#integrateWhole(peer, item, "join"),
      isComparable: this.#isComparable,
    };
    this.bulkJoin = createBulkJoin(joining);
    this.rangeDonor = createRangeDonor(joining);
    this.puller = this.#createPuller();
    this.freshness = createFreshness(config, runtime, this);
    this.sharing = createSharing(config, runtime, this);
    this.drain = createDrain(runtime, this);
    this.local = this.#createLocal();
  }

  sendOn(link: LinkId, message: Message): void {
    this.#runtime.send(link, encodeMessage(message));
  }

  readonly #send = (peer: NodeId, message: Message): void => {
    const link = this.membership.member(peer)?.link;
    if (link !== undefined) this.sendOn(link, message);
  };

  readonly #wholeItem = (session: Item["session"]): WholeItem | undefined =>
    this.table.toItem(session);

  readonly #isComparable = (peer: NodeId): boolean =>
    this.#peers.digestVersionOf(peer) === DIGEST_VERSION;

  #createTable(): SessionTable {
    const runtime = this.#runtime;
    return new SessionTable({
      limits: this.#config.limits,
      digester: this.#digester,
      elapsedMs: () => runtime.elapsedMs(),
      emit: (event) => runtime.emit(event),
      digestChanged: (session, before, after) => {
        this.sums.change(session, before, after);
        this.persister.changed(session);
      },
    });
  }

  #createMembership(): Membership {
    const runtime = this.#runtime;
    return new Membership({
      config: this.#config,
      random: runtime.random,
      wallMs: () => runtime.wallMs(),
      elapsedMs: () => runtime.elapsedMs(),
      hello: (member, memberSums) => ({
        type: "hello",
        protocolMin: PROTOCOL_MIN,
        protocolMax: PROTOCOL_MAX,
        digestVersion: DIGEST_VERSION,
        cluster: this.#config.cluster,
        member,
        wallMs: runtime.wallMs(),
        hlc: this.#clock.hlc,
        memberSums,
      }),
      dial: (address) => runtime.dial(address),
      closeLink: (link, reason) => runtime.closeLink(link, reason),
      send: (link, message) => this.sendOn(link, message),
      sendAll: (links, message) => {
        const frame = encodeMessage(message);
        for (const link of links) runtime.send(link, frame);
      },
      emit: (event) => runtime.emit(event),
      refused: (refusal) => this.refusals.add(refusal),
      welcomed: (address) => this.refusals.clear(address),
      peerUp: (peer, hello) => this.#peers.up(peer, hello),
      peerDown: (peer) => this.#peers.down(peer),
      forgotten: (peer) => this.#peers.forget(peer),
      trustChanged: () => {
        this.pusher.expect(this.membership.roster.unlinked());
        this.acks.review();
      },
    });
  }

  #createRetention(): Retention {
    return new Retention({
      limits: this.#config.limits,
      table: this.table,
      now: () => ({ meshMs: this.#clock.meshMs(), elapsedMs: this.#runtime.elapsedMs() }),
      expectedMembers: () => this.membership.expected(),
    });
  }

  #createIntegrator(): Integrator {
    const runtime = this.#runtime;
    return new Integrator({
      limits: this.#config.limits,
      table: this.table,
      digester: this.#digester,
      wallMs: () => runtime.wallMs(),
      meshMs: () => this.#clock.meshMs(),
      emit: (event) => runtime.emit(event),
      sawClock: (hlc) => this.#clock.saw(hlc),
      refuseClock: (peer, detail) => {
        const link = this.membership.member(peer)?.link;
        if (link !== undefined) this.membership.refuse(link, { code: "clock", detail });
      },
      tellDestroyed: (peer, item) => this.auditor.offer(peer, [item.session]),
      integrated: (session) => this.freshness.review(session),
    });
  }

  readonly #integrateWhole = (peer: NodeId, item: WholeItem, path: IntegrationPath): void => {
    this.#integrator.integrate(peer, item, path);
  };

  #createPusher(): Pusher {
    const runtime = this.#runtime;
    return new Pusher({
      limits: this.#config.limits,
      send: this.#send,
      emit: (event) => runtime.emit(event),
      scheduleFlush: (peer, delayMs) => runtime.schedule({ kind: "push-flush", peer }, delayMs),
      standingOf: (peer) => this.membership.roster.standingOf(peer),
      wholeItem: this.#wholeItem,
      integrate: (peer, item) => {
        const path = item.kind === "state" ? "catch-up" : "push";
        const verdict = this.#integrator.integrate(peer, item, path);
        this.storage.confirming(item.session);
        // Nothing of a refused sender may be confirmed, so a refusal counts as a gap.
        return verdict === "ok" ? "ok" : "gap";
      },
      fetch: (peer, session) => this.puller.fetch(peer, session),
      needsAudit: (peer) => this.audits.add(peer, { thorough: true }),
      acked: () => this.acks.review(),
      confirmablePoint: () => this.storage.point,
      isConfirmable: (point) => this.storage.isDurable(point),
      isStorageStuck: () => this.persister.isStuck,
    });
  }

  #createAuditor(): Auditor {
    const runtime = this.#runtime;
    return new Auditor({
      limits: this.#config.limits,
      sums: this.sums,
      elapsedMs: () => runtime.elapsedMs(),
      send: this.#send,
      emit: (event) => runtime.emit(event),
      elementsOf: (partition) => this.table.elementsOf(partition),
      wholeItem: this.#wholeItem,
      isExpired: (session) => this.retention.isExpired(session),
      foundSameOrNone: (peer, session) => this.retention.foundSameOrNone(peer, session),
      integrate: (peer, item) => this.#integrateWhole(peer, item, "audit"),
      isComparable: this.#isComparable,
      foundEqual: (peer, differing) => this.retention.foundEqual(peer, differing),
      finished: (peer, round) => this.#auditFinished(peer, round),
    });
  }

  #auditFinished(peer: NodeId, { outcome, isThorough, startedAtMs }: FinishedRound): void {
    const isComplete = outcome === "equal" || (outcome === "repaired" && isThorough);
    if (isComplete) this.bulkJoin.proved();
    this.drain.audited(peer, { isComplete, startedAtMs });
    this.audits.next();
  }

  #createPuller(): Puller {
    const runtime = this.#runtime;
    return new Puller({
      limits: this.#config.limits,
      elapsedMs: () => runtime.elapsedMs(),
      send: this.#send,
      emit: (event) => runtime.emit(event),
      scheduleDeadline: (request, delayMs) =>
        runtime.schedule({ kind: "pull-deadline", request }, delayMs),
      settle: (ticket, outcome) => runtime.settle(ticket, outcome),
      integrate: (peer, item) => this.#integrateWhole(peer, item, "pull"),
      wholeItem: this.#wholeItem,
      linkedPeers: () => this.membership.roster.linked(),
      isCertain: (answered) =>
        this.membership.expected()?.every((node) => answered.has(node)) ?? false,
      gapFilled: (peer, session) => {
        this.storage.confirming(session);
        this.pusher.gapFilled(peer, session);
      },
    });
  }

  #createLocal(): LocalSessions {
    const runtime = this.#runtime;
    return new LocalSessions({
      config: this.#config,
      table: this.table,
      wallMs: () => runtime.wallMs(),
      meshMs: () => this.#clock.meshMs(),
      hlc: () => this.#clock.hlc,
      sawClock: (hlc) => this.#clock.saw(hlc),
      push: (item) => {
        const seq = this.pusher.push(item);
        this.storage.changedHere(item.session, seq);
        return seq;
      },
      emit: (event) => runtime.emit(event),
    });
  }
}
