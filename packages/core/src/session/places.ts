/**
 * The entries that count, by path: which entries dominate which.
 *
 * An entry dominates only entries of the same key. Of two on one key the later one stays, by clock
 * and then by writer (M2, M3); the removal of a list element stays whatever else there is, and with
 * it goes everything beneath it (M6); of a counter's floors the higher stays. Each rule is a maximum,
 * so the order of arrival makes no difference (M11).
 *
 * Not here: what shows where a path holds a value and has others beneath it (view.ts, M12).
 */
import { assert } from "../assert.js";
import type { WriterId } from "../ids.js";
import { type Entry, type PlacedEntry, compareEntries } from "./entry.js";
import { ROOT_KEY, type Step, fieldKey, slotKey } from "./keys.js";
import type { View } from "./view.js";

/** A path, and the entries on it that count. */
export class Place {
  readonly key: string;
  readonly parent: Place | undefined;
  /** The id of the list element that this is; undefined for an attribute. */
  readonly slotId: string | undefined;
  /** The attribute's or element's own entry; ⊥ among them. */
  own: Entry | undefined;
  fields: Map<string, Place> | undefined;
  /** The names of the fields in order, as long as none was added. */
  names: readonly string[] | undefined;
  slots: Map<string, Place> | undefined;
  start: Entry | undefined;
  cells: Map<WriterId, Entry> | undefined;
  floors: Map<WriterId, readonly Entry[]> | undefined;
  /** The attribute or element directly beneath that was written last and whose commit is known. */
  lastBeneath: Entry | undefined;
  /** What it shows; null when nothing, undefined when not known. */
  view: View | null | undefined;

  constructor(key: string, parent: Place | undefined, slotId: string | undefined) {
    this.key = key;
    this.parent = parent;
    this.slotId = slotId;
  }

  /** Whether this list element was removed, for ever. */
  get isRemoved(): boolean {
    return this.slotId !== undefined && this.own?.leaf.kind === "cleared";
  }

  /** The place one step beneath; undefined for a step to a part of a counter. */
  step(step: Step): Place | undefined {
    if (step.kind === "field") {
      const fields = (this.fields ??= new Map<string, Place>());
      let place = fields.get(step.name);
      if (!place) {
        fields.set(step.name, (place = new Place(fieldKey(this.key, step.name), this, undefined)));
        this.names = undefined;
      }
      return place;
    }
    if (step.kind !== "slot") return undefined;
    const slots = (this.slots ??= new Map<string, Place>());
    let place = slots.get(step.id);
    if (!place) slots.set(step.id, (place = new Place(slotKey(this.key, step.id), this, step.id)));
    return place;
  }
}

/** What an entry met on its path. */
export interface Meeting {
  readonly place: Place;
  /** The entry that it replaced, or that it lost to. */
  readonly other: Entry | undefined;
  readonly isWinner: boolean;
}

/** The places of one document. */
export class Places {
  readonly root: Place = new Place(ROOT_KEY, undefined, undefined);
  readonly #onDead: (entry: Entry) => void;

  /** `onDead` hears of every entry that is dominated, once. */
  constructor(onDead: (entry: Entry) => void) {
    this.#onDead = onDead;
  }

  /** The place of a path, if there is one yet; `"removed"` in a list element that was removed. */
  find(steps: readonly Step[]): Place | "removed" | undefined {
    let place: Place | undefined = this.root;
    for (const step of steps) {
      if (step.kind === "field") place = place.fields?.get(step.name);
      else if (step.kind === "slot") place = place.slots?.get(step.id);
      if (place?.isRemoved) return "removed";
      if (!place) return undefined;
    }
    return place;
  }

