/**
 * Time and chance of a run on real processes: each step runs to its end before the next one begins, and
 * the first broken promise ends the run.
 *
 * Not here: what a step does, and what stands still meanwhile (probed-node.ts).
 */
import { createPrng, type Millis, type Prng } from "@session-mesh/core";
import { type Course, type Failure, SimulationFailure } from "@session-mesh/sim";
import { NodeGone } from "./node-files.js";

/** The course of one run. */
export class RealCourse implements Course {
  readonly #seed: number;
  readonly #startedAtMs = performance.now();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #stepEnded: () => void;
  #forks = 0;
  #failure: Failure | undefined;
  #isInStep = false;
  #goneCount = 0;

  constructor(seed: number, { stepEnded }: { readonly stepEnded: () => void }) {
    this.#seed = seed;
    this.#stepEnded = stepEnded;
  }

  get nowMs(): Millis {
    return performance.now() - this.#startedAtMs;
  }

  /** The first promise that was broken. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** How many steps met a process that could not be asked any more, and were given up. */
  get goneCount(): number {
    return this.#goneCount;
  }

  fork(): Prng {
    this.#forks += 1;
    return createPrng(this.#seed * 4_096 + this.#forks);
  }

  after(delayMs: Millis, run: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.step(run);
      },
      Math.max(0, delayMs),
    );
    this.#timers.add(timer);
  }

  /** Runs a step, unless the run is over. */
  step(run: () => void): void {
    if (this.#failure) return;
    if (this.#isInStep) throw new Error("a step must not begin inside another one");
    this.#isInStep = true;
    try {
      run();
    } catch (error) {
      if (error instanceof SimulationFailure) this.#failure = error.failure;
      else if (error instanceof NodeGone) this.#goneCount += 1;
      else throw error;
    } finally {
      this.#isInStep = false;
      this.#stepEnded();
    }
  }

  fail(checker: string, detail: string): never {
    throw new SimulationFailure({ checker, detail, atMs: this.nowMs });
  }

  /** Nothing more will happen. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
