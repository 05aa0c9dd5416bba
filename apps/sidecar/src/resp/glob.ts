/**
 * Redis' patterns: `*`, `?`, `[a-z]`, `[^…]`, and a backslash before what is meant literally.
 *
 * Only the last star is ever tried again, so a match takes at most the product of both lengths.
 * Not here: who matches what.
 */

const STAR = 42;
const QUESTION = 63;
const OPEN = 91;
const CLOSE = 93;
const BACKSLASH = 92;
const CARET = 94;
const DASH = 45;

/** Whether the whole text matches. Bytes are compared as they are; for other cases fold both before. */
export function matchesGlob(pattern: Uint8Array, text: Uint8Array): boolean {
  let at = 0;
  let patternAt = 0;
  let starAt = -1;
  let starTextAt = 0;
  while (at < text.length) {
    if (pattern[patternAt] === STAR) {
      starAt = patternAt++;
      starTextAt = at;
      continue;
    }
    const next = patternAt < pattern.length ? matchOne(pattern, patternAt, text[at] ?? 0) : -1;
    if (next >= 0) {
      patternAt = next;
      at++;
    } else if (starAt >= 0) {
      patternAt = starAt + 1;
      at = ++starTextAt;
    } else return false;
  }
  while (pattern[patternAt] === STAR) patternAt++;
  return patternAt >= pattern.length;
}

/** Where the pattern goes on after it matched one byte; -1 where it did not. */
function matchOne(pattern: Uint8Array, at: number, byte: number): number {
  const first = pattern[at] ?? 0;
  if (first === QUESTION) return at + 1;
  if (first === OPEN) return matchClass(pattern, at + 1, byte);
  if (first === BACKSLASH && at + 1 < pattern.length) {
    return pattern[at + 1] === byte ? at + 2 : -1;
  }
  return first === byte ? at + 1 : -1;
}

/** One byte against `a-z]`; a class that is not closed ends with the pattern. */
function matchClass(pattern: Uint8Array, start: number, byte: number): number {
  const isNegated = pattern[start] === CARET;
  let at = isNegated ? start + 1 : start;
  let isFound = false;
  for (; at < pattern.length && pattern[at] !== CLOSE; at++) {
    const from = pattern[at] ?? 0;
    if (from === BACKSLASH && at + 1 < pattern.length) {
      at++;
      isFound ||= pattern[at] === byte;
    } else if (pattern[at + 1] === DASH && at + 2 < pattern.length) {
      const to = pattern[at + 2] ?? 0;
      isFound ||= byte >= Math.min(from, to) && byte <= Math.max(from, to);
      at += 2;
    } else isFound ||= from === byte;
  }
  return isFound === isNegated ? -1 : at + 1;
}
