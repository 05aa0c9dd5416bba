/**
 * One handle's eye on whose its session is: when a commit changes the user, it says so in the
 * envelope too.
 *
 * What counts is what this request changed: a request that read the session before another one
 * logged in, and says nothing of the user, must not take that login back.
 *
 * Not here: dates and names (users.ts).
 */
import type { Millis, SessionId, ShellFields } from "@session-mesh/core";

/** How marks are read and written. */
export interface Marking {
  /** The user that a value names. */
  userIn(value: unknown): string | undefined;
  /** The fields of a session that is given this user now, or none. */
  fieldsOf(user: string | undefined): ShellFields;
  /** The fields of a session that has had this user without saying so; undefined if it said so. */
  fieldsOfOld(session: SessionId, user: string, createdAtMs: Millis): ShellFields | undefined;
}

/** See the file's comment. */
export class UserMark {
  readonly #marking: Marking;
  readonly #session: SessionId;
  #user: string | undefined;

  constructor(marking: Marking, session: SessionId) {
    this.#marking = marking;
    this.#session = session;
  }

  /** Takes note of what was read, or has been committed. */
  read(value: unknown): void {
    this.#user = this.#marking.userIn(value);
  }

  /** What a commit of `value` has to say of its user; undefined for nothing. */
  fieldsFor(value: unknown, createdAtMs: Millis): ShellFields | undefined {
    const user = this.#marking.userIn(value);
    if (user !== this.#user) return this.#marking.fieldsOf(user);
    return user === undefined
      ? undefined
      : this.#marking.fieldsOfOld(this.#session, user, createdAtMs);
  }
}
