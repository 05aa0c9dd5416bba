/**
 * What saving a session writes: what a request changed, or a new session, or all there is.
 *
 * A request's changes are taken from its {@link Source}: what was read when express-session made the
 * session object, brought up to date by each save of that object.
 *
 * Not here: which of the three a `set` is, and how it answers (mesh-store.ts).
 */
import type { Millis } from "@session-mesh/core";
import type { SessionData } from "express-session";
import type { AckResult, SessionHandle, Written } from "../session-handle.js";
import type { OpenResult, Sessions } from "../sessions.js";
import { destroyedError, fullError, rawIdOf, type StoreSettings } from "./store-options.js";
import {
  changedFields,
  type CookieFields,
  cookieFieldsOf,
  DEFAULT_COOKIE_FIELDS,
  isPast,
  lifetimeMs,
  withChanges,
} from "./stored-cookie.js";
import { attributesOf, storedCookie, toStoredValue, unseenNames } from "./stored-session.js";

/** What a session object was made of: where differences are taken from. */
export interface Source {
  readonly sid: string;
  readonly handle: SessionHandle;
  /** The cookie as it was when express-session had made the session, or at the last save. */
  readonly cookie: CookieFields;
  /** Stored attributes whose names a session object cannot show, such as `save`. */
  readonly unseen: readonly string[];
}

/** What became of a save. */
export interface Saved {
  /** Where the next difference is taken from; undefined where nothing is known of the session. */
  readonly source?: Source | undefined;
  /** What is still waited for. */
  readonly acknowledged?: Promise<AckResult> | undefined;
}

const NOTHING: Saved = {};

/** The source of a session object that was made of what `handle` read. */
export function sourceOf(sid: string, handle: SessionHandle, session: SessionData): Source {
  const cookie = cookieFieldsOf(session.cookie) ?? {};
  return { sid, handle, cookie, unseen: unseenNames(handle.value, session) };
}

/** See the file's comment. */
export class SessionWriter {
  readonly #sessions: Sessions;
  readonly #settings: StoreSettings;

  constructor(sessions: Sessions, settings: StoreSettings) {
    this.#sessions = sessions;
    this.#settings = settings;
  }

  /** Writes what a request changed; nothing if the session was destroyed meanwhile (M9). */
  save(source: Source, data: SessionData): Saved {
    const { handle, unseen } = source;
    const cookie = cookieFieldsOf(data.cookie) ?? {};
    const lifeMs = lifetimeMs(cookie);
    if (isPast(data.cookie, lifeMs)) return end(handle);
    const changes = changedFields(source.cookie, cookie);
    const isCookieChanged = Object.keys(changes).length > 0;
    const attributes = attributesOf(data);
    // An id that nobody could be asked about: no session is made of nothing.
    if (handle.isNew && attributes.length === 0 && !isCookieChanged) return NOTHING;
    const stored = storedCookie(handle.value) ?? (isCookieChanged ? DEFAULT_COOKIE_FIELDS : null);
    const hidden = unseen.map((name) => [name, handle.value[name]] as const);
    handle.value = toStoredValue(
      [...hidden, ...attributes],
      stored === null ? undefined : withChanges(stored, changes),
      this.#settings.prefix,
    );
    const isIdleNew = handle.isNew || "originalMaxAge" in changes;
    const { acknowledged } = this.#write(handle, isIdleNew ? lifeMs : undefined);
    return { source: { ...source, cookie }, acknowledged };
  }

  /** Writes a session that express-session has generated. */
  create(sid: string, data: SessionData): Saved {
    const cookie = cookieFieldsOf(data.cookie) ?? {};
    const lifeMs = lifetimeMs(cookie);
    if (isPast(data.cookie, lifeMs)) return NOTHING;
    const handle = this.#blank(sid);
    handle.value = toStoredValue(attributesOf(data), cookie, this.#settings.prefix);
    const { status, acknowledged } = this.#write(handle, lifeMs);
    if (status === "gone") throw destroyedError();
    return { source: { sid, handle, cookie, unseen: [] }, acknowledged };
  }

  /** Makes an object all there is of a session. */
  replace(sid: string, opened: OpenResult, data: SessionData): Saved {
    if (opened.status === "destroyed") throw destroyedError();
    const cookie = cookieFieldsOf(data.cookie);
    const lifeMs = lifetimeMs(cookie);
    const handle = opened.status === "found" ? opened.session : this.#blank(sid);
    if (isPast(data.cookie, lifeMs)) return end(handle);
    handle.value = toStoredValue(attributesOf(data), cookie ?? null, this.#settings.prefix);
    const { status, acknowledged } = this.#write(handle, lifeMs);
    if (status === "gone") throw destroyedError();
    return { acknowledged };
  }

  /** Says that a session was used, and writes what the request changed of its cookie. */
  touch(handle: SessionHandle, source: Source | undefined, data: SessionData): Saved {
    const cookie = cookieFieldsOf(data.cookie) ?? {};
    const changes = source === undefined ? {} : changedFields(source.cookie, cookie);
    const stored = storedCookie(handle.value);
    if (source === undefined || stored === undefined || Object.keys(changes).length === 0) {
      handle.touch();
      return NOTHING;
    }
    const lifeMs = lifetimeMs(cookie);
    if (isPast(data.cookie, lifeMs)) return end(handle);
    handle.value.cookie = withChanges(stored, changes);
    const { acknowledged } = this.#write(handle, "originalMaxAge" in changes ? lifeMs : undefined);
    return { source: { ...source, cookie }, acknowledged };
  }

  /** `lifeMs`: the new idle time, null for the fallback, undefined for the one it has. */
  #write(handle: SessionHandle, lifeMs: Millis | null | undefined): Written {
    const { counters, acks, ttlMs } = this.#settings;
    for (const path of counters) {
      // By nothing: what the number there differs by from what was read is then an increment.
      if (isNumberAt(handle.value, path)) handle.counter(...path).increment(0);
    }
    const idleMs = lifeMs === undefined ? undefined : Math.max(1, Math.round(lifeMs ?? ttlMs));
    const isIdleSame = idleMs === undefined || (!handle.isNew && idleMs === handle.idleMs);
    const written = handle.write({
      touch: true,
      ...(acks === undefined ? {} : { acks }),
      ...(isIdleSame ? {} : { idleMs }),
    });
    if (written.status === "full") throw fullError(written.limit);
    return written;
  }

  #blank(sid: string): SessionHandle {
    return this.#sessions.createUnder(rawIdOf(sid, this.#settings) ?? "");
  }
}

/** Ends a session whose cookie says that it is over. */
function end(handle: SessionHandle): Saved {
  return handle.isNew ? NOTHING : { acknowledged: handle.destroy() };
}

function isNumberAt(value: unknown, [name = "", ...rest]: readonly string[]): boolean {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return false;
  const part = (value as Record<string, unknown>)[name];
  return rest.length === 0 ? typeof part === "number" : isNumberAt(part, rest);
}
