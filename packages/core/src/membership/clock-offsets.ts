/**
 * The cluster's idea of the time: the median of this node's clock and its live peers' (P4).
 *
 * Half a round trip is not subtracted: on a local network it is far below the margin.
 */
import type { Millis } from "../ids.js";

/** How far the median of own and peers' clocks is ahead of the own one; even counts take the middle. */
export function medianOffsetMs(peerOffsetsMs: readonly Millis[]): Millis {
  const sorted = [0, ...peerOffsetsMs].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] as Millis;
  const high = sorted[Math.ceil(middle)] as Millis;
  return Math.round((low + high) / 2);
}
