/**
 * What goes into one push: changes one by one, or whole sessions where the log has not kept the
 * changes, or where a few sessions were changed again and again and a copy of each costs less.
 *
 * Not here: the log (change-log.ts), and when a push may go (pusher.ts).
 */
import { assert } from "../assert.js";
import type { Limits } from "../config.js";
import type { SessionId } from "../ids.js";
import type { Item, WholeItem } from "../session-state.js";
import type { PushMessage } from "../wire/messages.js";
import { type ChangeLog, itemBytes } from "./change-log.js";

/** How far a stream of changes has come. */
export interface Cursor {
  readonly sentSeq: number;
  /** Changes up to this one go as whole sessions, kept one by one or not. */
  readonly wholesToSeq: number;
  /** Sessions that went whole, and up to which change their copies include all. */
  readonly wholes: Map<SessionId, number>;
}

/** What batches need. */
export interface BatchPort {
  readonly limits: Limits;
  /** The whole copy of a session, for a peer whose deltas were dropped. */
  wholeItem(session: SessionId): WholeItem | undefined;
}

/** With fewer changes a session than this, changes are sent rather than copies. */
const CHANGES_PER_SESSION_MIN = 4;

/** Fewer changes than this are not looked through. */
const CHANGES_MIN = 16;

/** Makes batches of one log. */
export class Batches {
  readonly #log: ChangeLog;
  readonly #port: BatchPort;

  constructor(log: ChangeLog, port: BatchPort) {
    this.#log = log;
    this.#port = port;
  }

  /** Whether the changes after this one are many to each of few sessions. Linear in their number. */
  repeatItself(fromSeqExclusive: number): boolean {
    const count = this.#log.headSeq - fromSeqExclusive;
    if (count < CHANGES_MIN) return false;
    const sessions = new Set<SessionId>();
    for (let seq = fromSeqExclusive + 1; seq <= this.#log.headSeq; seq++) {
      const session = this.#log.sessionAt(seq);
      if (session !== undefined) sessions.add(session);
      if (sessions.size * CHANGES_PER_SESSION_MIN > count) return false;
    }
    return true;
  }

  /** The next push; the log still knows what comes after the cursor. */
  after(cursor: Cursor): PushMessage {
    const { sentSeq, wholesToSeq, wholes } = cursor;
    const toSeq = Math.max(wholesToSeq, this.#log.deltaFloorSeq);
    if (sentSeq < toSeq) return this.#wholes(cursor, toSeq);
    wholes.clear();
    return this.#changes(sentSeq);
  }

  #changes(fromSeqExclusive: number): PushMessage {
    const items: Item[] = [];
    let bytes = 0;
    let seq = fromSeqExclusive;
    while (seq < this.#log.headSeq && bytes < this.#port.limits.pushBatchBytesMax) {
      const item = this.#log.itemAt(seq + 1);
      assert(item !== undefined, `change ${seq + 1} lost its delta above the floor`);
      seq += 1;
      items.push(item);
      bytes += itemBytes(item);
    }
    return { type: "push", fromSeqExclusive, toSeqInclusive: seq, items };
  }

  #wholes({ sentSeq: fromSeqExclusive, wholes }: Cursor, toSeq: number): PushMessage {
    const items: Item[] = [];
    let bytes = 0;
    let seq = fromSeqExclusive;
    while (seq < toSeq && bytes < this.#port.limits.syncChunkBytesMax) {
      seq += 1;
      const session = this.#log.sessionAt(seq);
      // What was sent whole a moment ago has this change in it.
      if (session === undefined || (wholes.get(session) ?? 0) >= seq) continue;
      const item = this.#port.wholeItem(session);
      if (!item) continue;
      wholes.set(session, this.#log.headSeq);
      items.push(item);
      bytes += itemBytes(item);
    }
    return { type: "push", fromSeqExclusive, toSeqInclusive: seq, items };
  }
}
