/**
 * Which partitions a joining node still lacks, as ranges that can be asked of any donor: what one
 * donor leaves undone another goes on with, where the last chunk ended.
 *
 * Not here: whom to ask (bulk-join.ts).
 */
import { PARTITION_COUNT, partitionOf, type SessionId } from "../ids.js";

/** Partitions in a row, the first of them perhaps in part: only what comes after `after` is missing. */
export interface Range {
  fromInclusive: number;
  toExclusive: number;
  after: SessionId | undefined;
}

/** The ranges of one join. */
export class JoinRanges {
  /** Asked of nobody at the moment; the one to go on with last. */
  readonly #waiting: Range[] = [
    { fromInclusive: 0, toExclusive: PARTITION_COUNT, after: undefined },
  ];
  readonly #taken = new Set<Range>();

  /** How many partitions are held whole. */
  get doneCount(): number {
    const ranges = [...this.#waiting, ...this.#taken];
    return ranges.reduce((left, range) => left - widthOf(range), PARTITION_COUNT);
  }

  get isDone(): boolean {
    return this.#waiting.length === 0 && this.#taken.size === 0;
  }

  /**
   * A range to ask a donor for: one that waits, else the farther half of the widest one that somebody
   * is asked for; undefined where there is nothing left to share out.
   */
  take(): Range | undefined {
    const range = this.#waiting.pop() ?? this.#split();
    if (range) this.#taken.add(range);
    return range;
  }

  /** The donor will not answer: whoever takes the range next goes on where it stands. */
  giveBack(range: Range): void {
    if (this.#taken.delete(range)) this.#waiting.push(range);
  }

  /**
   * A chunk that reaches to `last` arrived, or to the end of the range where undefined: what is left of
   * it waits. False where it goes backwards, which is no answer of an honest donor.
   */
  advance(range: Range, last: SessionId | undefined): boolean {
    if (!this.#taken.delete(range)) return false;
    if (last === undefined) return true;
    const partition = partitionOf(last);
    const isFirst = partition === range.fromInclusive;
    const isFarther = isFirst
      ? range.after === undefined || last > range.after
      : partition > range.fromInclusive;
    if (!isFarther) {
      this.#waiting.push(range);
      return false;
    }
    // The rest may have been given to another donor since.
    if (partition >= range.toExclusive) return true;
    range.fromInclusive = partition;
    range.after = last;
    this.#waiting.push(range);
    return true;
  }

  #split(): Range | undefined {
    let widest: Range | undefined;
    for (const range of this.#taken) {
      if (!widest || widthOf(range) > widthOf(widest)) widest = range;
    }
    if (!widest || widthOf(widest) < 2) return undefined;
    const { fromInclusive, toExclusive } = widest;
    const middle = (fromInclusive + toExclusive + 1) >> 1;
    widest.toExclusive = middle;
    return { fromInclusive: middle, toExclusive, after: undefined };
  }
}

function widthOf({ fromInclusive, toExclusive }: Range): number {
  return toExclusive - fromInclusive;
}
