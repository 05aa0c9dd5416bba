/**
 * Hybrid logical clocks, each packed into one integer below 2^53: 42 bits of milliseconds since
 * 2020 and 11 bits of counter, so that plain `<` orders them.
 *
 * Kulkarni, Demirbas et al. 2014, https://cse.buffalo.edu/tech-reports/2014-04.pdf.
 *
 * Not here: which remote clocks are adopted (membership), and how far ahead is too far (config).
 */
import { assert } from "./assert.js";
import type { Millis, WriterId } from "./ids.js";

declare const hlcBrand: unique symbol;

/** A packed hybrid logical clock; 0 is before every clock. */
export type Hlc = number & { readonly [hlcBrand]: "Hlc" };

/** Who wrote and when: the total order of merge law M2. */
export interface Stamp {
  readonly hlc: Hlc;
  readonly writer: WriterId;
}

/** The clock that is before every other. */
export const HLC_ZERO: Hlc = 0 as Hlc;

const EPOCH_MS = Date.UTC(2020, 0, 1);
const COUNTERS_PER_MS = 2048;

/** The first clock of a millisecond; times before 2020 give {@link HLC_ZERO}. */
export function hlcFromMillis(wallMs: Millis): Hlc {
  return (Math.max(0, Math.floor(wallMs) - EPOCH_MS) * COUNTERS_PER_MS) as Hlc;
}

/** The wall-clock millisecond that a clock lies in. */
export function hlcToMillis(hlc: Hlc): Millis {
  return Math.floor(hlc / COUNTERS_PER_MS) + EPOCH_MS;
}

/** A clock above the wall clock's millisecond and above every one of `seen`. */
export function hlcAfter(wallMs: Millis, ...seen: readonly Hlc[]): Hlc {
  const next = Math.max(hlcFromMillis(wallMs), ...seen.map((hlc) => hlc + 1));
  assert(Number.isSafeInteger(next), `the hybrid logical clock overflowed at ${next}`);
  return next as Hlc;
}

/** Negative, 0 or positive as `a` is before, equal to, or after `b`. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.hlc - b.hlc || a.writer - b.writer;
}

/** Whether `value` can be an {@link Hlc}. */
export function isHlc(value: unknown): value is Hlc {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
