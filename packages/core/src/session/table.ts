/**
 * The sessions held here: found, committed to, merged, destroyed, evicted and collected.
 *
 * Memory holds every session; the least recently used are bytes. Invariants:
 * 1. A session is held or has a tombstone, never both (M9).
 * 2. Every change is told to `digestChanged`, so that sums kept elsewhere equal sums made afresh.
 * 3. Limits refuse local growth; merging is never refused (P14).
 *
 * Not here: time and stamps (the replica hands them in), pushing and repairing.
 */
import type { Limits } from "../config.js";
import type { EventBody } from "../events.js";
import { type Bytes, type Millis, PARTITION_COUNT, type SessionId } from "../ids.js";
import type { DeltaItem, Envelope, StateItem, Tombstone, WholeItem } from "../session-state.js";
import { Collector } from "./collector.js";
import type { Merge, Operation } from "./document.js";
import {
  type EnvelopeChange,
  envelopeOfBirth,
  joinEnvelopes,
  withChange,
  withRevision,
  withTouch,
} from "./envelope.js";
import type { Digest, SessionDigester } from "./fingerprint.js";
import { type ApplyVerdict, HeldSession } from "./held.js";
import { type Glance, HeldSessions } from "./held-sessions.js";
import { ToldTouches } from "./told-touches.js";
import { Tombstones } from "./tombstones.js";
import { EMPTY_VECTOR } from "./version-vector.js";

/** What the table needs of its replica. */
export interface TablePort {
  readonly limits: Limits;
  readonly digester: SessionDigester;
  elapsedMs(): Millis;
  emit(event: EventBody): void;
  digestChanged(session: SessionId, before: Digest | undefined, after: Digest | undefined): void;
}

/** A local change, stamped. */
export interface LocalChange extends EnvelopeChange {
  readonly operations: readonly Operation[];
}

/** One element of the set that audits compare. */
export interface TableElement {
  readonly session: SessionId;
  readonly digest: Digest;
  readonly changedAtMs: Millis;
}

/** The table of sessions. */
export class SessionTable {
  readonly #port: TablePort;
  readonly #held: HeldSessions;
  readonly #tombstones = new Tombstones();
  readonly #touches = new ToldTouches();
  readonly #collector: Collector;
  #bytes: Bytes = 0;

