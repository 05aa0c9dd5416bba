/**
 * @session-mesh/sim: real replicas under virtual time, on a network, machines and clocks that fail.
 *
 * A run is a function of its seed: {@link runSeed} draws a cluster and its faults and checks the
 * promises; {@link scenario} writes a particular bad day down.
 */
export type { Dialect } from "./dialect.js";
export type { Happening, Recorder } from "./happening.js";
export type { Report } from "./report.js";
export { type Override, overridden } from "./override.js";
export { Scenario, scenario } from "./scenario.js";
export type { ScenarioOptions } from "./scenario-terms.js";
export { sessionIdOf } from "./session-id.js";
export { type Failure, SimulationFailure } from "./simulator.js";
export {
  CONVERGENCE_MS_MAX,
  drawOptions,
  type RunOptions,
  runSeed,
  type SwarmOptions,
} from "./swarm.js";
