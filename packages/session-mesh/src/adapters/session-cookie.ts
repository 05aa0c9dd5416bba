/**
 * The cookie of one session: its attributes, and how long it lives.
 *
 * Where a session's cookie differs from the options (a "remember me" of 30 days, say), the difference
 * is stored in the session under the name `cookie`; sessions that don't differ store nothing.
 *
 * Not here: the id that it carries (signed-id.ts), and whether it is set (session-exchange.ts).
 */
import { stringifySetCookie } from "cookie";

/** What express-session calls the cookie options; times in milliseconds. */
export interface CookieAttributes {
  /** How long the cookie and the idle session live; null for until the browser closes. */
  readonly maxAge: number | null;
  readonly path: string;
  readonly domain: string | undefined;
  readonly httpOnly: boolean;
  /** `"auto"`: secure on connections that are. */
  readonly secure: boolean | "auto";
  readonly sameSite: boolean | "lax" | "strict" | "none";
  readonly partitioned: boolean;
  readonly priority: "low" | "medium" | "high" | undefined;
}

/** The defaults: until the browser closes, whole site, no script, same site, secure where possible. */
export const DEFAULT_COOKIE: CookieAttributes = {
  maxAge: null,
  path: "/",
  domain: undefined,
  httpOnly: true,
  secure: "auto",
  sameSite: "lax",
  partitioned: false,
  priority: undefined,
};

const MILLIS_PER_SECOND = 1_000;

/** `req.session.cookie`. Changes take effect when the response's headers go. */
export class SessionCookie {
  path: string;
  domain: string | undefined;
  httpOnly: boolean;
  secure: boolean | "auto";
  sameSite: boolean | "lax" | "strict" | "none";
  partitioned: boolean;
  priority: "low" | "medium" | "high" | undefined;
  #originalMaxAge: number | null = null;
  #expires: Date | null = null;

  constructor(attributes: CookieAttributes) {
    this.path = attributes.path;
    this.domain = attributes.domain;
    this.httpOnly = attributes.httpOnly;
    this.secure = attributes.secure;
    this.sameSite = attributes.sameSite;
    this.partitioned = attributes.partitioned;
    this.priority = attributes.priority;
    this.maxAge = attributes.maxAge;
  }

  /** How long this cookie, and the session when idle, live from each request on; null: see `maxAge`. */
  get originalMaxAge(): number | null {
    return this.#originalMaxAge;
  }

  set originalMaxAge(maxAge: number | null) {
    this.maxAge = maxAge;
  }

  /** When the cookie expires; null for when the browser closes. */
  get expires(): Date | null {
    return this.#expires;
  }

  set expires(date: Date | number | string | null | undefined | false) {
    const isDated = date !== null && date !== undefined && date !== false;
    this.maxAge = isDated ? new Date(date).getTime() - Date.now() : null;
  }

  /** Milliseconds until it expires; setting it also sets the session's idle time. Null: see `expires`. */
  get maxAge(): number | null {
    return this.#expires === null ? null : this.#expires.getTime() - Date.now();
  }

  set maxAge(maxAge: number | null | undefined) {
    if (maxAge !== null && maxAge !== undefined && !Number.isFinite(maxAge)) {
      throw new TypeError(`[session-mesh] cookie.maxAge is milliseconds or null, not ${maxAge}`);
    }
    this.#originalMaxAge = maxAge ?? null;
    this.renew();
  }

  /** Counts `maxAge` from now. */
  renew(): void {
    const lifeMs = this.#originalMaxAge;
    this.#expires = lifeMs === null ? null : new Date(Date.now() + lifeMs);
  }

  /** The attributes as they stand. */
  attributes(): CookieAttributes {
    const { path, domain, httpOnly, secure, sameSite, partitioned, priority } = this;
    const maxAge = this.#originalMaxAge;
    return { maxAge, path, domain, httpOnly, secure, sameSite, partitioned, priority };
  }

  /** The Set-Cookie header that gives the client `value`. `isSecure` decides what `"auto"` means. */
  header(name: string, value: string, isSecure: boolean): string {
    const expires = this.#expires;
    const seconds = expires && Math.ceil((expires.getTime() - Date.now()) / MILLIS_PER_SECOND);
    return stringifySetCookie({
      ...this.#scope(name, isSecure),
      value,
      ...(expires === null ? {} : { expires, maxAge: Math.max(0, seconds ?? 0) }),
    });
  }

