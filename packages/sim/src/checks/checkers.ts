/**
 * Whether what was acknowledged is kept (P1, P3, P9): checked at every read while faults go on, and over
 * everything once the cluster has healed and is quiet. The first broken promise ends the run.
 *
 * Not here: what was acknowledged (ledger.ts), lifetimes (lifetimes.ts), the merge laws
 * (law-checker.ts), what a value shows (value-checker.ts), tokens (token-checker.ts), bounds (bounds.ts),
 * and digests (copies.ts).
 */
import type { EventBody, Hlc, Millis, ReadResult, SessionId } from "@session-mesh/core";
import type { ClusterPort, Course, NodePort } from "../users/node-port.js";
import { type Lifetimes, ROUNDING_MS } from "./lifetimes.js";
import {
  isHeld,
  type Ledger,
  type Regeneration,
  type SessionRecord,
  type Write,
} from "./ledger.js";
import { breachOf, type FilledValue } from "./value-checker.js";

/** The checkers of one run. */
export class Checkers {
  readonly #simulator: Course;
  readonly #cluster: ClusterPort;
  readonly #ledger: Ledger;
  readonly #lifetimes: Lifetimes;
  /** Of each run, the clock of its last commit to each session: whose clock ran ahead raises only its own. */
  readonly #clocks = new Map<NodePort, Map<SessionId, Hlc>>();
  #readCount = 0;

  constructor(
    simulator: Course,
    parts: { cluster: ClusterPort; ledger: Ledger; lifetimes: Lifetimes },
  ) {
    this.#simulator = simulator;
    this.#cluster = parts.cluster;
    this.#ledger = parts.ledger;
    this.#lifetimes = parts.lifetimes;
    parts.cluster.onEvent((run, event) => this.#onEvent(run, event));
  }

  /** How many reads were checked. */
  get readCount(): number {
    return this.#readCount;
  }

  /** A user read a session. */
  read(run: NodePort, session: SessionId, result: ReadResult): void {
    this.#readCount += 1;
    const record = this.#ledger.record(session);
    if (!record) return;
    // To a peer that told of the end itself nothing is sent, so only frames show what it has confirmed.
    const { seesFrames } = this.#ledger;
    const isRegenerated = ({ holders }: Regeneration): boolean => seesFrames && holders.has(run);
    this.#checkRegenerations(run, { record, result, isOwed: isRegenerated });
    this.#check(run, { record, result, isOwed: (write) => write.holders.has(run) });
  }

  /** Who knows a session's end knows the latest time at which it was regenerated, if it was. */
  #checkRegenerations(
    run: NodePort,
    {
      record: { session, regenerations },
      result,
      isOwed,
    }: {
      record: SessionRecord;
      result: ReadResult;
      isOwed: (regeneration: Regeneration) => boolean;
    },
  ): void {
    if (result.status !== "destroyed") return;
    const { regeneratedAtMs } = result;
    const latest = (of: readonly Regeneration[]): Millis =>
      Math.max(0, ...of.map(({ atMs }) => atMs));
    const isOld = regeneratedAtMs < latest(regenerations.filter(isOwed)) - ROUNDING_MS;
    const isNew = regeneratedAtMs > latest(regenerations) + ROUNDING_MS;
    if (!isOld && !isNew) return;
    const times = regenerations.map(({ atMs }) => atMs).join(" ") || "never";
    this.#fail("M13", run, `${session} was regenerated at ${regeneratedAtMs}, in truth ${times}`);
  }

  /**
   * Judged by the members that the node knew when it said so. What it has got meanwhile by another way
   * its user is about to read; and who shares a name with another may have been spoken for by him.
   */
  #saidAbsent(run: NodePort, session: SessionId): void {
    const record = this.#ledger.record(session);
    if (!record || record.isDestroyTried) return;
    const { members } = run.replica.status();
    const isAsked = (holder: NodePort): boolean =>
      holder !== run &&
      holder.isAlive &&
      !this.#cluster.isNameShared(holder) &&
      members.some(({ node, state }) => {
        return node === holder.node && state !== "left" && state !== "gone";
      });
    const owed = record.writes.filter(({ holders }) => [...holders].some(isAsked));
    const runs = [run, ...owed.flatMap(({ holders }) => [...holders].filter(isAsked))];
    const mayBeOver = runs.some((each) => this.#lifetimes.mayBeOver(each, record, owed));
    if (owed.length > 0 && !mayBeOver) {
      this.#fail("P9", run, `said that ${session} is absent, and others hold it`);
    }
  }