  constructor(port: TablePort) {
    this.#port = port;
    this.#held = new HeldSessions(port.limits.hotSessionsMax, (held) => {
      this.#store(held);
      port.emit({ type: "session-evicted", session: held.id });
    });
    this.#collector = new Collector(port.limits, this.#held, this.#tombstones);
  }

  get counts(): { hot: number; cold: number; tombstones: number; bytes: Bytes } {
    const hot = this.#held.hotCount;
    const cold = this.#held.count - hot;
    return { hot, cold, tombstones: this.#tombstones.count, bytes: this.#bytes };
  }

  has(session: SessionId): boolean {
    return this.#held.has(session);
  }

  /** A session held, for the time of one input only: a cold one is unpacked for every caller anew. */
  get(session: SessionId): HeldSession | undefined {
    return this.#held.get(session);
  }

  tombstone(session: SessionId): Tombstone | undefined {
    return this.#tombstones.get(session);
  }

  /** The limit at which creating a session would fail now; first the one that binds growth too. */
  limitReached(): "sessionsMax" | "sessionsBytesMax" | "tombstonesMax" | undefined {
    const { sessionsMax, sessionsBytesMax, tombstonesMax } = this.#port.limits;
    if (this.#bytes >= sessionsBytesMax) return "sessionsBytesMax";
    if (this.#held.count >= sessionsMax) return "sessionsMax";
    if (this.#tombstones.count >= tombstonesMax) return "tombstonesMax";
    return undefined;
  }

  /** Marks a session as used now, so that others turn cold first. */
  use(held: HeldSession): HeldSession {
    this.#held.use(held);
    return held;
  }

  /** Creates a session; the caller has checked that it is neither held nor destroyed. */
  create(session: SessionId, envelope: Envelope): HeldSession {
    const held = new HeldSession(session, envelope);
    this.#held.begin(held);
    this.#changed(held, undefined);
    this.#port.emit({ type: "session-created", session });
    return held;
  }

  /** Makes a local commit and returns it as an item to push. */
  commit(held: HeldSession, change: LocalChange): DeltaItem {
    const { stamp } = change;
    this.use(held);
    const rev = held.nextRevision(stamp.writer);
    const update = held.commit(change.operations, stamp, rev);
    const { envelope, changed } = withChange(held.envelope, change);
    const isNew = rev === 1 && held.envelope.revisions.length === 0;
    held.envelope = withRevision(envelope, stamp.writer, rev);
    this.#changed(held, held.digest);
    this.#port.emit({
      type: "session-committed",
      session: held.id,
      stamp,
      rev,
      operationCount: change.operations.length,
      deltaBytes: update?.length ?? 0,
    });
    const { revisions: seen, ...fields } = held.envelope;
    const commit = { author: stamp.writer, rev, seen, hlc: stamp.hlc, update };
    const told = this.#touches.tell(held, isNew ? fields : changed);
    return { kind: "delta", session: held.id, fields: told, commit };
  }

  /** Touches a session; an item to push where a quantum moved. */
  touch(held: HeldSession, nowMs: Millis): DeltaItem | undefined {
    const envelope = withTouch(held.envelope, nowMs);
    if (envelope === held.envelope) return undefined;
    held.envelope = envelope;
    this.#changed(held, held.digest);
    const { touchedAtMs } = envelope;
    this.#port.emit({ type: "session-touched", session: held.id, touchedAtMs });
    const fields = this.#touches.tell(held, { touchedAtMs });
    return { kind: "delta", session: held.id, fields, commit: undefined };
  }

  /** Destroys for good (M9); says whether that was news. */
  destroy(session: SessionId, news: Tombstone): boolean {
    const held = this.#held.get(session);
    const known = this.#tombstones.get(session);
    // It must outlive this copy and those like it, whatever its maker knew of them.
    const absoluteExpiresAtMs = Math.max(
      news.absoluteExpiresAtMs,
      held?.envelope.absoluteExpiresAtMs ?? 0,
    );
    const { regeneratedAtMs } = news;
    const tombstone = { absoluteExpiresAtMs, regeneratedAtMs };
    if (!this.#tombstones.add(session, tombstone)) return false;
    const joined = this.#tombstones.get(session) ?? tombstone;
    const digests = this.#port.digester;
    const before = held?.digest ?? (known && digests.ofTombstone(session, known));
    if (held) this.#forget(held);
    this.#port.digestChanged(session, before, digests.ofTombstone(session, joined));
    return true;
  }

  /** Merges a change of another node. */
  mergeDelta(item: DeltaItem): { verdict: ApplyVerdict; merges: readonly Merge[] } {
    if (this.#tombstones.get(item.session)) return { verdict: "known", merges: [] };
    const known = this.#held.get(item.session);
    const held = known ?? birthFrom(item);
    if (!held) return { verdict: "gap", merges: [] };
    const { verdict, merges, envelope } = held.applyDelta(item);
    if (verdict === "applied") this.#integrated(held, envelope, !known);
    return { verdict, merges };
  }

  /** Merges a whole copy of another node. */
  mergeState(item: StateItem): { verdict: ApplyVerdict; merges: readonly Merge[] } {
    if (this.#tombstones.get(item.session)) return { verdict: "known", merges: [] };
    const known = this.#held.get(item.session);
    const held =
      known ?? new HeldSession(item.session, { ...item.envelope, revisions: EMPTY_VECTOR });
    const result = held.applyState(item);
    if (result.verdict === "rejected" || result.verdict === "gap") return result;
    const envelope = joinEnvelopes(held.envelope, item.envelope);
    held.raiseHlc(item.hlcMax);
    const isNews = !known || result.verdict === "applied" || envelope !== held.envelope;
    if (!isNews) {
      this.#store(held);
      return result;
    }
    this.#integrated(held, envelope, !known);
    return { verdict: "applied", merges: result.merges };
  }

  /** What to send of a session, dead or alive. */
  toItem(session: SessionId): WholeItem | undefined {
    const tombstone = this.#tombstones.get(session);
    if (tombstone) return { kind: "tombstone", session, ...tombstone };
    const held = this.#held.get(session);
    if (!held) return undefined;
    const wasHot = held.isHot;
    const item = held.toState();
    const isFolded = !wasHot && held.isHot;
    if (isFolded) held.evict();
    // The next who asks is spared the work.
    if (isFolded || wasHot) this.#store(held);
    return item;
  }

  /** The elements of one partition as they are now, tombstones included. */
  elementsOf(partition: number): TableElement[] {
    const elements: TableElement[] = this.#held.glances(partition);
    this.#tombstones.visit(partition, (session, tombstone) => {
      const digest = this.#port.digester.ofTombstone(session, tombstone);
      elements.push({ session, digest, changedAtMs: Number.NEGATIVE_INFINITY });
    });
    return elements;
  }

  /** The digest of a session as audits see it. */
  digestOf(session: SessionId): Digest | undefined {
    const tombstone = this.#tombstones.get(session);
    if (tombstone) return this.#port.digester.ofTombstone(session, tombstone);
    return this.#held.get(session)?.digest;
  }

  /** The ids of all sessions held, or of those in one partition; tombstones not included. */
  *ids(only?: number): Iterable<SessionId> {
    for (let partition = only ?? 0; partition <= (only ?? PARTITION_COUNT - 1); partition++) {
      yield* this.#held.sessionsOf(partition);
    }
  }

  /** All sessions held, tombstones not included; cold ones are unpacked one by one. */
  *sessions(): Iterable<HeldSession> {
    for (const session of this.ids()) {
      const held = this.#held.get(session);
      if (held) yield held;
    }
  }

  /**
   * Drops what is over, and what is idle-expired where `isSettled` says that no member could
   * still revive it (P4). Looks at a slice of the table, and at the next one when called again.
   */
  collect(nowMs: Millis, isSettled: (glance: Glance) => boolean): void {
    const { sessions, tombstones } = this.#collector.next(nowMs, isSettled);
    for (const { session, reason } of sessions) {
      const held = this.#held.get(session);
      if (!held) continue;
      this.#forget(held);
      this.#port.digestChanged(session, held.digest, undefined);
      this.#port.emit({ type: "session-collected", session, reason });
    }
    for (const session of tombstones) {
      const before = this.digestOf(session);
      this.#tombstones.remove(session);
      this.#port.digestChanged(session, before, undefined);
    }
    if (tombstones.length === 0) return;
    this.#port.emit({ type: "tombstones-collected", count: tombstones.length });
  }

  #integrated(held: HeldSession, envelope: Envelope, isNew: boolean): void {
    const isHeard = isNew || envelope.revisions !== held.envelope.revisions;
    if (isHeard) held.heardAtMs = Math.floor(this.#port.elapsedMs());
    held.envelope = envelope;
    if (held.shouldFold(this.#port.limits.coldDeltasMax)) held.fold();
    this.#changed(held, isNew ? undefined : held.digest);
  }

  #changed(held: HeldSession, before: Digest | undefined): void {
    held.changedAtMs = this.#port.elapsedMs();
    held.digest = this.#port.digester.ofSession(held.id, held.stateVector, held.envelope);
    this.#port.digestChanged(held.id, before, held.digest);
    this.#store(held);
  }

  #store(held: HeldSession): void {
    this.#bytes += held.takenBytes - held.countedBytes;
    held.countedBytes = held.takenBytes;
    this.#held.store(held);
  }

  #forget(held: HeldSession): void {
    this.#held.forget(held.id);
    this.#bytes -= held.countedBytes;
  }
}

/** The session that a change begins; undefined where it builds on others. */
function birthFrom(item: DeltaItem): HeldSession | undefined {
  const envelope = item.commit?.rev === 1 ? envelopeOfBirth(item.fields) : undefined;
  return envelope && new HeldSession(item.session, envelope);
}
