/**
 * @session-mesh/sim: real replicas under virtual time, on a network, machines and clocks that fail.
 *
 * A run is a function of its seed: {@link runSeed} draws a cluster and its faults and checks the
 * promises; {@link scenario} writes a particular bad day down. {@link Oversight} is the users of a run and
 * its checkers, which know the world through {@link NodePort} alone: it may be real processes.
 */
export {
  type ComparedNode,
  type ComparedReplica,
  type Comparison,
  difference,
} from "./checks/convergence.js";
export type { Trace } from "./checks/ledger.js";
export { Oversight } from "./checks/oversight.js";
export { breachOf, type FilledValue } from "./checks/value-checker.js";
export type { Dialect } from "./world/dialect.js";
export type { Fault } from "./faults/fault.js";
export type { Happening, Recorder } from "./trace/happening.js";
export type { Report } from "./trace/report.js";
export { type ColdStart, type Idle, MembershipScale } from "./membership-scale.js";
export type { Spread } from "./news.js";
export { type Override, overridden } from "./override.js";
export {
  marksIn,
  marksInBytes,
  nextCommit,
  type NextFields,
  nextFieldsIn,
} from "./next/next-writes.js";
export { Scenario, scenario } from "./scenario.js";
export type { ScenarioOptions } from "./scenario-terms.js";
export type { ClusterPort, Course, NodePort, ReplicaPort } from "./users/node-port.js";
export { sessionIdOf } from "./users/session-id.js";
export type { WorkloadOptions } from "./users/workload-draw.js";
export { type Failure, SimulationFailure } from "./world/simulator.js";
export { FAULTS } from "./faults/nemesis.js";
export { CODES, NEXT_MESSAGE, nextVersion, type NextVersionOptions } from "./next/next-version.js";
export { CONVERGENCE_MS_MAX, type RunOptions, runSeed } from "./swarm.js";
export { drawOptions, type SwarmOptions } from "./swarm-draw.js";