  /** After heal and quiet: everything that is owed is on every node, and what was destroyed on none. */
  everything(): void {
    for (const run of this.#cluster.runs()) {
      for (const record of this.#ledger.records()) this.#everywhere(run, record);
    }
  }

  #everywhere(run: NodePort, record: SessionRecord): void {
    const { session } = record;
    const result = run.input((replica) => replica.read(session));
    // Of several ends that met, each node may know another one: their digests are equal.
    const isRegenerated = ({ holders }: Regeneration): boolean =>
      record.endCount === 1 && isHeld(holders);
    this.#checkRegenerations(run, { record, result, isOwed: isRegenerated });
    if (isHeld(record.destroyHolders) && result.status === "found") {
      this.#fail("P3", run, `${session} was destroyed and is alive after healing`);
    }
    this.#check(run, { record, result, isOwed: (write) => isHeld(write.holders) });
  }

  #check(
    run: NodePort,
    {
      record,
      result,
      isOwed,
    }: { record: SessionRecord; result: ReadResult; isOwed: (write: Write) => boolean },
  ): void {
    const { session } = record;
    if (result.status === "found") {
      const hasHeard = record.destroyedOn.has(run) || record.destroyHolders.has(run);
      if (hasHeard) this.#fail("P3", run, `${session} is alive again`);
      const held = record.writes.filter(isOwed);
      this.#lifetimes.found(run, record, { held, ...result });
      const { writes, incrementsTried } = record;
      const account = { writes, isOwed, incrementsTried };
      const breach = breachOf(result.value as FilledValue, account);
      if (breach) this.#fail(breach.checker, run, `${session} ${breach.detail}`);
      return;
    }
    if (record.isDestroyTried) return;
    if (result.status === "destroyed") this.#fail("M9", run, `nobody destroyed ${session}`);
    const owed = record.writes.filter(isOwed);
    if (result.status === "expired") this.#lifetimes.expired(run, record, owed);
    if (owed.length === 0 || this.#lifetimes.mayBeOver(run, record, owed)) return;
    this.#fail("P1", run, `${session} is ${result.status}, with ${owed.length} writes owed`);
  }

  #onEvent(run: NodePort, event: EventBody): void {
    switch (event.type) {
      case "session-created":
      case "session-touched":
        return this.#lives(run, event.session);
      case "session-destroyed":
        return this.#destroyed(run, event);
      case "session-collected":
        return this.#collected(run, event.session);
      case "pull-finished":
        if (event.outcome === "absent") this.#saidAbsent(run, event.session);
        return;
      case "session-committed":
        this.#lives(run, event.session);
        return this.#committed(run, event.session, event.stamp.hlc);
      case "session-integrated":
        return this.#lives(run, event.session);
      default:
    }
  }

  #destroyed(run: NodePort, { session, origin }: EventBody & { type: "session-destroyed" }): void {
    const record = this.#ledger.record(session);
    record?.destroyedOn.add(run);
    if (record && origin === run.node) record.endCount += 1;
  }

  /** Who has heard that a session was destroyed takes nothing of it any more. */
  #lives(run: NodePort, session: SessionId): void {
    if (this.#ledger.record(session)?.destroyedOn.has(run) !== true) return;
    this.#fail("P3", run, `${session} is written to again`);
  }

  /** Nothing is dropped before its time, of what this node itself is known to hold. */
  #collected(run: NodePort, session: SessionId): void {
    const record = this.#ledger.record(session);
    if (!record) return;
    const held = record.writes.filter(({ holders }) => holders.has(run));
    this.#lifetimes.expired(run, record, held);
    record.times.isCollected = true;
  }

  #committed(run: NodePort, session: SessionId, hlc: Hlc): void {
    const clocks = this.#clocks.get(run) ?? new Map<SessionId, Hlc>();
    this.#clocks.set(run, clocks);
    const before = clocks.get(session);
    if (before !== undefined && hlc <= before) {
      this.#fail("clocks are monotone", run, `${hlc} after ${before} in ${session}`);
    }
    clocks.set(session, hlc);
  }

  #fail(checker: string, run: NodePort, detail: string): never {
    return this.#simulator.fail(checker, `on ${run.machine}: ${detail}`);
  }
}
