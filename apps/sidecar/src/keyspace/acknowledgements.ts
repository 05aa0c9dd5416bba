/**
 * Lets the reply to a write wait until the peers have it. There is no token in a protocol such as
 * Redis', so what makes a read on another machine see the write is that all unsuspected peers have it.
 *
 * Writes of one turn wait together: who has the last one has those before it.
 *
 * Not here: what was written.
 */
import type { AckResult, Millis } from "session-mesh";
import type { SessionRecords } from "session-mesh/records";

/** See the file's comment. */
export class Acknowledgements {
  readonly #records: SessionRecords;
  readonly #acks: number | "all";
  #waiting: { seq: number; readonly outcome: Promise<AckResult> } | undefined;

  constructor(records: SessionRecords, acks: number | "all") {
    this.#records = records;
    this.#acks = acks;
  }

  /** How the change of that number stands: at once where there is nothing to wait for. */
  of(seq: number, deadlineMs?: Millis): AckResult | Promise<AckResult> {
    if (this.#acks === 0) return { acks: 0, degraded: false };
    if (this.#waiting) {
      this.#waiting.seq = Math.max(this.#waiting.seq, seq);
      return this.#waiting.outcome;
    }
    const wanted = { seq, acks: this.#acks, deadlineMs };
    const settled = this.#records.settledAcks(wanted);
    if (settled) return settled;
    const waiting = { seq, outcome: Promise.resolve().then(() => this.#ask(deadlineMs)) };
    this.#waiting = waiting;
    return waiting.outcome;
  }

  #ask(deadlineMs: Millis | undefined): AckResult | Promise<AckResult> {
    const seq = this.#waiting?.seq ?? 0;
    this.#waiting = undefined;
    return this.#records.awaitAcks({ seq, acks: this.#acks, deadlineMs });
  }
}
