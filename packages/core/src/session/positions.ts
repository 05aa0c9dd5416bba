/**
 * Where list elements stand: texts between any two of which there is always room for another.
 *
 * An element's rank is its position, a `!`, and its slot id; ranks are compared as text. All elements
 * that one commit inserts at one place share a position and differ by ascending ids, so that two
 * writers' runs at the same place never mix, and a run costs one short position.
 *
 * A position begins with an integer whose length its first letter tells, so that pushing and
 * unshifting n times costs log n characters; in between it grows by one character every six inserts
 * at the same place. Integers as in https://observablehq.com/@dgreensp/implementing-fractional-indexing.
 *
 * Not here: which elements moved (match.ts).
 */
import { assert } from "../assert.js";
import type { WriterId } from "../ids.js";

/** The digits, ascending as text. `!`, which is before them all, separates position and id. */
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RADIX = DIGITS.length;
const SEPARATOR = "!";
const WRITER_DIGITS = 9;
const POSITION = /^[0-9A-Za-z!]{1,4096}$/;

/** Whether a peer's position can be one. */
export function isPosition(value: unknown): value is string {
  return typeof value === "string" && POSITION.test(value);
}

/** What orders the elements of a list. */
export function rankOf(position: string, slotId: string): string {
  return position + SEPARATOR + slotId;
}

/** The id of the element that `writer` inserts as its `clock`-th entry; never given twice. */
export function slotIdOf(writer: WriterId, clock: number): string {
  let text = "";
  let rest: number = writer;
  for (let i = 0; i < WRITER_DIGITS; i++) {
    text = DIGITS[rest % RADIX] + text;
    rest = Math.floor(rest / RADIX);
  }
  return text + integerText(clock);
}

/** Non-negative integers as text that sorts as they do: `a0` … `az`, `b00` …; negative ones from `Zz` down. */
function integerText(value: number): string {
  let low = 0;
  let length = 1;
  if (value >= 0) {
    for (let count = RADIX; value >= low + count; count *= RADIX, length++) low += count;
    return String.fromCharCode(96 + length) + digits(value - low, length);
  }
  const below = -1 - value;
  for (let count = RADIX; below >= low + count; count *= RADIX, length++) low += count;
  return String.fromCharCode(91 - length) + digits(RADIX ** length - 1 - (below - low), length);
}

function digits(value: number, length: number): string {
  let text = "";
  for (let i = 0, rest = value; i < length; i++, rest = Math.floor(rest / RADIX)) {
    text = DIGITS[rest % RADIX] + text;
  }
  return text;
}

/** The integer that a rank begins with; undefined where a peer chose its positions otherwise. */
function integerOf(rank: string): number | undefined {
  const head = rank.charCodeAt(0);
  const isNegative = head >= 65 && head <= 90;
  const length = isNegative ? 91 - head : head - 96;
  if (length < 1 || length > 7 || rank.length <= length) return undefined;
  let value = 0;
  for (let i = 1; i <= length; i++) {
    const digit = DIGITS.indexOf(rank[i] as string);
    if (digit < 0) return undefined;
    value = value * RADIX + digit;
  }
  let low = 0;
  for (let i = 1, count = RADIX; i < length; i++, count *= RADIX) low += count;
  return isNegative ? -1 - (low + (RADIX ** length - 1 - value)) : low + value;
}

/** The digit of `text` at `at`, where the separator counts 0 and so does what is beyond the end. */
const digitAt = (text: string, at: number): number => DIGITS.indexOf(text[at] ?? SEPARATOR) + 1;

/** A text above `low` and below `high`, of which it is never a beginning; so are all that begin with it. */
function midpoint(low: string, high: string | undefined): string {
  let text = "";
  let isOpen = high === undefined;
  for (let at = 0; ; at++) {
    const from = digitAt(low, at);
    const to = isOpen ? RADIX + 1 : digitAt(high as string, at);
    if (to - from >= 2) return text + DIGITS[Math.floor((from + to) / 2) - 1];
    text += from === 0 ? SEPARATOR : DIGITS[from - 1];
    if (to > from) isOpen = true;
    assert(to >= from, `no room between ${low} and ${high}`);
  }
}

/** A position whose every rank lies between the ranks `low` and `high`; undefined means the list's end. */
export function positionBetween(low: string | undefined, high: string | undefined): string {
  if (low === undefined && high === undefined) return integerText(0);
  if (low !== undefined && high !== undefined) return midpoint(low, high);
  const neighbour = integerOf((low ?? high) as string);
  if (neighbour === undefined) return midpoint(low ?? "", high);
  return integerText(low === undefined ? neighbour - 1 : neighbour + 1);
}

/** `count` ascending positions between the ranks `low` and `high`, each of about the same length. */
export function positionsBetween(
  low: string | undefined,
  high: string | undefined,
  count: number,
): string[] {
  if (count === 0) return [];
  if (low === undefined || high === undefined) return positionsOutside(low, high, count);
  const middle = positionBetween(low, high);
  const before = count >> 1;
  return [
    ...positionsBetween(low, middle, before),
    middle,
    ...positionsBetween(middle, high, count - before - 1),
  ];
}

function positionsOutside(
  low: string | undefined,
  high: string | undefined,
  count: number,
): string[] {
  const positions: string[] = [];
  let [from, to] = [low, high];
  for (let i = 0; i < count; i++) {
    const position = positionBetween(from, to);
    positions.push(position);
    if (high === undefined) from = position;
    else to = position;
  }
  return high === undefined ? positions : positions.reverse();
}
