/**
 * The cookie of a session as it is stored: its attributes under express-session's names, each a
 * register of its own, so that a request changes what it changed and no more.
 *
 * When the cookie expires is not among them. It is told from the session's idle time: every response
 * moves it, and each of them would be a write.
 *
 * Not here: the other attributes of a session (stored-session.ts).
 */
import type { Millis } from "@session-mesh/core";

/** A cookie's attributes, `expires` left out. */
export type CookieFields = Readonly<Record<string, unknown>>;

/** express-session's own defaults, for a session of which only other attributes are known. */
export const DEFAULT_COOKIE_FIELDS: CookieFields = {
  originalMaxAge: null,
  httpOnly: true,
  path: "/",
};

const DRIFT_MS_MIN: Millis = 2;
const DRIFT_MS_MAX: Millis = 1_000;
const DRIFTS_PER_AGE = 20;

/** The attributes of a cookie as a session has it; undefined where it has none. */
export function cookieFieldsOf(cookie: unknown): CookieFields | undefined {
  if (typeof cookie !== "object" || cookie === null) return undefined;
  const { toJSON } = cookie as { toJSON?: unknown };
  const data: unknown = typeof toJSON === "function" ? toJSON.call(cookie) : cookie;
  const entries = Object.entries(data as object).filter(
    ([name, value]) => name !== "expires" && value !== undefined && typeof value !== "function",
  );
  const fields = Object.fromEntries(entries);
  const { originalMaxAge, maxAge } = fields;
  if (originalMaxAge !== undefined || maxAge !== undefined) return fields;
  const expiresAtMs = timeOf((data as { expires?: unknown }).expires);
  return expiresAtMs === undefined
    ? fields
    : { ...fields, originalMaxAge: expiresAtMs - Date.now() };
}

/** The attributes that are others in `after`; those it lacks are undefined. */
export function changedFields(before: CookieFields, after: CookieFields): CookieFields {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed: Record<string, unknown> = {};
  for (const name of names) {
    const isSame =
      before[name] === after[name] ||
      (name === "originalMaxAge" && isDrift(before[name], after[name]));
    if (!isSame) changed[name] = after[name];
  }
  return changed;
}

/** `stored` with the changes made. */
export function withChanges(stored: CookieFields, changes: CookieFields): CookieFields {
  const all = Object.entries({ ...stored, ...changes });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/** How long a session with this cookie lives when idle; null where the cookie does not say. */
export function lifetimeMs(fields: CookieFields | undefined): Millis | null {
  const { originalMaxAge, maxAge } = fields ?? {};
  if (typeof originalMaxAge === "number") return originalMaxAge;
  return typeof maxAge === "number" ? maxAge : null;
}

/** Whether the cookie had expired when it was handed over: its session is over. */
export function isPast(cookie: unknown, lifeMs: Millis | null): boolean {
  if (lifeMs !== null && lifeMs <= 0) return true;
  if (typeof (cookie as { toJSON?: unknown } | null)?.toJSON === "function") return false;
  const expiresAtMs = timeOf((cookie as { expires?: unknown } | null)?.expires);
  return expiresAtMs !== undefined && expiresAtMs <= Date.now();
}

/**
 * The cookie to hand out of a session that idles until `idleUntilMs`, which is never before, and at
 * most one quantum after, the moment at which the cookie expires.
 */
export function cookieToShow(fields: CookieFields, idleUntilMs: Millis): Record<string, unknown> {
  const { originalMaxAge } = fields;
  if (typeof originalMaxAge !== "number") return { ...fields };
  return { ...fields, expires: new Date(Math.min(idleUntilMs, Date.now() + originalMaxAge)) };
}

/** express-session computes the age anew whenever it resets it, and loses a millisecond now and then. */
function isDrift(before: unknown, after: unknown): boolean {
  if (typeof before !== "number" || typeof after !== "number" || after > before) return false;
  const driftMsMax = Math.max(DRIFT_MS_MIN, Math.min(DRIFT_MS_MAX, before / DRIFTS_PER_AGE));
  return before - after <= driftMsMax;
}

function timeOf(expires: unknown): Millis | undefined {
  if (!(expires instanceof Date) && typeof expires !== "string") return undefined;
  const timeMs = new Date(expires).getTime();
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
