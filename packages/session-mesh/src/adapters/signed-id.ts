/**
 * A session's id as it travels in a cookie: signed, so that what nobody here issued never reaches
 * the mesh. The form `s:<id>.<HMAC-SHA256>` is the one express-session uses.
 *
 * Not here: the cookie's attributes (session-cookie.ts), and how ids are made (the mesh).
 */
import { parseCookie } from "cookie";
import { sign, unsign } from "cookie-signature";

const PREFIX = "s:";

/** A session id whose signature was verified. */
export interface VerifiedId {
  readonly id: string;
  /** Signed with a secret that is not the first any more: to be issued anew before it is retired. */
  readonly isStale: boolean;
}

/** Signs with the first secret. */
export function signId(id: string, secrets: readonly string[]): string {
  return PREFIX + sign(id, secrets[0] as string);
}

/** The value of the cookie `name` in a Cookie header, decoded; undefined when there is none. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  return header === undefined ? undefined : parseCookie(header)[name];
}

/** The id in a cookie's value, if any of the secrets signed it. */
export function verifyId(value: string, secrets: readonly string[]): VerifiedId | undefined {
  if (!value.startsWith(PREFIX)) return undefined;
  const signed = value.slice(PREFIX.length);
  for (const [index, secret] of secrets.entries()) {
    const id = unsign(signed, secret);
    if (id !== false && id !== "") return { id, isStale: index > 0 };
  }
  return undefined;
}
