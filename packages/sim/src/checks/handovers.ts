/**
 * What is handed over whole, looked into at the moment at which a node says so: who has joined holds
 * what all others held when it began (P9), and who has drained leaves everything of its own with all who
 * stay and are linked (P7).
 *
 * Not here: whether what was acknowledged survives (checkers.ts), and audits, which mend both later.
 */
import { beyond, type EventBody, type Millis, type SessionId } from "@session-mesh/core";
import type { ClusterPort, Course, NodePort } from "../users/node-port.js";
import { meshMs } from "./lifetimes.js";

/** Sessions that are over sooner may be dropped by one node and not by another: clocks differ. */
const LIFE_MS_MIN: Millis = 4 * 3_600_000;

/** What each other run held when a join began for the first time. */
type Begun = ReadonlyMap<NodePort, ReadonlySet<SessionId>>;

/** Checks joins and drains. */
export class Handovers {
  readonly #simulator: Course;
  readonly #cluster: ClusterPort;
  readonly #joins = new Map<NodePort, Begun>();
  #count = 0;

  constructor(simulator: Course, cluster: ClusterPort) {
    this.#simulator = simulator;
    this.#cluster = cluster;
    cluster.onEvent((run, event) => this.#onEvent(run, event));
  }

  /** How many joins and drains were looked into. */
  get count(): number {
    return this.#count;
  }

  #onEvent(run: NodePort, event: EventBody): void {
    if (event.type === "join-started") {
      // One that broke off is gone on with: what it was given then is not asked for again.
      if (!this.#joins.has(run)) this.#joins.set(run, this.#begun(run));
    } else if (event.type === "join-finished" && event.outcome === "complete") {
      const begun = this.#joins.get(run);
      this.#joins.delete(run);
      if (begun) this.#joined(run, begun);
    } else if (event.type === "drain-finished" && event.confirmed) this.#drained(run);
  }

  #begun(run: NodePort): Begun {
    const others = this.#cluster.runs().filter((other) => other !== run);
    return new Map(others.map((other) => [other, new Set(other.replica.held())]));
  }

  #joined(run: NodePort, begun: Begun): void {
    const others = this.#cluster.runs().filter((other) => other !== run);
    // Whoever came meanwhile may have given what it held then.
    if (others.length === 0 || others.some((other) => !begun.has(other))) return;
    this.#count += 1;
    const [first, ...more] = [...begun.values()];
    for (const session of first ?? []) {
      if (!more.every((held) => held.has(session))) continue;
      if (!others.every((other) => this.#isLasting(other, session))) continue;
      if (run.replica.read(session).status !== "absent") continue;
      this.#fail("P9 joins", run, `has joined, and lacks ${session}, which all others hold`);
    }
  }

  #drained(run: NodePort): void {
    if (this.#cluster.isNameShared(run)) return;
    const staying = run.replica.status().members.filter(({ state, isDraining, isLinked }) => {
      return state === "alive" && isLinked && !isDraining;
    });
    if (staying.length === 0) this.#fail("P7 drains", run, "is confirmed, and nobody stays");
    const writers = new Set(staying.map(({ writer }) => writer));
    const peers = this.#cluster.runs().filter(({ config }) => writers.has(config.writer));
    this.#count += 1;
    for (const session of run.replica.held()) {
      if (!this.#isLasting(run, session)) continue;
      for (const peer of peers) this.#checkLeft(run, peer, session);
    }
  }

  /** What others wrote may have come here a moment before it comes there. */
  #checkLeft(run: NodePort, peer: NodePort, session: SessionId): void {
    const { writer } = run.config;
    const revisions = run.replica.describe(session)?.revisions ?? [];
    const at = revisions.findIndex((each, i) => i % 2 === 0 && each === writer);
    if (at < 0) return;
    const own = [writer, revisions[at + 1] as number] as const;
    const held = peer.replica.describe(session)?.revisions;
    const isThere = held
      ? beyond(own, held).length === 0
      : peer.replica.read(session).status === "destroyed";
    if (isThere) return;
    const detail = `is drained, and ${peer.machine} lacks ${own.join(":")} of ${session}`;
    this.#fail("P7 drains", run, detail);
  }

  #isLasting(run: NodePort, session: SessionId): boolean {
    const described = run.replica.describe(session);
    return described !== undefined && described.expiresAtMs - meshMs(run) > LIFE_MS_MIN;
  }

  #fail(checker: string, run: NodePort, detail: string): never {
    return this.#simulator.fail(checker, `on ${run.machine}: ${detail}`);
  }
}
