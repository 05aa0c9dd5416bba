/**
 * What many runs come to: counts added up, convergence times, and the report as JSON.
 *
 * Not here: one run (packages/sim), and whether enough happened (paths.ts).
 */
import type { Report } from "@session-mesh/sim";

/** The report of many seeds, as `--report` writes it. */
export interface SuiteReport {
  readonly seeds: number;
  readonly failures: readonly { seed: number; checker: string; detail: string; atMs: number }[];
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  /** Of this process, all threads. */
  readonly cpuSeconds: number;
  /** Everything that happened in the traces: frames, events, faults. */
  readonly events: number;
  /** How often each fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  /** How often each thing of paths.ts happened. */
  readonly paths: Readonly<Record<string, number>>;
  readonly convergenceVirtualMs: {
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
  readonly messages: number;
  readonly bytes: number;
  readonly requests: number;
  readonly seedsPerCoreMinute: number;
}

/** How long the runs took. */
export interface Took {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Adds up reports. */
export class Tally {
  readonly failures: Report[] = [];
  readonly #sometimes: Readonly<Record<string, string>>;
  readonly #totals: Record<string, number> = {};
  readonly #convergencesMs: number[] = [];
  #seeds = 0;
  #virtualMs = 0;
  #happenings = 0;

  /** `sometimes`: what must happen, and the total that proves it. */
  constructor(sometimes: Readonly<Record<string, string>>) {
    this.#sometimes = sometimes;
  }

  get seeds(): number {
    return this.#seeds;
  }

  /** Counts by kind and name, such as `fault.crash` or `event.catch-up-started rung=audit`. */
  get totals(): Readonly<Record<string, number>> {
    return this.#totals;
  }

  add(report: Report): void {
    this.#seeds += 1;
    this.#virtualMs += report.virtualMs;
    this.#happenings += report.happenings;
    if (report.failure) this.failures.push(report);
    if (report.convergenceMs !== undefined) this.#convergencesMs.push(report.convergenceMs);
    this.#addCounts("fault", report.faults);
    this.#addCounts("network", report.network);
    this.#addCounts("workload", report.workload);
    this.#addCounts("ledger", report.ledger);
    this.#addCounts("check", report.checks);
    this.#addCounts("event", report.events);
  }

  report({ wallMs, cpuMs }: Took): SuiteReport {
    const totals = this.#totals;
    const faults = Object.entries(totals).filter(([name]) => name.startsWith("fault."));
    const paths = Object.entries(this.#sometimes).map(([what, proof]) => [
      what,
      totals[proof] ?? 0,
    ]);
    return {
      seeds: this.#seeds,
      failures: this.failures.flatMap(({ seed, failure }) =>
        failure ? [{ seed, ...failure }] : [],
      ),
      virtualSeconds: Math.round(this.#virtualMs / 1_000),
      wallSeconds: Math.round(wallMs / 100) / 10,
      cpuSeconds: Math.round(cpuMs / 100) / 10,
      events: this.#happenings,
      faults: Object.fromEntries(faults.map(([name, count]) => [name.slice(6), count])),
      paths: Object.fromEntries(paths) as Record<string, number>,
      convergenceVirtualMs: percentiles(this.#convergencesMs),
      messages: totals["network.frames"] ?? 0,
      bytes: totals["network.bytes"] ?? 0,
      requests: totals["workload.requests"] ?? 0,
      seedsPerCoreMinute: Math.round(this.#seeds / Math.max(cpuMs / 60_000, 1e-9)),
    };
  }

  #addCounts(kind: string, counts: object): void {
    for (const [name, count] of Object.entries(counts) as [string, unknown][]) {
      const key = `${kind}.${name}`;
      if (typeof count === "number") this.#totals[key] = (this.#totals[key] ?? 0) + count;
    }
  }
}

function percentiles(values: readonly number[]): { p50: number; p99: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
