/**
 * Where a sidecar answers otherwise than Redis, and why: the only place where that is excused.
 *
 * Each is a sentence for users, in docs/REDIS.md too, and must be met by the streams of CI: what no
 * longer happens is to be removed. Not here: what Redis leaves open (comparison.ts).
 */
import type { Frame } from "../resp-frame.js";
import type { CommandStep } from "../transcript.js";

/** One known difference. */
export interface Difference {
  readonly what: string;
  readonly why: string;
  readonly excuses: (step: CommandStep, theirs: Frame, ours: Frame) => boolean;
}

/** All of them. */
export const DIFFERENCES: readonly Difference[] = [];
