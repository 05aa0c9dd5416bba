/**
 * The trace of a run: a hash over everything that happened, in order, and a readable line for each
 * thing when someone reads along. Equal hashes mean equal runs.
 *
 * Not here: what is worth a line (whoever notes it).
 */
import type { Millis } from "@session-mesh/core";

/** Where readable lines go. */
export type TraceLog = (line: string) => void;

/** FNV-1a in two lanes of different offset. */
export class Trace {
  readonly #log: TraceLog | undefined;
  #a = 0x811c9dc5;
  #b = 0x01000193;
  #count = 0;

  constructor(log?: TraceLog) {
    this.#log = log;
  }

  /** How many things happened. */
  get count(): number {
    return this.#count;
  }

  get hash(): string {
    const lane = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
    return lane(this.#a) + lane(this.#b);
  }

  /** Something happened at a node, or to the whole. `line` says more of it to who reads along. */
  note(atMs: Millis, where: string, what: string, line?: () => string): void {
    this.#begin(atMs);
    for (let i = 0; i < where.length; i++) this.#mix(where.charCodeAt(i));
    for (let i = 0; i < what.length; i++) this.#mix(what.charCodeAt(i));
    this.#log?.(`${stamp(atMs)}  ${where.padEnd(6)}  ${line ? line() : what}`);
  }

  /** A frame arrived: its bytes count, its line is only made when read. */
  frame(atMs: Millis, bytes: Uint8Array, line: () => { where: string; what: string }): void {
    this.#begin(atMs);
    for (const byte of bytes) this.#mix(byte);
    if (!this.#log) return;
    const { where, what } = line();
    this.#log(`${stamp(atMs)}  ${where.padEnd(6)}  ${what}`);
  }

  #begin(atMs: Millis): void {
    this.#count += 1;
    this.#mix(Math.floor(atMs * 1_000) | 0);
  }

  #mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193);
    this.#b = Math.imul(this.#b ^ value, 0x5bd1e995) ^ (this.#b >>> 15);
  }
}

/** A virtual time as people read it. */
export function stamp(atMs: Millis): string {
  return `${(atMs / 1_000).toFixed(3).padStart(9)} s`;
}
