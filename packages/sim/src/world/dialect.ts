/**
 * How a node of another version speaks: what it makes of the frames that its replica sends, and what
 * its replica hears.
 *
 * Not here: any such version; tests make theirs up.
 */

/** The speech of one node. */
export interface Dialect {
  /** Its way to compute digests. @default 1, that of this build */
  readonly digestVersion?: number;
  /** What goes out, in this order, in place of one frame of its replica. */
  said(frame: Uint8Array): readonly Uint8Array[];
  /** What its replica hears in place of a frame that arrived. */
  heard(frame: Uint8Array): Uint8Array;
}
