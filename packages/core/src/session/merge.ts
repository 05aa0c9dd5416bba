/**
 * Which concurrent writes met when an update arrived, for whoever watches.
 *
 * Two writes are concurrent when neither author had seen the other's. Commits are known for as long
 * as a document stays hydrated; what came with a whole document counts as seen. Reports only, and
 * best effort: which entry counts was decided without looking here.
 */
import type { Law } from "../events.js";
import type { Stamp } from "../hlc.js";
import { type Entry, type PlacedEntry, compareEntries } from "./entry.js";
import type { Leaf } from "./payload.js";
import type { Meeting, Place } from "./places.js";

/** Two concurrent writes that met. */
export interface Merge {
  readonly law: Law;
  /** The path on which they met. It may hold user data: hash it before it leaves the process. */
  readonly key: string;
  readonly winner: Stamp;
  readonly loser: Stamp;
}

/** Finds what the new entry met; undefined when nothing concurrent. Call once for each new entry. */
export function mergeOf({ entry, key, steps }: PlacedEntry, meeting: Meeting): Merge | undefined {
  if (!entry.context) return undefined;
  const { place, other, isWinner } = meeting;
  const last = steps.at(-1);
  const report = (law: Law, against: Entry, wins = compareEntries(entry, against) > 0): Merge => ({
    law,
    key,
    winner: stampOf(wins ? entry : against),
    loser: stampOf(wins ? against : entry),
  });
  if (last?.kind !== "field" && last?.kind !== "slot") {
    const cell = concurrentCell(place, entry);
    return cell && report("M8", cell);
  }
  const beneath = place.lastBeneath;
  const sibling = place.parent?.lastBeneath;
  if (place.parent) place.parent.lastBeneath = entry;
  if (other && areConcurrent(entry, other)) {
    return report(lawOfOneKey(place, entry.leaf, other.leaf), other, isWinner);
  }
  if (entry.leaf.kind === "cleared") {
    const isMet = beneath && beneath.leaf.kind !== "cleared" && areConcurrent(entry, beneath);
    return isMet ? report("M4", beneath) : undefined;
  }
  if (other) return undefined;
  const deletion = concurrentDeletion(place, entry);
  if (deletion) return report("M4", deletion);
  if (!sibling || sibling.leaf.kind === "cleared" || !areConcurrent(entry, sibling)) {
    return undefined;
  }
  if (last.kind === "slot") return report("M5", sibling);
  return place.parent?.slotId === undefined ? undefined : report("M7", sibling);
}

function areConcurrent(entry: Entry, other: Entry): boolean {
  if (entry.writer === other.writer || !entry.context || !other.context) return false;
  const seen = entry.context.seen.get(other.writer) ?? 0;
  const seenByOther = other.context.seen.get(entry.writer) ?? 0;
  return other.context.rev > seen && entry.context.rev > seenByOther;
}

function lawOfOneKey(place: Place, a: Leaf, b: Leaf): Law {
  if (place.slotId !== undefined) return a.kind === b.kind ? "M2" : "M6";
  if (a.kind === "cleared" || b.kind === "cleared") return a.kind === b.kind ? "M2" : "M3";
  if (a.kind !== b.kind) return "M12";
  if (a.kind === "object") return "M1";
  return a.kind === "list" ? "M5" : "M2";
}

function concurrentCell(place: Place, entry: Entry): Entry | undefined {
  for (const cell of place.cells?.values() ?? []) if (areConcurrent(entry, cell)) return cell;
  return undefined;
}

function concurrentDeletion(place: Place, entry: Entry): Entry | undefined {
  for (let at = place.parent; at; at = at.parent) {
    if (at.own?.leaf.kind === "cleared" && areConcurrent(entry, at.own)) return at.own;
  }
  return undefined;
}

function stampOf({ hlc, writer }: Entry): Stamp {
  return { hlc, writer };
}
