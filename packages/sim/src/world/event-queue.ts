/**
 * What will happen, ordered by (time, sequence): of two things at one moment, the one scheduled
 * first happens first, so that a run has exactly one order.
 *
 * A binary heap. Not here: what time it is (simulator.ts).
 */
import type { Millis } from "@session-mesh/core";

interface Scheduled {
  readonly atMs: Millis;
  readonly sequence: number;
  readonly run: () => void;
}

const isBefore = (a: Scheduled, b: Scheduled): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);

/** The queue. */
export class EventQueue {
  readonly #heap: Scheduled[] = [];
  #sequence = 0;

  /** When the next thing happens; infinite when nothing will. */
  get nextAtMs(): Millis {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  push(atMs: Millis, run: () => void): void {
    this.#sequence += 1;
    this.#heap.push({ atMs, sequence: this.#sequence, run });
    this.#rise(this.#heap.length - 1);
  }

  /** Takes the next thing out. */
  pop(): (() => void) | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (!first || !last) return undefined;
    if (first !== last) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first.run;
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = at * 2 + 1;
      const right = left + 1;
      if (left >= this.#heap.length) return;
      const isRightFirst =
        right < this.#heap.length &&
        isBefore(this.#heap[right] as Scheduled, this.#heap[left] as Scheduled);
      const child = isRightFirst ? right : left;
      if (!this.#swapIfBefore(child, at)) return;
      at = child;
    }
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    const below = this.#heap[lower] as Scheduled;
    const above = this.#heap[upper] as Scheduled;
    if (!isBefore(below, above)) return false;
    this.#heap[lower] = above;
    this.#heap[upper] = below;
    return true;
  }
}
