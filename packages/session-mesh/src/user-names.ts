/**
 * The names under which the mesh knows users, and the ids of the sessions that hold their cutoffs:
 * keyed hashes, as of raw ids (P12), but under keys of their own, so that no cookie can name one.
 *
 * Not here: which attribute names a user (user-attribute.ts).
 */
import { createHmac } from "node:crypto";
import { isSessionId, type SessionId } from "@session-mesh/core";

declare const brand: unique symbol;

/** The keyed hash of a user: 22 characters of base64url, 128 bits. */
export type UserName = string & { readonly [brand]: "UserName" };

const NAME_LENGTH = 22;

/** Names remembered; the one longest unused is then hashed again, which takes microseconds. */
const NAMES_MAX = 10_000;

/** Longer users are hashed anew each time, for texts of any length must not pile up here. */
const TEXT_LENGTH_MAX = 128;

/** Whether `value` has the form of a {@link UserName}. */
export function isUserName(value: unknown): value is UserName {
  return isSessionId(value);
}

/** Names of users, under one key. */
export class UserNames {
  readonly #key: Uint8Array;
  readonly #known = new Map<string, UserName>();

  /** `idKey` is the key of session ids, from which another one is derived. */
  constructor(idKey: Uint8Array) {
    this.#key = createHmac("sha256", idKey).update("session-mesh user key v1").digest();
  }

  /** How many names are remembered, of {@link NAMES_MAX} at most. */
  get knownCount(): number {
    return this.#known.size;
  }

  /** The name of a user. */
  nameOf(user: string): UserName {
    const known = this.#known.get(user);
    // Used again: it goes to the end, and what is first there was not used for longest.
    if (known !== undefined) this.#known.delete(user);
    const name = known ?? (this.#hash("user", user) as UserName);
    if (user.length > TEXT_LENGTH_MAX) return name;
    this.#known.set(user, name);
    if (this.#known.size > NAMES_MAX) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return name;
  }

  /** The id of the session that holds a user's cutoffs of one day; `salt` gives another for the same. */
  cutoffIdOf(user: UserName, day: number, salt = ""): SessionId {
    return this.#hash("cutoff", `${user} ${day} ${salt}`) as SessionId;
  }

  #hash(what: string, text: string): string {
    // UTF-16 tells lone surrogates apart, where UTF-8 would make one user of many.
    const hash = createHmac("sha256", this.#key).update(`${what}\0`).update(text, "utf16le");
    return hash.digest("base64url").slice(0, NAME_LENGTH);
  }
}
