/**
 * A reader of simulated nodes that takes along what it has seen, as a browser takes tokens along.
 *
 * Not here: cookies and HTTP (the other tests of this folder), and expectations.
 */
import {
  beyond,
  type FreshnessOutcome,
  joinVectors,
  type Millis,
  type ReadResult,
  type VersionVector,
} from "@session-mesh/core";
import { type Scenario, sessionIdOf } from "@session-mesh/sim";

/** How a wait ended, and how long it took. */
export interface Waited extends FreshnessOutcome {
  readonly tookMs: Millis;
}

/** Asks `node` to wait for revisions of a session; returns when it has answered. */
export function waitFor(mesh: Scenario, node: string, wanted: Wanted): Waited {
  const startedAtMs = mesh.nowMs;
  const answer = ask(mesh, node, wanted);
  while (answer.outcome === undefined) mesh.run("1ms");
  return { ...answer.outcome, tookMs: mesh.nowMs - startedAtMs };
}

/** What to wait for. */
export interface Wanted {
  readonly session: string;
  readonly revisions: VersionVector;
}

/** Asks without waiting for the answer. */
export function ask(
  mesh: Scenario,
  node: string,
  { session, revisions }: Wanted,
): { outcome?: FreshnessOutcome } {
  const answer: { outcome?: FreshnessOutcome } = {};
  const run = mesh.cluster.runOn(node);
  const ticket = run?.ticket((outcome) => {
    if (outcome.kind === "freshness") answer.outcome = outcome;
  });
  run?.input((replica) => {
    if (ticket) replica.awaitRevisions(ticket, sessionIdOf(session), { revisions });
  });
  return answer;
}

/** The revisions of a session as a node has them. */
export function revisionsOn(mesh: Scenario, node: string, session: string): VersionVector {
  const read: ReadResult = mesh.read(node, session);
  return read.status === "found" ? read.revisions : [];
}

/** One user's memory. */
export class Reader {
  /** All that he was ever shown. */
  seen: VersionVector = [];
  /** What he takes along: of what he was shown, what other nodes may lack. */
  token: VersionVector = [];

  /** Takes along what a response of `node` shows of its session. */
  shown(mesh: Scenario, node: string, session: string): void {
    const revisions = revisionsOn(mesh, node, session);
    const unshared = mesh.cluster
      .runOn(node)
      ?.input((replica) => replica.unshared(sessionIdOf(session), revisions));
    this.seen = joinVectors(this.seen, revisions);
    this.token = joinVectors(this.token, unshared?.revisions ?? []);
  }

  /** What he has seen that `node` does not show. */
  missingOn(mesh: Scenario, node: string, session: string): VersionVector {
    return beyond(this.seen, revisionsOn(mesh, node, session));
  }
}
