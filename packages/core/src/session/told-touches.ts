/**
 * Which touch of each session this node has told to all others itself.
 *
 * Every commit is a touch, and whoever holds the commit must hold the touch (P4). Where another node
 * has marked the quantum already, nothing moves here; but that node may not have reached all those
 * whom this one reaches, so the touch goes along once.
 *
 * Not here: when a touch moves (envelope.ts).
 */
import type { Millis } from "../ids.js";
import type { DeltaItem } from "../session-state.js";
import type { HeldSession } from "./held.js";

/** What was told as long as a session is held live; told anew after that. */
export class ToldTouches {
  readonly #toldMs = new WeakMap<HeldSession, Millis>();

  /** The fields to send, with the touch where it is not known to have been told from here. */
  tell(held: HeldSession, fields: DeltaItem["fields"]): DeltaItem["fields"] {
    const { touchedAtMs } = held.envelope;
    if (this.#toldMs.get(held) === touchedAtMs) return fields;
    this.#toldMs.set(held, touchedAtMs);
    return { ...fields, touchedAtMs };
  }
}