  /** Adds an entry. */
  add({ steps, entry }: PlacedEntry): Meeting {
    let place = this.root;
    for (const step of steps) {
      if (place.isRemoved) return this.#lose(place, entry, place.own as Entry);
      place = place.step(step) ?? place;
    }
    const meeting = this.#settle(place, steps.at(-1) as Step, entry);
    if (meeting.isWinner) {
      for (let at: Place | undefined = place; at; at = at.parent) at.view = undefined;
    }
    return meeting;
  }

  #settle(place: Place, last: Step, entry: Entry): Meeting {
    switch (last.kind) {
      case "field": {
        const meeting = this.#latest(place, entry, place.own);
        if (meeting.isWinner) place.own = entry;
        return meeting;
      }
      case "slot":
        return this.#settleSlot(place, entry);
      case "start": {
        const meeting = this.#latest(place, entry, place.start);
        if (meeting.isWinner) place.start = entry;
        return meeting;
      }
      case "cell": {
        const cells = (place.cells ??= new Map<WriterId, Entry>());
        const meeting = this.#latest(place, entry, cells.get(last.writer));
        if (meeting.isWinner) cells.set(last.writer, entry);
        return meeting;
      }
      case "floor":
        return this.#settleFloor(place, last.writer, entry);
    }
  }

  #latest(place: Place, entry: Entry, other: Entry | undefined): Meeting {
    if (!other) return { place, other, isWinner: true };
    if (compareEntries(entry, other) < 0) return this.#lose(place, entry, other);
    this.#onDead(other);
    return { place, other, isWinner: true };
  }

  #lose(place: Place, entry: Entry, other: Entry): Meeting {
    this.#onDead(entry);
    return { place, other, isWinner: false };
  }

  #settleSlot(place: Place, entry: Entry): Meeting {
    const isRemoval = entry.leaf.kind === "cleared";
    if (place.isRemoved !== isRemoval && place.own) {
      if (!isRemoval) return this.#lose(place, entry, place.own);
      const other = place.own;
      this.#onDead(other);
      place.own = entry;
      this.#buryBeneath(place);
      return { place, other, isWinner: true };
    }
    const meeting = this.#latest(place, entry, place.own);
    if (meeting.isWinner) place.own = entry;
    if (isRemoval) this.#buryBeneath(place);
    return meeting;
  }

  #settleFloor(place: Place, writer: WriterId, entry: Entry): Meeting {
    const floors = (place.floors ??= new Map<WriterId, readonly Entry[]>());
    const others = floors.get(writer) ?? [];
    const above = others.find((other) => isBelow(entry, other));
    if (above) return this.#lose(place, entry, above);
    const kept = others.filter((other) => !isBelow(other, entry));
    for (const other of others) if (!kept.includes(other)) this.#onDead(other);
    floors.set(writer, [...kept, entry]);
    return { place, other: undefined, isWinner: true };
  }

  /** Everything beneath a removed element is dominated. */
  #buryBeneath(place: Place): void {
    for (const child of place.fields?.values() ?? []) this.#bury(child);
    for (const child of place.slots?.values() ?? []) this.#bury(child);
    this.#buryCounter(place);
    place.fields = place.slots = place.names = undefined;
  }

  #bury(place: Place): void {
    if (place.own) this.#onDead(place.own);
    place.own = undefined;
    this.#buryBeneath(place);
  }

  #buryCounter(place: Place): void {
    if (place.start) this.#onDead(place.start);
    for (const cell of place.cells?.values() ?? []) this.#onDead(cell);
    for (const floors of place.floors?.values() ?? []) floors.forEach(this.#onDead);
    place.start = place.cells = place.floors = undefined;
  }
}

/** Whether floor `a` says nothing that floor `b` does not. */
function isBelow(a: Entry, b: Entry): boolean {
  if (a.leaf.kind !== "totals") return b.leaf.kind === "totals" || compareEntries(a, b) <= 0;
  if (b.leaf.kind !== "totals") return false;
  assert(a !== b, "an entry was added twice");
  return a.leaf.plus <= b.leaf.plus && a.leaf.minus <= b.leaf.minus;
}
