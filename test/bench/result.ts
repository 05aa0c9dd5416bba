/**
 * One figure beside its peer's, measured in the same run.
 */
export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** Null where there is nobody to compare with: then the target is a figure of its own. */
  readonly peer: number | null;
  readonly peerName: string;
  /** Ours over the peer's, or over the limit where there is no peer. */
  readonly ratio: number;
  /** What the ratio should reach: `>=` for rates, `<=` for times and sizes. */
  readonly target: string;
  readonly met: boolean;
}

interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: { readonly name: string; readonly value: number };
}

/** A rate: more is better. */
export function atLeast(ratioMin: number, measured: Measured): Result {
  const ratio = measured.ours / measured.peer.value;
  return result(measured, ratio, `>= ${ratioMin}x`, ratio >= ratioMin);
}

/** A time or a size against a limit: less is better. */
export function atMost(measured: Measured): Result {
  const ratio = measured.ours / measured.peer.value;
  return result(measured, ratio, `<= ${measured.peer.value} ${measured.unit}`, ratio <= 1);
}

/** A figure that explains another one, and has no target of its own. */
export function informative(measured: Measured): Result {
  return result(measured, measured.ours / measured.peer.value, "none", true);
}

function result(
  { name, unit, ours, peer }: Measured,
  ratio: number,
  target: string,
  met: boolean,
): Result {
  return { name, unit, ours, peer: peer.value, peerName: peer.name, ratio, target, met };
}

/** The value that half of `values` are below. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that the share `q` of `values` is below. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** A table for people. */
export function printResults(results: readonly Result[]): void {
  console.table(
    results.map(({ name, unit, ours, peer, peerName, ratio, target, met }) => ({
      name,
      ours: round(ours),
      peer: peer === null ? "" : round(peer),
      unit,
      peerName,
      ratio: `${round(ratio)}x`,
      target,
      met,
    })),
  );
}

function round(value: number): number {
  const digits = value >= 100 ? 0 : value >= 1 ? 2 : 4;
  return Number(value.toFixed(digits));
}
