/**
 * A version vector, writer → count, as one flat sorted array `[writer, count, writer, count, …]`:
 * a third of a Map's memory, which a million cold sessions would pay for, and ready for the wire.
 *
 * Not here: what is counted. Envelopes count revisions, documents count Yjs clocks.
 */
import type { WriterId } from "../ids.js";
import type { VersionVector } from "../session-state.js";

/** The vector in which nobody wrote. */
export const EMPTY_VECTOR: VersionVector = [];

/** The count of `writer`. */
export function versionOf(vector: VersionVector, writer: WriterId): number {
  for (let i = 0; i < vector.length; i += 2) {
    if (vector[i] === writer) return vector[i + 1] as number;
  }
  return 0;
}

/** A copy in which `writer` counts at least `count`; the same vector where it already does. */
export function withVersion(vector: VersionVector, writer: WriterId, count: number): VersionVector {
  if (versionOf(vector, writer) >= count) return vector;
  let at = 0;
  while (at < vector.length && (vector[at] as number) < writer) at += 2;
  const isHere = vector[at] === writer;
  return [...vector.slice(0, at), writer, count, ...vector.slice(isHere ? at + 2 : at)];
}

/** The larger count of each writer; the same array as `a` where `b` adds nothing. */
export function joinVectors(a: VersionVector, b: VersionVector): VersionVector {
  let joined = a;
  for (let i = 0; i < b.length; i += 2) {
    joined = withVersion(joined, b[i] as WriterId, b[i + 1] as number);
  }
  return joined;
}

/** Whether `a` counts at least as much as `b` for every writer. */
export function dominates(a: VersionVector, b: VersionVector): boolean {
  for (let i = 0; i < b.length; i += 2) {
    if (versionOf(a, b[i] as WriterId) < (b[i + 1] as number)) return false;
  }
  return true;
}

/** What `a` counts for that `b` counts less of, as `a` has it. */
export function beyond(a: VersionVector, b: VersionVector): VersionVector {
  const rest: number[] = [];
  for (let i = 0; i < a.length; i += 2) {
    const [writer, count] = [a[i] as WriterId, a[i + 1] as number];
    if (versionOf(b, writer) < count) rest.push(writer, count);
  }
  return rest;
}

/** The vector as a map. */
export function vectorToMap(vector: VersionVector): Map<WriterId, number> {
  const map = new Map<WriterId, number>();
  for (let i = 0; i < vector.length; i += 2) {
    map.set(vector[i] as WriterId, vector[i + 1] as number);
  }
  return map;
}

/** The vector of a map. */
export function vectorFromMap(map: ReadonlyMap<WriterId, number>): VersionVector {
  return [...map].sort(([a], [b]) => a - b).flat();
}
