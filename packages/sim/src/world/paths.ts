/**
 * The paths between machines: which are cut, in one direction each, and which are slow.
 *
 * A path that several faults cut stays cut until all of them are over.
 *
 * Not here: what travels on them (network.ts).
 */
import type { Millis } from "@session-mesh/core";

/** How fast frames travel. */
export interface PathSpeed {
  readonly latencyMs: Millis;
  /** Up to this much is added to each frame. */
  readonly jitterMs: Millis;
  readonly bytesPerMs: number;
}

/** The paths of one network. */
export class Paths {
  readonly #cuts = new Map<string, number>();
  readonly #speeds = new Map<string, PathSpeed[]>();

  cut(from: string, to: string): void {
    const path = keyOf(from, to);
    this.#cuts.set(path, (this.#cuts.get(path) ?? 0) + 1);
  }

  /** Undoes one cut of a path. */
  mend(from: string, to: string): void {
    const path = keyOf(from, to);
    const cuts = this.#cuts.get(path) ?? 0;
    if (cuts > 1) this.#cuts.set(path, cuts - 1);
    else this.#cuts.delete(path);
  }

  mendAll(): void {
    this.#cuts.clear();
    this.#speeds.clear();
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(keyOf(from, to));
  }

  /** Gives a path a speed of its own until the returned function is called. */
  setSpeed(from: string, to: string, speed: PathSpeed): () => void {
    const path = keyOf(from, to);
    this.#speeds.set(path, [...(this.#speeds.get(path) ?? []), speed]);
    return () => {
      const left = (this.#speeds.get(path) ?? []).filter((each) => each !== speed);
      if (left.length > 0) this.#speeds.set(path, left);
      else this.#speeds.delete(path);
    };
  }

  /** The speed of a path, where it has one of its own: the latest it was given. */
  speedOf(from: string, to: string): PathSpeed | undefined {
    return this.#speeds.size > 0 ? this.#speeds.get(keyOf(from, to))?.at(-1) : undefined;
  }
}

const keyOf = (from: string, to: string): string => `${from}>${to}`;
