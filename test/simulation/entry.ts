/**
 * What a bundle of the simulation holds: the simulation, and the scenarios that are written in it.
 */
export * from "@session-mesh/sim";
export { SCENARIOS } from "./scenarios/list.js";
