/**
 * When sessions may and must expire (P4), by what each node takes for the time.
 *
 * A node's verdict is exact by its own idea of the time, and so is the mark of a touch by its author's;
 * both are known here to the millisecond, so no slack is needed. How far that idea may be off the true
 * time is another question, asked once a cluster is healed ({@link Lifetimes.clocks}).
 *
 * Not here: who is known to hold a touch (ledger.ts).
 */
import type { Millis } from "@session-mesh/core";
import type { ClusterPort, Course, NodePort } from "../users/node-port.js";
import type { SessionRecord, Write } from "./ledger.js";

/** Touches move in steps of the idle time over this. */
const QUANTA_PER_IDLE = 20;

/** A run takes less than this, by whatever clock. */
const SHORT_LIFE_MS: Millis = 7 * 86_400_000;

/** Times are whole milliseconds at several places, each of which may round. */
export const ROUNDING_MS: Millis = 2;

/** How far a heartbeat's clock is behind when it arrives on a calm network. */
const HEARTBEAT_AGE_MS_MAX: Millis = 1_500;

/** The cluster's idea of the time on one node. */
export function meshMs(run: NodePort): Millis {
  return run.wallMs() + run.replica.status().clockOffsetMs;
}

/** What is known of one session's times, all by the clocks of the nodes that marked them. */
export interface Times {
  /** The latest end of a quantum that a touch may have marked, acknowledged or not. */
  touchedAtMsMax: Millis;
  createdAtMsMin: Millis;
  createdAtMsMax: Millis;
  idleMsMin: Millis;
  idleMsMax: Millis;
  readonly absoluteMs: Millis;
  /** It may be over while it is watched, whatever its users do. */
  readonly isShort: boolean;
  /** Someone dropped it, rightly. */
  isCollected: boolean;
}

/** What a touch does beside touching. */
export interface Touch {
  readonly isBirth?: boolean;
  readonly idleMs?: Millis | undefined;
}

/** The times of a session that is about to be created. */
export function timesOf(idleMs: Millis, absoluteMs: Millis): Times {
  const created = {
    createdAtMsMin: Number.POSITIVE_INFINITY,
    createdAtMsMax: Number.NEGATIVE_INFINITY,
  };
  const idle = { idleMsMin: idleMs, idleMsMax: idleMs };
  const touchedAtMsMax = Number.NEGATIVE_INFINITY;
  const isShort = absoluteMs < SHORT_LIFE_MS;
  return { touchedAtMsMax, ...created, ...idle, absoluteMs, isShort, isCollected: false };
}

/** Checks verdicts on lifetimes. */
export class Lifetimes {
  readonly #simulator: Course;
  readonly #cluster: ClusterPort;

  constructor(simulator: Course, cluster: ClusterPort) {
    this.#simulator = simulator;
    this.#cluster = cluster;
  }

  /** A node touches a session, by a commit or on its own, and perhaps creates it. */
  touched(times: Times, run: NodePort, options: Touch = {}): Millis {
    const nowMs = meshMs(run);
    if (options.idleMs !== undefined) {
      times.idleMsMin = Math.min(times.idleMsMin, options.idleMs);
      times.idleMsMax = Math.max(times.idleMsMax, options.idleMs);
    }
    const quantumMs = Math.max(1, times.idleMsMax / QUANTA_PER_IDLE);
    times.touchedAtMsMax = Math.max(times.touchedAtMsMax, nowMs + quantumMs);
    if (options.isBirth === true) {
      times.createdAtMsMin = Math.min(times.createdAtMsMin, nowMs);
      times.createdAtMsMax = Math.max(times.createdAtMsMax, nowMs);
    }
    return nowMs;
  }

  /** A node shows a session; `held` are the writes that it is known to hold. */
  found(
    run: NodePort,
    { session, times }: SessionRecord,
    { held, idleMs, expiresAtMs }: { held: readonly Write[]; idleMs: Millis; expiresAtMs: Millis },
  ): void {
    const touchedAtMs = Math.max(...held.map((write) => write.markedMs));
    const absoluteMinMs = times.createdAtMsMin + times.absoluteMs;
    const earlyMs = Math.min(touchedAtMs + idleMs, absoluteMinMs) - expiresAtMs;
    if (earlyMs > ROUNDING_MS) {
      const early = `${Math.round(earlyMs)} ms before a touch held here allows`;
      this.#fail("P4 touches", run, `${session} would expire ${early}`);
    }
    const idleEndMs = times.touchedAtMsMax + idleMs;
    const absoluteEndMs = times.createdAtMsMax + times.absoluteMs;
    const endMs = Math.min(idleEndMs, absoluteEndMs);
    const lateMs = meshMs(run) - endMs;
    if (lateMs > ROUNDING_MS) {
      const late = `is readable ${Math.round(lateMs)} ms past its lifetime`;
      this.#fail("P4 late", run, `${session} ${late}`);
    }
    const aheadMs = expiresAtMs - endMs;
    if (aheadMs <= ROUNDING_MS) return;
    const ahead = `would expire ${Math.round(aheadMs)} ms after any touch allows`;
    this.#fail("P4 late", run, `${session} ${ahead}`);
  }

  /** Whether, by this node's time, a session that was touched by these writes may be over. */
  mayBeOver(run: NodePort, { session, times }: SessionRecord, writes: readonly Write[]): boolean {
    if (times.isCollected) return true;
    const idleMs = run.replica.describe(session)?.idleMs ?? times.idleMsMin;
    const touchedAtMs = Math.max(...writes.map((write) => write.markedMs));
    const endsAtMs = Math.min(touchedAtMs + idleMs, times.createdAtMsMin + times.absoluteMs);
    return meshMs(run) >= endsAtMs - ROUNDING_MS;
  }

  /** A node says that a session has expired, or drops it for that. */
  expired(run: NodePort, record: SessionRecord, writes: readonly Write[]): void {
    if (writes.length === 0 || this.mayBeOver(run, record, writes)) return;
    const touchedAtMs = Math.max(...writes.map((write) => write.markedMs));
    const sinceMs = Math.round(meshMs(run) - touchedAtMs);
    this.#fail("P4 early", run, `${record.session} expired ${sinceMs} ms after a touch held here`);
  }

  /** In a healed, quiet cluster all take the median of their clocks for the time. */
  clocks(): void {
    const runs = this.#cluster.runs();
    const walls = runs.map((run) => run.wallMs()).sort((a, b) => a - b);
    const middle = (walls.length - 1) / 2;
    const median =
      ((walls[Math.floor(middle)] as number) + (walls[Math.ceil(middle)] as number)) / 2;
    for (const run of runs) {
      const offMs = meshMs(run) - median;
      if (Math.abs(offMs) <= HEARTBEAT_AGE_MS_MAX) continue;
      this.#fail(
        "P4 clock",
        run,
        `takes a time for now that is ${Math.round(offMs)} ms off the median`,
      );
    }
  }

  #fail(checker: string, run: NodePort, detail: string): never {
    return this.#simulator.fail(checker, `on ${run.machine}: ${detail}`);
  }
}
