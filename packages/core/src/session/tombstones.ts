/**
 * The sessions that were destroyed: what makes a logout final (P3, M9).
 *
 * A tombstone outlives its session's absolute lifetime by twice the clock margin; after that any
 * copy that comes back is dead by its own envelope, so none is kept for ever. It is kept as a record of
 * bytes: there may be millions.
 *
 * Not here: destroying itself (table.ts), and the fingerprint of a tombstone (fingerprint.ts).
 */
import type { Millis, SessionId } from "../ids.js";
import type { Tombstone } from "../session-state.js";
import { tombstoneForgottenAtMs } from "./expiry.js";
import { RecordReader, RecordWriter } from "./record-bytes.js";
import { RecordMap, sessionOf } from "./record-map.js";
import type { RecordView } from "./slab.js";

/** The set of tombstones, a map from session to proof. */
export class Tombstones {
  readonly #records = new RecordMap();
  readonly #writer = new RecordWriter();

  get count(): number {
    return this.#records.count;
  }

  /** How many one partition has. */
  countOf(partition: number): number {
    return this.#records.countOf(partition);
  }

  get(session: SessionId): Tombstone | undefined {
    const record = this.#records.get(session);
    return record && read(record);
  }

  /** Adds or joins; says whether anything changed. */
  add(session: SessionId, tombstone: Tombstone): boolean {
    const known = this.get(session);
    const joined: Tombstone = known
      ? {
          absoluteExpiresAtMs: Math.max(known.absoluteExpiresAtMs, tombstone.absoluteExpiresAtMs),
          regeneratedAtMs: Math.max(known.regeneratedAtMs, tombstone.regeneratedAtMs),
        }
      : tombstone;
    const isNews =
      joined.absoluteExpiresAtMs !== known?.absoluteExpiresAtMs ||
      joined.regeneratedAtMs !== known.regeneratedAtMs;
    const { absoluteExpiresAtMs, regeneratedAtMs } = joined;
    const writer = this.#writer.begin().float(absoluteExpiresAtMs).number(regeneratedAtMs);
    if (isNews) this.#records.set(session, writer.end());
    return isNews;
  }

  /** Those of one partition that may be forgotten at `nowMs`. */
  forgettable(partition: number, nowMs: Millis, clockMarginMs: Millis): SessionId[] {
    const forgettable: SessionId[] = [];
    this.#records.visit(partition, (record) => {
      const forgottenAtMs = tombstoneForgottenAtMs(read(record).absoluteExpiresAtMs, clockMarginMs);
      if (forgottenAtMs <= nowMs) forgettable.push(sessionOf(record));
    });
    return forgettable;
  }

  /** Shows the tombstones of one partition to `visit`, which must not change them. */
  visit(partition: number, visit: (session: SessionId, tombstone: Tombstone) => void): void {
    this.#records.visit(partition, (record) => visit(sessionOf(record), read(record)));
  }

  remove(session: SessionId): void {
    this.#records.remove(session);
  }
}

function read(record: RecordView): Tombstone {
  const reader = new RecordReader(record);
  return { absoluteExpiresAtMs: reader.float(), regeneratedAtMs: reader.number() };
}
