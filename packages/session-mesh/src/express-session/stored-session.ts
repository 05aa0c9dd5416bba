/**
 * A session as express-session has it, and the same session as the mesh stores it.
 *
 * Attributes are stored as they are, beside them `cookie`, and the mark of the store. Sessions of
 * other stores and of other adapters on the same mesh have another mark, or none.
 *
 * Not here: reading and writing (mesh-store.ts).
 */
import type { Millis } from "@session-mesh/core";
import { type CookieFields, cookieToShow, DEFAULT_COOKIE_FIELDS } from "./stored-cookie.js";

/** A session's stored attributes, `cookie` and the mark among them. */
type StoredValue = Readonly<Record<string, unknown>>;

/** Holds the prefix of the store. No attribute of an application begins so. */
const MARK = "\0store";

const COOKIE = "cookie";

/** Whether a stored session belongs to the store with this prefix. */
export function isOfStore(value: StoredValue, prefix: string): boolean {
  return Object.hasOwn(value, MARK) && value[MARK] === prefix;
}

/** The stored cookie; undefined where none is. */
export function storedCookie(value: StoredValue): CookieFields | undefined {
  const cookie = Object.hasOwn(value, COOKIE) ? value[COOKIE] : undefined;
  return typeof cookie === "object" && cookie !== null ? (cookie as CookieFields) : undefined;
}

/** What to hand out of a stored session: fresh at the top, the attributes' values as they are. */
export function toSessionData(value: StoredValue, idleUntilMs: Millis): Record<string, unknown> {
  const entries = Object.entries(value).filter(([name]) => name !== MARK && name !== COOKIE);
  // Null is the cookie of a session that was stored without one.
  if (value[COOKIE] !== null) {
    const fields = storedCookie(value) ?? DEFAULT_COOKIE_FIELDS;
    entries.push([COOKIE, cookieToShow(fields, idleUntilMs)]);
  }
  return Object.fromEntries(entries);
}

/** The attributes that a session holds, without its cookie. JSON leaves functions out, so do we. */
export function attributesOf(session: object): [string, unknown][] {
  return Object.entries(session).filter(
    ([name, value]) => name !== COOKIE && name !== MARK && typeof value !== "function",
  );
}

/** The names that a stored session has and the session made of it does not show. */
export function unseenNames(value: StoredValue, session: object): string[] {
  return Object.keys(value).filter((name) => name !== COOKIE && !Object.hasOwn(session, name));
}

/** The value to store: attributes, cookie (null for none, undefined for one unknown), and the mark. */
export function toStoredValue(
  attributes: readonly (readonly [string, unknown])[],
  cookie: CookieFields | null | undefined,
  prefix: string,
): Record<string, unknown> {
  const value = Object.fromEntries([...attributes, [MARK, prefix]]);
  if (cookie !== undefined) value[COOKIE] = cookie;
  return value;
}
