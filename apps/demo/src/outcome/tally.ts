/**
 * What is counted while a run lasts, apart from the users' ledgers.
 *
 * Not here: what the counts mean (promises.ts) and how they are written down (report.ts).
 */

/** Durations in milliseconds, of which the percentiles are asked at the end. */
export class Durations {
  readonly #all: number[] = [];

  add(durationMs: number): void {
    this.#all.push(durationMs);
  }

  get count(): number {
    return this.#all.length;
  }

  /** The smallest duration that `share` (0 to 1) of all do not exceed; null when there are none. */
  percentile(share: number): number | null {
    const sorted = this.#all.toSorted((a, b) => a - b);
    const found = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
    return found === undefined ? null : Math.round(found * 10) / 10;
  }
}

/** How many examples of failures are kept to be printed. */
const EXAMPLES_MAX = 12;

/** The counts of one run. */
export class Tally {
  requests = 0;
  failedRequests = 0;
  /** In flight on a process when that was killed, and not safe to send again. */
  interrupted = 0;
  sessions = 0;
  acknowledgedWrites = 0;
  logouts = 0;
  /** Logouts that were sent while another request of the same session was under way. */
  logoutsInFlight = 0;
  /** Behind what its user had seen, though somebody who could be reached had it (P5). */
  staleReads = 0;
  /** Behind, and marked so, while nobody who had it could be reached. */
  staleDeclared = 0;
  deploys = 0;
  kills = 0;
  partitions = 0;
  /** Sessions written on both sides of a partition while it lasted. */
  writtenOnBothSides = 0;
  /** Users who went to the other side while it lasted. */
  crossings = 0;
  joins = 0;
  /** Deployed processes that did not exit with code 0. */
  badExits = 0;
  /** Responses that went out with fewer acknowledgements than asked for. */
  degraded = 0;
  /** Things seen in a session twice, or that nobody put there, or that differ between processes. */
  mergeFaults = 0;
  /** Sessions that were not the same on all processes in the end. */
  unequalAtEnd = 0;
  readonly requestMs: Durations = new Durations();
  /** From the acknowledgement of a write until a read on every process has shown it. */
  readonly convergenceMs: Durations = new Durations();
  readonly #examples: string[] = [];

  /** Examples of what went wrong, the first ones. */
  get examples(): readonly string[] {
    return this.#examples;
  }

  /** Keeps an example for people to read. */
  note(example: string): void {
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(example);
  }

  fail(example: string): void {
    this.failedRequests += 1;
    this.note(`failed request: ${example}`);
  }
}
