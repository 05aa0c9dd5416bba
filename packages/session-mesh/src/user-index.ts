/**
 * Whose sessions are held here, and which users were logged out everywhere.
 *
 * In memory alone, rebuilt from what arrives: about 200 bytes a session that has a user. Bounded by
 * the sessions held, since what is not held any more is forgotten.
 *
 * Not here: where this is learnt, and what is done about it (users.ts).
 */
import type { Millis, SessionId } from "@session-mesh/core";
import type { Cutoff, Login } from "./user-fields.js";
import type { UserName } from "./user-names.js";

/** See the file's comment. */
export class UserIndex {
  readonly #logins = new Map<SessionId, Login>();
  /** Most users have one session, which needs no set. */
  readonly #sessions = new Map<UserName, SessionId | Set<SessionId>>();
  readonly #cutoffs = new Map<UserName, Millis>();
  /** The sessions that hold cutoffs. */
  readonly #holders = new Map<SessionId, Cutoff>();

  /** How many users were logged out everywhere, as far as that still matters. */
  get cutoffCount(): number {
    return this.#cutoffs.size;
  }

  /** Whether a session holds a cutoff, and is no session of an application. */
  isHolder(session: SessionId): boolean {
    return this.#holders.has(session);
  }

  /** Until when all that a user began is over; undefined where there is no cutoff. */
  cutoffOf(user: UserName): Millis | undefined {
    return this.#cutoffs.get(user);
  }

  /** Whether a login is at or before its user's cutoff. */
  isCutOff({ user, sinceMs }: Login): boolean {
    const cutoffMs = this.#cutoffs.get(user);
    return cutoffMs !== undefined && sinceMs <= cutoffMs;
  }

  /** Notes a cutoff, and says whether it is above the one that was known. */
  raise(cutoff: Cutoff): boolean {
    const { user, atMs } = cutoff;
    if (atMs <= (this.#cutoffs.get(user) ?? -1)) return false;
    this.#cutoffs.set(user, atMs);
    return true;
  }

  /** Notes which session holds a cutoff. */
  hold(session: SessionId, cutoff: Cutoff): void {
    this.#holders.set(session, cutoff);
  }

  /** Notes whose a session is; undefined for nobody's. */
  place(session: SessionId, login: Login | undefined): void {
    const known = this.#logins.get(session);
    if (known?.user !== login?.user) {
      if (known) this.#unlist(session, known.user);
      if (login) this.#list(session, login.user);
    }
    if (login) this.#logins.set(session, login);
    else if (known) this.#logins.delete(session);
  }

  /** A session is not held any more. */
  forget(session: SessionId): void {
    this.place(session, undefined);
    const cutoff = this.#holders.get(session);
    if (!cutoff) return;
    this.#holders.delete(session);
    // Whatever an earlier cutoff could end was over before this one's holder.
    if (this.#cutoffs.get(cutoff.user) === cutoff.atMs) this.#cutoffs.delete(cutoff.user);
  }

  /** The sessions of a user, with their logins, the one placed first at the front. */
  sessionsOf(user: UserName): [SessionId, Login][] {
    const sessions = this.#sessions.get(user) ?? [];
    const all = typeof sessions === "string" ? [sessions] : sessions;
    return Array.from(all, (session): [SessionId, Login] => [
      session,
      this.#logins.get(session) ?? { user, sinceMs: 0 },
    ]);
  }

  #list(session: SessionId, user: UserName): void {
    const sessions = this.#sessions.get(user);
    if (sessions === undefined) this.#sessions.set(user, session);
    else if (typeof sessions !== "string") sessions.add(session);
    else if (sessions !== session) this.#sessions.set(user, new Set([sessions, session]));
  }

  #unlist(session: SessionId, user: UserName): void {
    const sessions = this.#sessions.get(user);
    if (sessions === session) this.#sessions.delete(user);
    if (typeof sessions !== "object") return;
    sessions.delete(session);
    if (sessions.size === 0) this.#sessions.delete(user);
  }
}