  /** The Set-Cookie header that makes the client forget this cookie. */
  clearingHeader(name: string, isSecure: boolean): string {
    const epoch = { expires: new Date(0), maxAge: 0 };
    return stringifySetCookie({ ...this.#scope(name, isSecure), value: "", ...epoch });
  }

  /** The Set-Cookie header of a cookie that goes with this one, for `lifeMs`, never seen by scripts. */
  companionHeader(
    { name, value }: { readonly name: string; readonly value: string },
    { isSecure, lifeMs }: { readonly isSecure: boolean; readonly lifeMs: number },
  ): string {
    const maxAge = Math.ceil(lifeMs / MILLIS_PER_SECOND);
    return stringifySetCookie({ ...this.#scope(name, isSecure), httpOnly: true, value, maxAge });
  }

  /** For logs and `JSON.stringify`, as express-session shows it. */
  toJSON(): Record<string, unknown> {
    const { maxAge: originalMaxAge, ...attributes } = this.attributes();
    return { originalMaxAge, expires: this.#expires, ...attributes };
  }

  #scope(name: string, isSecure: boolean) {
    const { path, domain, httpOnly, sameSite, partitioned, priority } = this;
    const secure = this.secure === "auto" ? isSecure : this.secure;
    const optional = { ...(domain && { domain }), ...(priority && { priority }) };
    return { name, path, httpOnly, secure, sameSite, partitioned, ...optional };
  }
}

/** What is stored of a cookie: the attributes that differ from the options, under their names. */
export type StoredCookie = Readonly<Record<string, unknown>>;

/** Whether the attributes of `cookie` are these. Makes nothing, since it is asked for every request. */
export function hasAttributes(cookie: SessionCookie, attributes: CookieAttributes): boolean {
  return (
    cookie.originalMaxAge === attributes.maxAge &&
    cookie.path === attributes.path &&
    cookie.domain === attributes.domain &&
    cookie.httpOnly === attributes.httpOnly &&
    cookie.secure === attributes.secure &&
    cookie.sameSite === attributes.sameSite &&
    cookie.partitioned === attributes.partitioned &&
    cookie.priority === attributes.priority
  );
}

/** The cookie of a stored session. Values of the wrong type, which no adapter wrote, are ignored. */
export function cookieFromStored(stored: unknown, defaults: CookieAttributes): SessionCookie {
  if (stored === undefined) return new SessionCookie(defaults);
  const attributes: Record<string, unknown> = { ...defaults };
  if (typeof stored === "object" && stored !== null) {
    for (const name of Object.keys(DEFAULT_COOKIE) as (keyof CookieAttributes)[]) {
      const value = Object.hasOwn(stored, name) ? (stored as StoredCookie)[name] : undefined;
      if (value !== undefined && IS_VALID[name](value)) attributes[name] = value;
    }
  }
  return new SessionCookie(attributes as unknown as CookieAttributes);
}

/** What to store of `cookie`, keeping what a newer version stored; undefined for nothing. */
export function storedFromCookie(
  cookie: SessionCookie,
  stored: unknown,
  defaults: CookieAttributes,
): StoredCookie | undefined {
  if (stored === undefined && hasAttributes(cookie, defaults)) return undefined;
  const attributes = cookie.attributes();
  const result: Record<string, unknown> = {
    ...(typeof stored === "object" && stored !== null ? stored : {}),
  };
  for (const name of Object.keys(DEFAULT_COOKIE) as (keyof CookieAttributes)[]) {
    if (attributes[name] === defaults[name]) Reflect.deleteProperty(result, name);
    else result[name] = attributes[name] ?? null;
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

const isString = (value: unknown): boolean => typeof value === "string";
const isBoolean = (value: unknown): boolean => typeof value === "boolean";

/** Whether a value can be an attribute's. What the text of a path or domain may be, it does not say. */
export const IS_VALID: Readonly<Record<keyof CookieAttributes, (value: unknown) => boolean>> = {
  maxAge: (value) => value === null || Number.isFinite(value),
  path: isString,
  domain: isString,
  httpOnly: isBoolean,
  secure: (value) => isBoolean(value) || value === "auto",
  sameSite: (value) => isBoolean(value) || ["lax", "strict", "none"].includes(value as string),
  partitioned: isBoolean,
  priority: (value) => ["low", "medium", "high"].includes(value as string),
};
