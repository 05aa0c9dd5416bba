/**
 * What envelopes say of users: whose a session is since when, and a user's cutoff.
 *
 *   user    [name, sinceMs], or null once it is nobody's; the latest wins, by the clock of its commit
 *   cutoff  [name, atMs]'s atMs, of which the maximum wins; whose it is, `cutoff-of` says
 *
 * Core keeps, joins and sends these fields without knowing them, and so does a node without a
 * `userAttribute`. What peers send is not trusted: what has no such form counts as not there.
 *
 * Not here: what follows from them (users.ts).
 */
import type { Millis, SessionDescription, ShellFields } from "@session-mesh/core";
import { isUserName, type UserName } from "./user-names.js";

type Fields = SessionDescription["fields"];

const USER = "user";
const CUTOFF = "cutoff";
const CUTOFF_OF = "cutoff-of";

/** Whose a session is. */
export interface Login {
  readonly user: UserName;
  /** When the session was given that user. */
  readonly sinceMs: Millis;
}

/** What `user` began until then is over. */
export interface Cutoff {
  readonly user: UserName;
  readonly atMs: Millis;
}

/** The fields of a session that is somebody's now, or nobody's any more. */
export function fieldsOfLogin(login: Login | undefined): ShellFields {
  const value = login ? [login.user, login.sinceMs] : null;
  return new Map([[USER, { join: "last", value }]]);
}

/** The fields of a session that holds a cutoff. */
export function fieldsOfCutoff({ user, atMs }: Cutoff): ShellFields {
  return new Map([
    [CUTOFF_OF, { join: "last", value: user }],
    [CUTOFF, { join: "max", value: atMs }],
  ] as const);
}

/** Whether it was ever said whose a session is. */
export function isMarked(fields: Fields): boolean {
  return fields.has(USER);
}

/**
 * Whose a session is. A login that is said to be later than `latestMs` was dated by no clock, and
 * counts as the oldest there is: every cutoff ends it.
 */
export function loginIn(fields: Fields, latestMs: Millis): Login | undefined {
  const value = fields.get(USER)?.value;
  if (!Array.isArray(value)) return undefined;
  const [user, sinceMs] = value as unknown[];
  if (!isUserName(user)) return undefined;
  return { user, sinceMs: isTime(sinceMs) && sinceMs <= latestMs ? sinceMs : 0 };
}

/** The cutoff in a session; none if it is later than `latestMs`: no clock said that. */
export function cutoffIn(fields: Fields, latestMs: Millis): Cutoff | undefined {
  const atMs = fields.get(CUTOFF)?.value;
  const user = fields.get(CUTOFF_OF)?.value;
  if (!isTime(atMs) || atMs > latestMs || !isUserName(user)) return undefined;
  return { user, atMs };
}

function isTime(value: unknown): value is Millis {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
