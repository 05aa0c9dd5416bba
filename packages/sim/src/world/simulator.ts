/**
 * Virtual time: one queue, one clock, one seed. Nothing waits; time jumps from event to event.
 *
 * Not here: what happens (network, cluster, workload), and whether it was right (checkers).
 */
import { createPrng, type Millis, type Prng } from "@session-mesh/core";
import { EventQueue } from "./event-queue.js";
import type { Happening, Recorder } from "../trace/happening.js";
import { Trace, type TraceLog } from "../trace/trace.js";

/** What broke, when and where. */
export interface Failure {
  /** Which checker found it, by the promise or law it holds. */
  readonly checker: string;
  readonly detail: string;
  readonly atMs: Millis;
}

/** Thrown to end a run at its first failure; caught by whoever runs the seed. */
export class SimulationFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`${failure.checker}: ${failure.detail} (at ${(failure.atMs / 1_000).toFixed(3)} s)`);
    this.failure = failure;
  }
}

/** The simulator. */
export class Simulator {
  readonly seed: number;
  readonly trace: Trace;
  /** Hears of everything that happens, for a recording. */
  recorder: Recorder | undefined;
  readonly #queue = new EventQueue();
  #nowMs: Millis = 0;
  #forks = 0;

  constructor(seed: number, log?: TraceLog) {
    this.seed = seed;
    this.trace = new Trace(log);
  }

  /** True time since the start of the run, which no node can see. */
  get nowMs(): Millis {
    return this.#nowMs;
  }

  /** A generator of its own for each part, so that a draw in one does not shift another. */
  fork(): Prng {
    this.#forks += 1;
    return createPrng(this.seed * 4_096 + this.#forks);
  }

  after(delayMs: Millis, run: () => void): void {
    this.#queue.push(this.#nowMs + Math.max(0, delayMs), run);
  }

  note(where: string, what: string): void {
    this.trace.note(this.#nowMs, where, what);
    this.recorder?.({ atMs: this.#nowMs, type: "note", node: where, text: what });
  }

  /** Something happened that a recording shows; the trace has its own line. */
  tell(happening: Happening): void {
    this.recorder?.({ atMs: this.#nowMs, ...happening });
  }

  /** Runs everything that happens until then. */
  runUntil(untilMs: Millis): void {
    while (this.#queue.nextAtMs <= untilMs) {
      this.#nowMs = this.#queue.nextAtMs;
      this.#queue.pop()?.();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  runFor(durationMs: Millis): void {
    this.runUntil(this.#nowMs + durationMs);
  }

  /** Ends the run: a promise was broken. */
  fail(checker: string, detail: string): never {
    throw new SimulationFailure({ checker, detail, atMs: this.#nowMs });
  }
}
