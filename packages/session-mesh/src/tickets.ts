/**
 * Who waits for which ticket.
 *
 * A ticket is not given out again before some billions of others, but its place here is: a Map would
 * be made anew again and again by the coming and going, and each time keep those who wait then in
 * memory until a full collection.
 *
 * Not here: what is waited for (system-runtime.ts).
 */
import { assert, type Ticket } from "@session-mesh/core";

/** No more can wait at once than there are places; far fewer are let wait. */
const PLACES_MAX = 2 ** 20;

/** Together with a place it fits into a number exactly. */
const NUMBERS_MAX = 2 ** 32;

interface Held<T> {
  readonly ticket: Ticket;
  readonly waiting: T;
}

/** See the file's comment. */
export class Tickets<T> {
  readonly #places: (Held<T> | undefined)[] = [];
  readonly #free: number[] = [];
  #last = 0;

  /** A new ticket for `waiting`. */
  open(waiting: T): Ticket {
    this.#last = (this.#last + 1) % NUMBERS_MAX;
    const place = this.#free.pop() ?? this.#places.length;
    assert(place < PLACES_MAX, "more wait than there are places for");
    const ticket = (this.#last * PLACES_MAX + place) as Ticket;
    this.#places[place] = { ticket, waiting };
    return ticket;
  }

  /** Who waits for a ticket, and no longer does; undefined if nobody does. */
  take(ticket: Ticket): T | undefined {
    const place = ticket % PLACES_MAX;
    const held = this.#places[place];
    if (held?.ticket !== ticket) return undefined;
    this.#places[place] = undefined;
    this.#free.push(place);
    return held.waiting;
  }

  /** All who wait, the first first; nobody does then. */
  takeAll(): T[] {
    const held = this.#places.filter((each) => each !== undefined);
    held.sort((a, b) => a.ticket - b.ticket);
    return held.flatMap(({ ticket }) => this.take(ticket) ?? []);
  }
}
