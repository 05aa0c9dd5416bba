/**
 * Turns operations into the entries of one commit.
 *
 * Here ids of new list elements and sums of counters are settled, from what the document holds at the
 * moment of the commit. What is dominated on arrival is written all the same, such as an edit of an
 * element that was removed meanwhile: a node that has not heard of the removal must show the edit to
 * the client that made it (P5).
 *
 * Not here: what the entries then do to the document (places.ts).
 */
import type { Stamp } from "../hlc.js";
import { cellKey, floorKey, parseKey, slotKey, startKey, fieldKey } from "./keys.js";
import type { Operation } from "./operation.js";
import { contentPayload, leafPayload, slotPayload, totalsPayload } from "./payload.js";
import type { Place, Places } from "./places.js";
import { positionBetween, slotIdOf } from "./positions.js";
import type { Content } from "./values.js";

/** An entry as a document stores it. */
export type RawEntry = [key: string, hlc: number] | [key: string, hlc: number, payload: unknown];

/** The entries of a commit by `stamp`, whose first takes the place `clock` in its writer's array. */
export function writeEntries(
  operations: readonly Operation[],
  places: Places,
  { stamp, clock }: { readonly stamp: Stamp; readonly clock: number },
): RawEntry[] {
  const writing = new Writing(places, stamp, clock);
  for (const operation of operations) writing.write(operation);
  return writing.entries;
}

class Writing {
  readonly entries: RawEntry[] = [];
  readonly #places: Places;
  readonly #stamp: Stamp;
  readonly #clock: number;

  constructor(places: Places, stamp: Stamp, clock: number) {
    this.#places = places;
    this.#stamp = stamp;
    this.#clock = clock;
  }

  write(operation: Operation): void {
    const { key } = operation;
    const found = this.#places.find(parseKey(key) ?? []);
    const place = found === "removed" ? undefined : found;
    switch (operation.kind) {
      case "set":
        return this.#content(key, operation.content, place);
      case "clear":
        return this.#push(key);
      case "insert":
        return this.#insert(key, operation.position, operation.content);
      case "move":
        return this.#push(key, slotPayload(operation.position, leafPayload(operation.content)));
      case "start":
        return this.#push(startKey(key), operation.value);
      case "increment":
        // The sums so far went with the element: a smaller one must not replace them elsewhere.
        return found === "removed" ? undefined : this.#increment(key, operation.by, place);
      case "floor":
        return this.#push(
          floorKey(key, operation.writer),
          totalsPayload(operation.plus, operation.minus),
        );
    }
  }

  #push(key: string, payload?: unknown): void {
    const { hlc } = this.#stamp;
    this.entries.push(payload === undefined ? [key, hlc] : [key, hlc, payload]);
  }

  /** Writes a value at the attribute `key`. */
  #content(key: string, content: Content, place: Place | undefined): void {
    if (content.kind === "counter") {
      const start = content.resetTo ?? 0;
      this.#push(startKey(key), start);
      this.#increment(key, content.total - start, place);
      return;
    }
    this.#push(key, contentPayload(content));
    this.#parts(key, content, place);
  }

  #parts(key: string, content: Content, place: Place | undefined): void {
    if (content.kind === "object") {
      for (const [name, field] of content.fields) {
        this.#content(fieldKey(key, name), field, place?.fields?.get(name));
      }
    } else if (content.kind === "list") {
      const position = positionBetween(undefined, undefined);
      for (const item of content.items) this.#insert(key, position, item);
    }
  }

  #insert(list: string, position: string, content: Content): void {
    const id = slotIdOf(this.#stamp.writer, this.#clock + this.entries.length);
    const key = slotKey(list, id);
    this.#push(key, slotPayload(position, contentPayload(content)));
    this.#parts(key, content, undefined);
  }

  #increment(key: string, by: number, place: Place | undefined): void {
    if (by === 0) return;
    const { writer } = this.#stamp;
    const leaf = place?.cells?.get(writer)?.leaf;
    const { plus, minus } = leaf?.kind === "totals" ? leaf : { plus: 0, minus: 0 };
    const add = (total: number, more: number): number =>
      Math.min(total + Math.max(more, 0), Number.MAX_VALUE);
    this.#push(cellKey(key, writer), totalsPayload(add(plus, by), add(minus, -by)));
  }
}
