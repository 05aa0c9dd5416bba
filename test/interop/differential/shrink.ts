/**
 * Makes a failing stream short: leaves out what it fails without (delta debugging, Zeller 1999).
 *
 * Not here: what failing means.
 */
import type { Step } from "../transcript.js";

/** A shorter stream that still fails, after at most `attemptsMax` trials. */
export async function shrink(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
  attemptsMax = 400,
): Promise<readonly Step[]> {
  let left = steps;
  let attempts = 0;
  for (
    let size = Math.ceil(steps.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < left.length && attempts < attemptsMax; attempts++) {
      const shorter = [...left.slice(0, at), ...left.slice(at + size)];
      if (shorter.length > 0 && (await fails(shorter))) left = shorter;
      else at += size;
    }
  }
  return left;
}
