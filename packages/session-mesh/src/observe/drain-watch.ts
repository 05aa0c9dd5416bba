/**
 * Whether this node can be stopped without a loss (P7), for whoever waits for that from outside.
 *
 * Not here: draining itself (core), and leaving on a signal (drain-on-signal.ts).
 */
import type { Event, ReplicaStatus } from "@session-mesh/core";

type DrainFinished = Extract<Event, { type: "drain-finished" }>;

/** How far a node is with draining. */
interface DrainState {
  /** Every peer that stays holds everything this node holds, or there is nothing to hold. */
  readonly drained: boolean;
  readonly draining: boolean;
  /** How many peers were to confirm; undefined before a drain ended. */
  readonly peers: number | undefined;
  /** Sessions that no peer had confirmed when the drain ended. */
  readonly soleHeldCount: number | undefined;
}

/** Remembers how the last drain ended. */
export class DrainWatch {
  #last: DrainFinished | undefined;

  hear(event: Event): void {
    if (event.type === "drain-finished") this.#last = event;
  }

  /** A write after the drain makes it undrained until the peers have confirmed that as well. */
  state(status: Pick<ReplicaStatus, "members" | "seq" | "isDraining">): DrainState {
    const last = this.#last;
    const isSafe =
      last !== undefined && (last.confirmed || (last.peers === 0 && last.soleHeldCount === 0));
    const isBehind = status.members.some(
      ({ isLinked, state, isDraining, ackedSeq = 0 }) =>
        isLinked && state === "alive" && !isDraining && ackedSeq < status.seq,
    );
    return {
      drained: isSafe && !isBehind,
      draining: status.isDraining,
      peers: last?.peers,
      soleHeldCount: last?.soleHeldCount,
    };
  }
}
