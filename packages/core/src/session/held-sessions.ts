/**
 * The sessions held, each in one of three forms: a hot one is an object with a live document, a cold
 * one a record of bytes, and one that is large, or has fields that no record can keep, an object
 * without a live document.
 *
 * Whoever asks for a cold session gets an object made for him, which is forgotten unless it is stored
 * again or used; so nobody may keep one from one input of the replica to the next. Every session has a
 * record, by which it is listed: that of an object is out of date and not looked at.
 *
 * Not here: what counts and who hears of it (table.ts).
 */
import { assert } from "../assert.js";
import type { Bytes, Millis, SessionId } from "../ids.js";
import { type Lifetimes, lifetimeAt } from "./expiry.js";
import type { Digest } from "./fingerprint.js";
import { HeldSession } from "./held.js";
import {
  canRecord,
  changedAtIn,
  digestIn,
  lifetimesIn,
  NOT_RECORDED,
  readHeld,
  writeHeld,
} from "./held-record.js";
import { HotSessions } from "./hot-sessions.js";
import { RecordWriter } from "./record-bytes.js";
import { RecordMap, sessionOf } from "./record-map.js";
import type { RecordView } from "./slab.js";

/** What can be told of a session without a look into its document. */
export interface Glance extends Lifetimes {
  readonly session: SessionId;
  readonly digest: Digest;
  readonly changedAtMs: Millis;
}

/** Beyond this the bytes of an object are little beside the document's. */
const RECORD_BYTES_MAX = 8_192;

/** See the file's comment. */
export class HeldSessions {
  readonly #records = new RecordMap();
  readonly #hot: HotSessions;
  /** Those that are neither hot nor records. */
  readonly #objects = new Map<SessionId, HeldSession>();
  readonly #writer = new RecordWriter();

  /** `evicted` hears of every session that turned cold to make room, and stores it. */
  constructor(hotMax: number, evicted: (held: HeldSession) => void) {
    this.#hot = new HotSessions(hotMax, evicted);
  }

  get count(): number {
    return this.#records.count;
  }

  get hotCount(): number {
    return this.#hot.count;
  }

  /** All memory taken for records. */
  get recordBytes(): Bytes {
    return this.#records.totalBytes;
  }

  has(session: SessionId): boolean {
    return this.#records.has(session);
  }

  /** How many sessions one partition has. */
  countOf(partition: number): number {
    return this.#records.countOf(partition);
  }

  get(session: SessionId): HeldSession | undefined {
    const object = this.#objectOf(session);
    if (object) return object;
    const record = this.#records.get(session);
    return record && HeldSession.fromRecord(session, readHeld(record));
  }

  /** Takes a session in, or back after it changed. */
  store(held: HeldSession): void {
    const { id } = held;
    const hot = this.#hot.get(id);
    assert(hot === undefined || hot === held, `session ${id} is hot, and another copy changed`);
    if (hot) return;
    const isObject = held.storedBytes > RECORD_BYTES_MAX || !canRecord(held.envelope.unknown);
    if (isObject) this.#objects.set(id, held);
    else this.#objects.delete(id);
    this.#records.set(id, isObject ? NOT_RECORDED : writeHeld(this.#writer, held.toRecord()));
  }

  /** Takes a session in that is used from the first, so that nothing need be recorded of it yet. */
  begin(held: HeldSession): void {
    this.#records.set(held.id, NOT_RECORDED);
    this.#hot.use(held);
  }

  /** Marks a session as used now, so that others turn cold first. */
  use(held: HeldSession): void {
    const hot = this.#hot.get(held.id);
    assert(
      hot === undefined || hot === held,
      `session ${held.id} is hot, and another copy is used`,
    );
    this.#objects.delete(held.id);
    this.#hot.use(held);
  }

  forget(session: SessionId): void {
    this.#hot.forget(session);
    this.#objects.delete(session);
    this.#records.remove(session);
  }

  /** The sessions of one partition, as they are now. */
  sessionsOf(partition: number): SessionId[] {
    return this.#records.sessionsOf(partition);
  }

  /** A glance at every session of one partition. */
  glances(partition: number): Glance[] {
    const glances: Glance[] = [];
    this.#records.visit(partition, (record) => glances.push(this.#glance(record)));
    return glances;
  }

  /** A glance at those of one partition that are not live at `nowMs`. */
  dead(partition: number, nowMs: Millis): Glance[] {
    const dead: Glance[] = [];
    this.#records.visit(partition, (record) => {
      // Most are live by their records, and those of objects are not if they are no records at all; if
      // they are out of date, then so that the session lives for longer, or is looked at again.
      if (lifetimeAt(lifetimesIn(record), nowMs) === "live") return;
      const glance = this.#glance(record);
      if (lifetimeAt(glance, nowMs) !== "live") dead.push(glance);
    });
    return dead;
  }

  #glance(record: RecordView): Glance {
    const session = sessionOf(record);
    const object = this.#objectOf(session);
    if (!object) {
      const changedAtMs = changedAtIn(record);
      return { session, digest: digestIn(record), changedAtMs, ...lifetimesIn(record) };
    }
    const { digest, changedAtMs, envelope } = object;
    const { absoluteExpiresAtMs, idleMs, touchedAtMs } = envelope;
    return { session, digest, changedAtMs, absoluteExpiresAtMs, idleMs, touchedAtMs };
  }

  #objectOf(session: SessionId): HeldSession | undefined {
    return this.#hot.get(session) ?? this.#objects.get(session);
  }
}
