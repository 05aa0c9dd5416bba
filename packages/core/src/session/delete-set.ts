/**
 * Updates that do nothing but delete, which is how dominated entries leave a session's document.
 *
 * Yjs keeps the entries of one commit as one item, and splits an item at every range to delete. A split
 * copies what it splits, so ranges one after another would copy the rest of a list once for each
 * element: half a minute for twenty thousand. Ranges in the middle first halve it each time.
 *
 * Not here: which entries are dominated (places.ts).
 */
import type { WriterId } from "../ids.js";

type ClockRange = readonly [first: number, length: number];

/** An update in format 1 that deletes entries of some writers, given by their clocks in any order. */
export function encodeDeletes(dead: ReadonlyMap<WriterId, readonly number[]>): Uint8Array {
  const bytes: number[] = [0];
  writeVarUint(bytes, dead.size);
  for (const [writer, clocks] of dead) {
    const ranges = rangesOf(clocks);
    writeVarUint(bytes, writer);
    writeVarUint(bytes, ranges.length);
    writeMiddleFirst(bytes, ranges);
  }
  return Uint8Array.from(bytes);
}

/** The fewest ranges that hold these clocks and no other, ascending. */
function rangesOf(clocks: readonly number[]): ClockRange[] {
  const ranges: ClockRange[] = [];
  let [first, length] = [0, 0];
  for (const clock of [...clocks].sort((a, b) => a - b)) {
    if (length > 0 && clock <= first + length) {
      length = clock + 1 - first;
      continue;
    }
    if (length > 0) ranges.push([first, length]);
    [first, length] = [clock, 1];
  }
  if (length > 0) ranges.push([first, length]);
  return ranges;
}

function writeMiddleFirst(bytes: number[], ranges: readonly ClockRange[]): void {
  const write = (from: number, to: number): void => {
    const middle = (from + to) >> 1;
    const range = ranges[middle];
    if (from >= to || !range) return;
    writeVarUint(bytes, range[0]);
    writeVarUint(bytes, range[1]);
    write(from, middle);
    write(middle + 1, to);
  };
  write(0, ranges.length);
}

function writeVarUint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
}
