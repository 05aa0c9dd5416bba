/**
 * A machine's disk: takes time, fails when told to, and forgets at a power cut what it had not
 * finished.
 *
 * What it has said to be durable it keeps: a cut leaves a batch half applied, but each of its records
 * old or new. What no disk may do, it does only when asked: tear records, and go back to an old image.
 *
 * Not here: when the power is cut (cluster.ts), and who is owed what was on it (ledger.ts).
 */
import type { Millis, Prng, SessionId, StorageBatch, StoredRecord } from "@session-mesh/core";
import type { Simulator } from "./simulator.js";

/** How a disk behaves. */
export interface DiskOptions {
  /** A batch takes from this long … */
  readonly latencyMs: Millis;
  /** … to this much longer. */
  readonly jitterMs: Millis;
  /** How likely a batch fails, half applied. */
  readonly failureRate: number;
}

/** What was on a disk at some time. */
export type DiskImage = ReadonlyMap<SessionId, Uint8Array>;

/** What really happened to disks. */
export interface DiskCounts {
  batches: number;
  /** Batches that failed, though the machine ran on. */
  failures: number;
  /** Batches that a power cut left undone or half done. */
  lost: number;
  torn: number;
}

/** Tells a writer how its batch ended; undefined for well. */
type Done = (problem: string | undefined) => void;

/** A disk. */
export class Disk {
  readonly counts: DiskCounts = { batches: 0, failures: 0, lost: 0, torn: 0 };
  /** May be changed at any time. */
  options: DiskOptions;
  /** Every write fails, for this reason, until it is undefined again. */
  problem: string | undefined;
  readonly #simulator: Simulator;
  readonly #random: Prng;
  #records = new Map<SessionId, Uint8Array>();
  #underWay: { readonly batch: StorageBatch } | undefined;

  constructor(simulator: Simulator, options: DiskOptions) {
    this.#simulator = simulator;
    this.#random = simulator.fork();
    this.options = options;
  }

  get recordCount(): number {
    return this.#records.size;
  }

  /** What a process finds that starts on it, in the order of names. */
  records(): StoredRecord[] {
    return [...this.#records]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([session, bytes]) => ({ session, bytes }));
  }

  /** Writes a batch; one at a time. A machine without power is told nothing. */
  write(batch: StorageBatch, done: Done): void {
    const writing = { batch };
    this.#underWay = writing;
    const { latencyMs, jitterMs, failureRate } = this.options;
    const isFailing = failureRate > 0 && this.#random.chance(failureRate);
    this.#simulator.after(latencyMs + this.#random.range(0, jitterMs + 1), () => {
      if (this.#underWay !== writing) return;
      this.#underWay = undefined;
      const problem = this.problem ?? (isFailing ? "an I/O error" : undefined);
      if (problem === undefined) {
        this.counts.batches += 1;
        this.#apply(batch, () => true);
      } else {
        this.counts.failures += 1;
        this.#apply(batch, () => this.problem === undefined && this.#random.chance(0.5));
      }
      done(problem);
    });
  }

  /** The power is cut, or the process killed: what was under way is there, half there, or not. */
  cut(): void {
    const writing = this.#underWay;
    this.#underWay = undefined;
    if (!writing) return;
    this.counts.lost += 1;
    this.#apply(writing.batch, () => this.#random.chance(0.5));
  }

  /** Some of what is on it can no longer be read: cut short, altered, or swapped. Says how many. */
  tear(rate: number): number {
    let torn = 0;
    const names = [...this.#records.keys()].sort();
    for (const session of names) {
      const bytes = this.#records.get(session);
      if (!bytes || !this.#random.chance(rate)) continue;
      this.#records.set(session, this.#torn(bytes, names));
      torn += 1;
    }
    this.counts.torn += torn;
    return torn;
  }

  /** A copy of what is on it now, as a backup takes. */
  image(): DiskImage {
    return new Map(this.#records);
  }

  /** Another image is put in its place: an old one, or that of another machine. */
  replace(image: DiskImage): void {
    this.#underWay = undefined;
    this.#records = new Map(image);
  }

  #apply({ puts, removals }: StorageBatch, isDone: () => boolean): void {
    for (const { session, bytes } of puts) if (isDone()) this.#records.set(session, bytes);
    for (const session of removals) if (isDone()) this.#records.delete(session);
  }

  #torn(bytes: Uint8Array, names: readonly SessionId[]): Uint8Array {
    const torn = bytes.slice();
    switch (this.#random.range(0, 3)) {
      case 0:
        return torn.slice(0, this.#random.range(0, torn.length));
      case 1: {
        const at = this.#random.range(0, torn.length);
        torn[at] = (torn[at] as number) ^ (1 << this.#random.range(0, 8));
        return torn;
      }
      default:
        return this.#records.get(this.#random.pick(names))?.slice(1) ?? torn.slice(1);
    }
  }
}
