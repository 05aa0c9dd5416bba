/**
 * What a request did to a session, as data: a pure function of what it read and what it left.
 *
 * Operations name paths by keys, and new values as a whole; which entries they become is decided
 * when they are committed (writing.ts), since ids of list elements and sums of counters depend on it.
 */
import type { WriterId } from "../ids.js";
import type { Leaf } from "./payload.js";
import type { Content } from "./values.js";

/** One operation on one path. */
export type Operation =
  /** Writes a leaf, or a marker and all that is beneath it. */
  | { readonly kind: "set"; readonly key: string; readonly content: Content }
  /** Deletes what is on the path itself; of a list element for ever, with all that is beneath it. */
  | { readonly kind: "clear"; readonly key: string }
  /** Adds an element to the list at `key`. */
  | {
      readonly kind: "insert";
      readonly key: string;
      readonly position: string;
      readonly content: Content;
    }
  /** Gives the list element at `key` another position. */
  | {
      readonly kind: "move";
      readonly key: string;
      readonly position: string;
      readonly content: Leaf;
    }
  /** Lets the counter at `key` start at `value`. */
  | { readonly kind: "start"; readonly key: string; readonly value: number }
  /** Adds to the counter at `key`. */
  | { readonly kind: "increment"; readonly key: string; readonly by: number }
  /** Takes from the counter at `key` what a writer is known to have done to it. */
  | {
      readonly kind: "floor";
      readonly key: string;
      readonly writer: WriterId;
      readonly plus: number;
      readonly minus: number;
    };
