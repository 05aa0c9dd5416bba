/**
 * Which changes fell out of the log before a peer had them, so that an audit repairs what they did
 * and no acknowledgement confirms them (P1).
 *
 * They outlive links, since a peer that comes back says to have followed beyond them.
 *
 * Not here: which changes the log still has (change-log.ts).
 */
import type { NodeId } from "../ids.js";

interface Range {
  readonly fromSeqExclusive: number;
  readonly toSeqInclusive: number;
}

/** One range of changes for each peer that ever fell behind the log. */
export class SkippedChanges {
  readonly #peersMax: number;
  readonly #ranges = new Map<NodeId, Range>();

  /** Beyond `peersMax` the peer that fell behind longest ago is forgotten. */
  constructor(peersMax: number) {
    this.#peersMax = peersMax;
  }

  /** Adds a range; what lies between it and an earlier one counts as skipped too. */
  add(peer: NodeId, { fromSeqExclusive, toSeqInclusive }: Range): void {
    const from = this.#ranges.get(peer)?.fromSeqExclusive ?? fromSeqExclusive;
    this.#ranges.delete(peer);
    const range = { fromSeqExclusive: Math.min(from, fromSeqExclusive), toSeqInclusive };
    this.#ranges.set(peer, range);
    const [oldest] = this.#ranges.keys();
    if (this.#ranges.size > this.#peersMax && oldest !== undefined) this.#ranges.delete(oldest);
  }

  /** Whether the change of this number was left to an audit. */
  has(peer: NodeId, seq: number): boolean {
    const range = this.#ranges.get(peer);
    return range !== undefined && seq > range.fromSeqExclusive && seq <= range.toSeqInclusive;
  }
}
