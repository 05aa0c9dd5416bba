/**
 * What a bundle of the simulation holds: the simulation, the scenarios that are written in it, and
 * what must have happened in a run of many seeds.
 */
export * from "@session-mesh/sim";
export { neverHappened, SOMETIMES, SOMETIMES_SEEDS_MIN } from "./paths.js";
export { SCENARIOS } from "./scenarios/list.js";
