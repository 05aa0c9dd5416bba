/**
 * What shows at each path: the entries that count, resolved between a path and what is beneath it.
 *
 * A path may hold a scalar and, from elsewhere, attributes, list elements or increments beneath it.
 * The kind that holds the latest live entry at or beneath the path shows (M12); the rest is hidden,
 * and stays in the view so that the next write there can clear it. Live is what is not ⊥, not in a
 * removed list element, and, of a counter's cells, what is above its floor.
 *
 * Views are immutable and are cached in their places, so a change costs the path to it.
 *
 * Not here: plain values for the application (snapshot.ts).
 */
import type { Bytes, WriterId } from "../ids.js";
import { type Entry, compareEntries, laterEntry } from "./entry.js";
import type { Leaf } from "./payload.js";
import type { Place } from "./places.js";
import { rankOf } from "./positions.js";
import type { JsonObject, JsonValue } from "./values.js";

/** What kind of value shows. */
type Kind = "scalar" | "atomic" | "object" | "list" | "counter";

/** What a writer added to a counter and took from it, above what the last reset saw. */
export interface CellView {
  readonly writer: WriterId;
  readonly plus: number;
  readonly minus: number;
}

/** A counter that lives. */
export interface CounterView {
  readonly start: Entry | undefined;
  /** The cells above their floors, by writer; with their whole totals. */
  readonly cells: readonly CellView[];
  readonly value: number;
}

/** A path that holds something live. */
export interface View {
  readonly key: string;
  readonly shown: Kind;
  /** The leaf or marker on the path itself, unless ⊥; of a list element its content. */
  readonly own: Leaf | undefined;
  /** For list elements: what orders them. */
  readonly rank: string | undefined;
  /** The live attributes beneath, by name. */
  readonly fields: ReadonlyMap<string, View>;
  /** The live elements beneath, in order. */
  readonly items: readonly View[];
  readonly counter: CounterView | undefined;
  /** The latest live entry at or beneath the path. */
  readonly latest: Entry;
  /** What was derived from it so far; a view made of this one begins anew. */
  memo: ViewMemo | undefined;
}

/** What is derived from a view when it is first wanted. */
export interface ViewMemo {
  /** Its plain value, and the parts that every reader needs a copy of. */
  template?: Template;
  bytes?: Bytes;
}

/** A plain object or list to copy, and the places in it that take a copy of their own. */
export interface Template {
  readonly flat: JsonObject | readonly JsonValue[];
  readonly nested: readonly (readonly [name: string | number, view: View])[];
}

/** The memo of a view. */
export function memoOf(view: View): ViewMemo {
  return (view.memo ??= {});
}

const NO_FIELDS: ReadonlyMap<string, View> = new Map();
const NO_ITEMS: readonly View[] = [];

/** What shows at `place`; undefined when nothing lives there. */
export function viewOf(place: Place): View | undefined {
  if (place.view === undefined) place.view = build(place) ?? null;
  return place.view ?? undefined;
}

/** The latest live entry of each kind. Ties are impossible between commits, so the order is free. */
type Candidates = Record<Kind, Entry | undefined>;

function build(place: Place): View | undefined {
  const slot = place.slotId === undefined ? undefined : place.own?.leaf;
  if (place.slotId !== undefined && slot?.kind !== "slot") return undefined;
  const own = liveLeaf(slot?.kind === "slot" ? slot.content : place.own?.leaf);
  const fields = fieldViews(place);
  const items = itemViews(place);
  const counter = counterView(place);
  const candidates: Candidates = {
    scalar: own?.kind === "scalar" ? place.own : undefined,
    atomic: own?.kind === "atomic" ? place.own : undefined,
    object: laterEntry(own?.kind === "object" ? place.own : undefined, latestOf(fields.values())),
    list: laterEntry(own?.kind === "list" ? place.own : undefined, latestOf(items)),
    counter: counter && latestOfCounter(place, counter),
  };
  const shown = latestKind(candidates);
  if (!shown) return undefined;
  const latest = candidates[shown] as Entry;
  const rank = slot?.kind === "slot" ? rankOf(slot.position, place.slotId as string) : undefined;
  return { key: place.key, shown, own, rank, fields, items, counter, latest, memo: undefined };
}

function liveLeaf(leaf: Leaf | undefined): Leaf | undefined {
  return leaf?.kind === "cleared" || leaf?.kind === "unknown" ? undefined : leaf;
}

function latestKind(candidates: Candidates): Kind | undefined {
  let shown: Kind | undefined;
  for (const kind of ["scalar", "atomic", "object", "list", "counter"] as const) {
    const entry = candidates[kind];
    const best = shown && candidates[shown];
    if (entry && (!best || compareEntries(entry, best) > 0)) shown = kind;
  }
  return shown;
}

function latestOf(views: Iterable<View>): Entry | undefined {
  let latest: Entry | undefined;
  for (const view of views) latest = laterEntry(latest, view.latest);
  return latest;
}

function fieldViews(place: Place): ReadonlyMap<string, View> {
  if (!place.fields) return NO_FIELDS;
  const fields = new Map<string, View>();
  for (const name of (place.names ??= [...place.fields.keys()].sort())) {
    const view = viewOf(place.fields.get(name) as Place);
    if (view) fields.set(name, view);
  }
  return fields;
}

function itemViews(place: Place): readonly View[] {
  if (!place.slots) return NO_ITEMS;
  const items: View[] = [];
  for (const slot of place.slots.values()) {
    const view = viewOf(slot);
    if (view) items.push(view);
  }
  return items.sort((a, b) => ((a.rank as string) < (b.rank as string) ? -1 : 1));
}

/** The counter at `place`, if its start value or one of its cells lives. */
function counterView(place: Place): CounterView | undefined {
  const isStarted = place.start?.leaf.kind === "scalar";
  if (!isStarted && !place.cells) return undefined;
  const cells: CellView[] = [];
  let value = startOf(place);
  // In the order of the writers: sums of fractions depend on it.
  for (const writer of [...(place.cells?.keys() ?? [])].sort((a, b) => a - b)) {
    const leaf = place.cells?.get(writer)?.leaf;
    if (leaf?.kind !== "totals") continue;
    const floor = floorOf(place, writer);
    if (leaf.plus <= floor.plus && leaf.minus <= floor.minus) continue;
    cells.push({ writer, plus: leaf.plus, minus: leaf.minus });
    value += Math.max(0, leaf.plus - floor.plus) - Math.max(0, leaf.minus - floor.minus);
  }
  if (!isStarted && cells.length === 0) return undefined;
  return { start: isStarted ? place.start : undefined, cells, value: finite(value) };
}

function startOf(place: Place): number {
  return place.start?.leaf.kind === "scalar" ? (place.start.leaf.value as number) : 0;
}

function finite(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE) + 0;
}

function floorOf(place: Place, writer: WriterId): { plus: number; minus: number } {
  let plus = 0;
  let minus = 0;
  for (const { leaf } of place.floors?.get(writer) ?? []) {
    if (leaf.kind !== "totals") continue;
    plus = Math.max(plus, leaf.plus);
    minus = Math.max(minus, leaf.minus);
  }
  return { plus, minus };
}

function latestOfCounter(place: Place, counter: CounterView): Entry | undefined {
  let latest = counter.start;
  for (const { writer } of counter.cells) latest = laterEntry(latest, place.cells?.get(writer));
  return latest;
}
