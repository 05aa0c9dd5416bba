/**
 * Faults of wall clocks: within the margin, where every promise holds, and far beyond it, where a
 * node is not ready.
 *
 * Not here: drift, which every machine has from its birth (swarm.ts).
 */
import type { Millis } from "@session-mesh/core";
import { type Fault, type Field, pickRun, type Struck } from "./fault.js";
import type { NodeClock } from "../world/node-clock.js";

const HOUR_MS: Millis = 3_600_000;
const TEN_MINUTES_MS: Millis = 600_000;

/** A fault of one clock. */
function ofClock(
  name: string,
  strike: (field: Field, clock: NodeClock) => Omit<Struck, "victims"> | undefined,
): Fault {
  return {
    name,
    strike: (field) => {
      const machine = pickRun(field)?.machine;
      if (machine === undefined) return undefined;
      const struck = strike(field, field.cluster.clockOf(machine));
      return struck && { victims: machine, ...struck };
    },
  };
}

/** Lets a clock go beyond the margin, where seeds allow it. */
function leadAstray({ bounds }: Field, clock: NodeClock, offsetMs: Millis) {
  if (!bounds.areClocksWild || clock.astrayMs !== undefined) return undefined;
  clock.astrayMs = offsetMs;
  return { undo: () => (clock.astrayMs = undefined) };
}

const mildOffset = ({ random, bounds }: Field): Millis =>
  random.range(-bounds.jumpMsMax, bounds.jumpMsMax + 1);

/** The faults of clocks. */
export const CLOCK_FAULTS: readonly Fault[] = [
  ofClock("clock-jump", (field, clock) => {
    const offsetMs = mildOffset(field);
    if (offsetMs === clock.offsetMs) return undefined;
    clock.offsetMs = offsetMs;
    return {};
  }),
  ofClock("clock-leap", (field, clock) =>
    leadAstray(field, clock, field.random.pick([-HOUR_MS, HOUR_MS])),
  ),
  ofClock("clock-ahead", (field, clock) => leadAstray(field, clock, TEN_MINUTES_MS)),
  ofClock("clock-strobe", (field, clock) => {
    const { bounds, random } = field;
    const offsetMs = bounds.areClocksWild ? random.range(-HOUR_MS, HOUR_MS + 1) : mildOffset(field);
    if (clock.strobe || offsetMs === clock.offsetMs) return undefined;
    clock.strobe = { offsetMs, periodMs: random.range(20, 400) };
    return { undo: () => (clock.strobe = undefined) };
  }),
];
