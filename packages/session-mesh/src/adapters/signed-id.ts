/**
 * A session's id as it travels in a cookie: signed, so that what nobody here issued never reaches
 * the mesh. The form `s:<id>.<HMAC-SHA256>` is the one express-session uses.
 *
 * Not here: the cookie's attributes (session-cookie.ts), and how ids are made (the mesh).
 */
import { sign, unsign } from "cookie-signature";
import { RecentMap } from "../recent-map.js";

const PREFIX = "s:";

/** How many cookies are known again without their signatures being computed: 300 bytes each. */
const VERIFIED_MAX = 16_384;

/** A session id whose signature was verified. */
export interface VerifiedId {
  readonly id: string;
  /** Signed with a secret that is not the first any more: to be issued anew before it is retired. */
  readonly isStale: boolean;
}

/** Signs and verifies ids. Of several secrets the first signs and any verifies. */
export class SignedIds {
  readonly #secrets: readonly string[];
  readonly #verified = new RecentMap<string, VerifiedId>(VERIFIED_MAX);

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  /** The cookie's value for `id`. */
  sign(id: string): string {
    return PREFIX + sign(id, this.#secrets[0] as string);
  }

  /** The id in a cookie's value, if any of the secrets signed it. */
  verify(value: string): VerifiedId | undefined {
    const known = this.#verified.get(value);
    if (known) return known;
    const verified = this.#unsign(value);
    // What is no genuine cookie takes no place from those that are.
    if (verified) this.#verified.set(value, verified);
    return verified;
  }

  #unsign(value: string): VerifiedId | undefined {
    if (!value.startsWith(PREFIX)) return undefined;
    const signed = value.slice(PREFIX.length);
    for (const [index, secret] of this.#secrets.entries()) {
      const id = unsign(signed, secret);
      if (id !== false && id !== "") return { id, isStale: index > 0 };
    }
    return undefined;
  }
}
