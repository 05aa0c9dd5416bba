/**
 * Under which cookie a token goes out, so that no response undoes another's (P5).
 *
 * Responses may overtake one another on their way to the client, and the last cookie of a name stays.
 * So a name belongs to one process and one session, and is given out again only to a response whose
 * request brought the very value that went out last: then nothing older is under way. Overlapping
 * responses get other names, of which there are few; after that there is none, and the response has
 * to wait for its peers instead.
 *
 * Not here: what a token says (version-token.ts), and what is done without one (session-exchange.ts).
 */
import { randomInt } from "node:crypto";
import type { Millis } from "@session-mesh/core";

/** How many tokens one process may have with one client. */
const SLOTS = 4;

/** A request that brings as many cookies as this gets no further name. */
export const TOKEN_COOKIES_MAX = 8;

/** A response that went out longer ago than this is not expected to arrive any more. */
const UNDER_WAY_MS_MAX: Millis = 60_000;

/** How many sessions are remembered at once; a further one gets no token until one is forgotten. */
const SESSIONS_MAX = 65_536;

const TAG = /^-[0-3][0-9a-z]{6}$/;

/** What went out lately under one name. */
interface Issued {
  readonly value: string;
  readonly untilMs: Millis;
}

/** A cookie to set. */
export interface TokenCookie {
  readonly name: string;
  readonly value: string;
}

/** Whether a cookie's name is one for the tokens of the session cookie `sessionCookie`. */
export function isTokenName(name: string, sessionCookie: string): boolean {
  return name.startsWith(sessionCookie) && TAG.test(name.slice(sessionCookie.length));
}

/** The names that one process gives out. */
export class TokenSlots {
  readonly #sessionCookie: string;
  readonly #seed = randomInt(2 ** 32);
  /** By session, then by slot; in the order in which the sessions can be forgotten. */
  readonly #issued = new Map<string, (Issued | undefined)[]>();
  readonly #sessionsMax: number;
  readonly #nowMs: () => Millis;

  constructor(
    sessionCookie: string,
    options: { readonly sessionsMax?: number; readonly nowMs?: () => Millis } = {},
  ) {
    this.#sessionCookie = sessionCookie;
    this.#sessionsMax = options.sessionsMax ?? SESSIONS_MAX;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /**
   * A cookie for a token of session `id`, for the response to a request that brought the cookies
   * `came`; undefined when there is no safe name. `make` makes the value, and is told the one that it
   * will replace, which it has to include; undefined where it cannot.
   */
  issue(
    id: string,
    came: ReadonlyMap<string, string>,
    make: (replaced: string | undefined) => string | undefined,
  ): TokenCookie | undefined {
    const values = this.#valuesOf(id);
    if (!values) return undefined;
    for (const [slot, value] of came.size > 0 ? values.entries() : []) {
      const replaced = came.get(this.#nameOf(id, slot));
      const isSafe = replaced !== undefined && (value === undefined || value === replaced);
      const joined = isSafe ? make(replaced) : undefined;
      if (joined !== undefined) return this.#out(id, slot, joined);
    }
    const plain = make(undefined);
    if (plain === undefined) return undefined;
    const same = values.indexOf(plain);
    if (same >= 0) return this.#out(id, same, plain);
    if (came.size >= TOKEN_COOKIES_MAX) return undefined;
    const free = values.findIndex((value, slot) => {
      return value === undefined && !came.has(this.#nameOf(id, slot));
    });
    return free < 0 ? undefined : this.#out(id, free, plain);
  }

  #out(id: string, slot: number, value: string): TokenCookie {
    const issued = this.#issued.get(id) ?? [];
    issued[slot] = { value, untilMs: this.#nowMs() + UNDER_WAY_MS_MAX };
    this.#issued.delete(id);
    this.#issued.set(id, issued);
    return { name: this.#nameOf(id, slot), value };
  }

  /** What may still be under way, by slot; undefined when no further session can be remembered. */
  #valuesOf(id: string): (string | undefined)[] | undefined {
    const nowMs = this.#nowMs();
    const live = (issued: Issued | undefined): string | undefined =>
      issued && issued.untilMs > nowMs ? issued.value : undefined;
    for (const [each, issued] of this.#issued) {
      if (issued.some((one) => live(one) !== undefined)) break;
      this.#issued.delete(each);
    }
    const known = this.#issued.get(id);
    if (!known && this.#issued.size >= this.#sessionsMax) return undefined;
    return Array.from({ length: SLOTS }, (_, slot) => live(known?.[slot]));
  }

  /** Another process has other names for the session; so has another session, after a login, say. */
  #nameOf(id: string, slot: number): string {
    let hash = this.#seed;
    for (let i = 0; i < id.length; i += 1) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
    const tag = (hash >>> 2).toString(36).padStart(6, "0");
    return `${this.#sessionCookie}-${slot}${tag}`;
  }
}
