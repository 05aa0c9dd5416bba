/**
 * Checks the `limits` that a user sets: known names, sensible numbers, and what must hold between
 * them. What each one means is said where they are defined, in @session-mesh/core.
 */
import { DEFAULT_LIMITS, type Limits } from "@session-mesh/core";

/** Largest value that anything counted in bytes, entries or milliseconds may take. */
const VALUE_MAX = 2 ** 48;

/** What must hold between two limits: the first is at least the second, or the reason applies. */
const ORDERED: readonly (readonly [keyof Limits, keyof Limits, string])[] = [
  ["suspectFloorMs", "heartbeatIntervalMs", "or every peer that has nothing to say is suspected"],
  ["frameBytesMax", "sessionBytesMax", "or a session could grow beyond what can be sent"],
  ["frameBytesMax", "pushBatchBytesMax", "or a batch could not be sent"],
  ["frameBytesMax", "syncChunkBytesMax", "or a repair could not be sent"],
  ["frameBytesMax", "rangeChunkBytesMax", "or a node that joins could not be filled"],
  ["pushWindowBytesMax", "pushBatchBytesMax", "or no batch ever fits"],
  ["clockAheadMsMax", "clockMarginMs", "or clocks within the margin are refused"],
];

/** What is wrong with `value` as a set of limits; undefined when nothing is. */
export function limitsProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null)
    return "must be an object, as { sessionsMax: 1000 }";
  for (const [limit, amount] of Object.entries(value)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, limit)) {
      return `has no \`${limit}\`; there are: ${Object.keys(DEFAULT_LIMITS).join(", ")}`;
    }
    const problem = amountProblem(limit, amount);
    if (problem !== undefined) return `has a wrong \`${limit}\`: ${problem}`;
  }
  const limits: Limits = { ...DEFAULT_LIMITS, ...value };
  for (const [larger, smaller, reason] of ORDERED) {
    if (limits[larger] >= limits[smaller]) continue;
    return `must have \`${larger}\` (${limits[larger]}) at least as large as \`${smaller}\` (${limits[smaller]}), ${reason}`;
  }
  return undefined;
}

function amountProblem(limit: string, amount: unknown): string | undefined {
  if (typeof amount !== "number" || !Number.isFinite(amount)) return "give a finite number";
  const isCount = !limit.includes("Ms");
  if (isCount && !Number.isSafeInteger(amount)) return "give a whole number";
  const mayBeZero = limit === "pushDelayMs" || limit === "persistDelayMs";
  if (amount <= 0 && !mayBeZero) return "give a number above 0";
  if (amount < 0) return "give a number from 0 on";
  return amount <= VALUE_MAX ? undefined : `give at most ${VALUE_MAX}`;
}
