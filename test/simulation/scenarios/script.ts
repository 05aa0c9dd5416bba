/**
 * A particular bad day, written down: its name says what is promised, its script what happens.
 *
 * Not here: how it is run, in the test or with its trace (`npm run sim -- --scenario`).
 */
import type { Scenario, ScenarioOptions } from "@session-mesh/sim";

/** Starts a cluster for a script. */
export type Begin = (options: ScenarioOptions) => Scenario;

/** A scenario. */
export interface Script {
  /** `P3: a logout on the minority side wins …`: the promises and laws it holds, and in which words. */
  readonly name: string;
  /** Throws where it is not so. */
  play(begin: Begin): void;
}

/** By which rungs nodes caught up. */
export function rungs(mesh: Scenario): string[] {
  return mesh.events.flatMap(({ event }) =>
    event.type === "catch-up-started" ? [event.rung] : [],
  );
}
