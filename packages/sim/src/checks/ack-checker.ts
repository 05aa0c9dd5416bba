/**
 * What an acknowledgement is worth (P1), by a look inside: who acknowledges a write holds it at that
 * moment, and no node counts more acknowledgements than were sent.
 *
 * Not here: whether what was acknowledged survives (checkers.ts).
 */
import { type AckOutcome, beyond, type SessionId, type VersionVector } from "@session-mesh/core";
import type { Ledger } from "./ledger.js";
import type { Course, NodePort } from "../users/node-port.js";

/** A change that was waited for, and that whoever says so holds ever after. */
export interface AwaitedChange {
  readonly seq: number;
  readonly session: SessionId;
  /** What it wrote; undefined for a destruction. */
  readonly wrote: VersionVector | undefined;
}

/** Checks acknowledgements. */
export class AckChecker {
  readonly #simulator: Course;
  readonly #ledger: Ledger;
  readonly #areMembersExact: boolean;
  /** By origin: its changes in order, and how many of them each acker was asked for. */
  readonly #changes = new Map<NodePort, AwaitedChange[]>();
  readonly #checked = new Map<NodePort, Map<NodePort, number>>();
  #count = 0;

  /** `areMembersExact`: members are looked at in the moment in which a wait ends. */
  constructor(simulator: Course, ledger: Ledger, options: { areMembersExact: boolean }) {
    this.#simulator = simulator;
    this.#areMembersExact = options.areMembersExact;
    this.#ledger = ledger;
    ledger.onSaid = (origin, acker, seq) => this.#said(origin, acker, seq);
  }

  /** How many acknowledgements were looked into. */
  get count(): number {
    return this.#count;
  }

  /** A change of `origin` is waited for. */
  expect(origin: NodePort, change: AwaitedChange): void {
    const changes = this.#changes.get(origin) ?? [];
    this.#changes.set(origin, changes);
    changes.push(change);
  }

  /** The wait is over. */
  settled(
    origin: NodePort,
    change: AwaitedChange,
    { acks, degraded, wanted }: Omit<AckOutcome, "kind"> & { readonly wanted: number | "all" },
  ): void {
    const { session, seq } = change;
    if (!degraded && wanted !== "all" && acks < wanted) {
      const detail = `${session} is said to be kept, with ${acks} acknowledgements of ${wanted}`;
      this.#simulator.fail("P1 acks", `on ${origin.machine}: ${detail}`);
    }
    if (!degraded && wanted === "all" && this.#areMembersExact) this.#checkAll(origin, change);
    const holding = this.#ledger.sayers({ origin, seq }).filter((acker) => {
      return !this.#ledger.wasSkipped(origin, acker, seq) || this.#isHeld(acker, change);
    });
    if (acks <= holding.length) return;
    const detail = `${acks} acknowledgements of ${session}, and ${holding.length} hold it`;
    this.#simulator.fail("P1 acks", `on ${origin.machine}: ${detail}`);
  }

  /** Who is linked, unsuspected and stays has confirmed what all are said to have confirmed. */
  #checkAll(origin: NodePort, { session, seq }: AwaitedChange): void {
    const lacking = origin.replica.status().members.find((member) => {
      const { state, isDraining, ackedSeq } = member;
      return state === "alive" && !isDraining && ackedSeq !== undefined && ackedSeq < seq;
    });
    if (!lacking) return;
    const detail = `${session} is said to be kept by all, and ${lacking.node} has not confirmed it`;
    this.#simulator.fail("P1 acks", `on ${origin.machine}: ${detail}`);
  }

  /** Looks into what is said of each change for the first time, also long after it was waited for. */
  #said(origin: NodePort, acker: NodePort, seq: number): void {
    const changes = this.#changes.get(origin) ?? [];
    const checked = this.#checked.get(origin) ?? new Map<NodePort, number>();
    this.#checked.set(origin, checked);
    let at = checked.get(acker) ?? 0;
    for (let change = changes[at]; change && change.seq <= seq; change = changes[(at += 1)]) {
      if (this.#ledger.wasSkipped(origin, acker, change.seq)) continue;
      this.#count += 1;
      this.#check(origin, acker, change);
    }
    checked.set(acker, at);
  }

  #check(origin: NodePort, acker: NodePort, change: AwaitedChange): void {
    if (this.#isHeld(acker, change)) return;
    const { session, wrote } = change;
    const held = acker.replica.describe(session)?.revisions;
    const detail = `${acker.machine} confirms ${wrote?.join() ?? "the end"} of ${session}`;
    const holds = `and holds ${held?.join() ?? "nothing"}`;
    this.#simulator.fail("P1 acks", `on ${origin.machine}: ${detail} ${holds}`);
  }

  #isHeld(acker: NodePort, { session, wrote }: AwaitedChange): boolean {
    const record = this.#ledger.record(session);
    // What is destroyed, over or dropped is held by nobody, and acknowledged all the same.
    if (!record || record.times.isCollected || record.times.isShort) return true;
    const held = acker.replica.describe(session)?.revisions;
    if (held) return wrote !== undefined && beyond(wrote, held).length === 0;
    return wrote === undefined || record.isDestroyTried;
  }
}
