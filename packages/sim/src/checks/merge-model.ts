/**
 * The merge laws M1–M8 and M12 once more, by an independent model: a session is the facts that its
 * commits stated, and what shows follows from the facts that live.
 *
 * It knows nothing of Yjs, keys, slots, cells or floors, and shares no code with the session
 * document. Nor does it know in which order a list stands: replicas are compared for that.
 *
 * Not here: which facts a commit states (merge-facts.ts), and who holds which commit (history.ts).
 */

/** Who wrote and when; compared by clock, then by writer. */
export interface FactStamp {
  readonly hlc: number;
  readonly writer: number;
}

/** A part of a path: an attribute, `.name`, or a list element, `#uid`. */
export type Path = readonly string[];

/** A value on a path itself: a leaf as canonical text, or the mark of an object or list. */
export type Own =
  | { readonly kind: "scalar" | "atomic"; readonly text: string; readonly number?: number }
  | { readonly kind: "object" | "list" };

/** One thing that a commit says. */
export type Fact =
  | { readonly t: "own"; readonly path: Path; readonly value: Own | undefined }
  | { readonly t: "gone"; readonly path: Path }
  | { readonly t: "start"; readonly path: Path; readonly value: number | undefined }
  | { readonly t: "increment"; readonly path: Path; readonly by: number; readonly id: string }
  | { readonly t: "forget"; readonly path: Path; readonly ids: readonly string[] };

/** What kind of value shows on a path. */
export type Kind = "scalar" | "atomic" | "object" | "list" | "counter";

/** What lives at a path and beneath it, hidden things included. */
export interface ModelView {
  readonly shown: Kind;
  readonly latest: FactStamp;
  readonly own: Own | undefined;
  readonly fields: ReadonlyMap<string, ModelView>;
  readonly items: ReadonlyMap<string, ModelView>;
  readonly counter: ModelCounter | undefined;
}

/** A counter that lives: its start, if that lives, and the increments that no reset has seen. */
export interface ModelCounter {
  readonly total: number;
  readonly isStarted: boolean;
  readonly ids: readonly string[];
}

interface Register<T> {
  readonly value: T;
  readonly stamp: FactStamp;
}

/** Everything that was ever said of one path. */
class Place {
  own: Register<Own | undefined> | undefined;
  start: Register<number | undefined> | undefined;
  isGone = false;
  readonly increments = new Map<string, { by: number; stamp: FactStamp }>();
  readonly forgotten = new Set<string>();
  readonly fields = new Map<string, Place>();
  readonly items = new Map<string, Place>();
  /** The view as last built; cleared when anything at or beneath the path is said. */
  view: ModelView | null | undefined;

  at(part: string): Place {
    const places = part.startsWith("#") ? this.items : this.fields;
    const name = part.slice(1);
    let place = places.get(name);
    if (!place) places.set(name, (place = new Place()));
    return place;
  }
}

/** Whether `a` is later than `b`. */
export function isLater(a: FactStamp, b: FactStamp): boolean {
  return a.hlc > b.hlc || (a.hlc === b.hlc && a.writer > b.writer);
}

/** The facts that one node holds of one session. */
export class ModelSession {
  readonly #root = new Place();

  /** Takes in what a commit states; the order of commits does not matter, nor does a second time. */
  add(facts: readonly Fact[], stamp: FactStamp): void {
    for (const fact of facts) {
      let place = this.#root;
      place.view = undefined;
      for (const part of fact.path) {
        place = place.at(part);
        place.view = undefined;
      }
      state(place, fact, stamp);
    }
  }

  /** What shows; undefined for a session that holds nothing. */
  view(): ModelView | undefined {
    return viewOf(this.#root, false);
  }
}

function state(place: Place, fact: Fact, stamp: FactStamp): void {
  switch (fact.t) {
    case "own":
      if (!place.own || isLater(stamp, place.own.stamp)) place.own = { value: fact.value, stamp };
      return;
    case "start":
      if (!place.start || isLater(stamp, place.start.stamp)) {
        place.start = { value: fact.value, stamp };
      }
      return;
    case "gone":
      place.isGone = true;
      return;
    case "increment":
      place.increments.set(fact.id, { by: fact.by, stamp });
      return;
    case "forget":
      for (const id of fact.ids) place.forgotten.add(id);
  }
}

function viewOf(place: Place, isElement: boolean): ModelView | undefined {
  if (place.view === undefined) place.view = build(place, isElement) ?? null;
  return place.view ?? undefined;
}

function build(place: Place, isElement: boolean): ModelView | undefined {
  if (isElement && (place.isGone || !place.own)) return undefined;
  const fields = viewsOf(place.fields, false);
  const items = viewsOf(place.items, true);
  const own = place.own?.value;
  let shown: Kind | undefined;
  let latest: FactStamp | undefined;
  const offer = (kind: Kind, stamp: FactStamp): void => {
    if (latest && !isLater(stamp, latest)) return;
    shown = kind;
    latest = stamp;
  };
  if (own && place.own) offer(own.kind, place.own.stamp);
  for (const field of fields.values()) offer("object", field.latest);
  for (const item of items.values()) offer("list", item.latest);
  const counter = counterOf(place, (stamp) => offer("counter", stamp));
  if (!shown || !latest) return undefined;
  return { shown, latest, own, fields, items, counter };
}

function viewsOf(places: Place["fields"], areElements: boolean): Map<string, ModelView> {
  const views = new Map<string, ModelView>();
  for (const [name, place] of places) {
    const view = viewOf(place, areElements);
    if (view) views.set(name, view);
  }
  return views;
}

function counterOf(place: Place, offer: (stamp: FactStamp) => void): ModelCounter | undefined {
  const start = place.start?.value;
  if (place.start && start !== undefined) offer(place.start.stamp);
  let total = start ?? 0;
  const ids: string[] = [];
  for (const [id, { by, stamp }] of place.increments) {
    if (place.forgotten.has(id)) continue;
    ids.push(id);
    total += by;
    offer(stamp);
  }
  if (start === undefined && ids.length === 0) return undefined;
  return { total, isStarted: start !== undefined, ids };
}

/** A text for what shows, equal to `unordered` of an equal value. */
export function textOf(view: ModelView): string {
  switch (view.shown) {
    case "scalar":
    case "atomic":
      return view.own && "text" in view.own ? view.own.text : "?";
    case "counter":
      return JSON.stringify(view.counter?.total ?? 0);
    case "list":
      return `[${[...view.items.values()].map(textOf).sort().join(",")}]`;
    case "object": {
      const names = [...view.fields.keys()].sort();
      const fields = names.map((name) => {
        return `${JSON.stringify(name)}:${textOf(view.fields.get(name) as ModelView)}`;
      });
      return `{${fields.join(",")}}`;
    }
  }
}
