/**
 * Copies of sessions on all nodes, side by side: what is kept incrementally equals what is made afresh,
 * and equal digests mean equal sessions, at whatever time and on whatever node.
 *
 * Looking encodes every session, so a seed says how often it is done.
 *
 * Not here: whether copies that differ become equal (convergence.ts).
 */
import type { InspectedCopy, SessionId } from "@session-mesh/core";
import type { ClusterPort, Course, NodePort } from "../users/node-port.js";
import { canonical } from "./convergence.js";

/** What must travel to make all copies equal. */
export interface Difference {
  /** Sessions and tombstones that are not the same everywhere. */
  readonly sessions: number;
  /** Bytes of the largest copy of each. */
  readonly bytes: number;
}

/** Checks copies. */
export class Copies {
  readonly #simulator: Course;
  readonly #cluster: ClusterPort;
  /** What was seen under each digest of each session. */
  readonly #seen = new Map<string, string>();
  #count = 0;

  constructor(simulator: Course, cluster: ClusterPort) {
    this.#simulator = simulator;
    this.#cluster = cluster;
  }

  /** How many copies were looked at. */
  get count(): number {
    return this.#count;
  }

  /** Looks at all nodes, and says how far they differ. */
  inspect(): Difference {
    const runs = this.#cluster.runs();
    const held = runs.map((run) => this.#inspectOne(run));
    const sessions = new Set(held.flatMap((copies) => [...copies.keys()]));
    let count = 0;
    let bytes = 0;
    for (const session of sessions) {
      const copies = held.map((each) => each.get(session));
      if (new Set(copies.map((copy) => copy?.digest)).size === 1) continue;
      count += 1;
      bytes += Math.max(...copies.map((copy) => copy?.bytes ?? 0));
    }
    return { sessions: count, bytes };
  }

  #inspectOne(run: NodePort): ReadonlyMap<SessionId, InspectedCopy> {
    const { copies, faults } = run.input((replica) => replica.inspect());
    this.#count += copies.size;
    if (faults.length > 0) {
      const detail = `on ${run.machine}: not as it is afresh: ${faults.join("; ")}`;
      this.#simulator.fail("kept sums", detail);
    }
    for (const [session, { digest }] of copies) this.#compare(run, session, digest);
    return copies;
  }

  #compare(run: NodePort, session: SessionId, digest: string): void {
    const described = run.input((replica) => replica.describe(session));
    if (!described) return;
    const result = run.input((replica) => replica.read(session));
    if (result.status !== "found") return;
    const { createdAtMs, expiresAtMs, absoluteExpiresAtMs, idleMs, revisions, fields } = described;
    const sorted = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
    const times = [createdAtMs, expiresAtMs, absoluteExpiresAtMs, idleMs];
    const text = `${canonical(result.value)} ${times.join()} ${revisions.join()} ${JSON.stringify(sorted)}`;
    const key = `${session} ${digest}`;
    const before = this.#seen.get(key);
    this.#seen.set(key, text);
    if (before === undefined || before === text) return;
    const cut = (whole: string): string => whole.slice(0, 400);
    const detail = `on ${run.machine}: ${session} under one digest: ${cut(text)} and ${cut(before)}`;
    this.#simulator.fail("equal digests", detail);
  }
}
