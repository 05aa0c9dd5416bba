/**
 * What an application sees of its users' sessions: the list of one's logins, and what a revoke did.
 *
 * Not here: how they are found and ended (users.ts).
 */
import type { Millis, SessionId } from "@session-mesh/core";
import { MeshError } from "./mesh-error.js";
import type { AckResult, DestroyOptions } from "./session-handle.js";
import type { Revoked, UserLogin, Users } from "./users.js";

/** Whom to log out everywhere. */
export interface RevokeOptions {
  /** The user as sessions name him; 7 and "7" are the same. */
  readonly user: string | number;
  /** How long to wait for all unsuspected peers. Default: the `ackDeadlineMs` of the mesh. */
  readonly deadlineMs?: Millis;
}

/** What became of a revoke; `acks` says how many peers know already, the others will. */
export interface RevokeResult extends AckResult, Omit<Revoked, "seq"> {}

/** A live session of a user. It has no raw id: those are nowhere kept. */
export interface UserSession {
  /** The keyed hash of its raw id; see `sessions.nameOf`. */
  readonly name: SessionId;
  readonly createdAtMs: Millis;
  /** When it was given this user. */
  readonly loggedInAtMs: Millis;
  readonly expiresAtMs: Millis;
  /** Ends it for good on every node (M9); waits for all unsuspected peers. */
  destroy(options?: DestroyOptions): Promise<AckResult>;
}

/** A login as applications see it. */
export function userSessionOf(
  { session, createdAtMs, sinceMs, expiresAtMs }: UserLogin,
  destroy: (session: SessionId, options: DestroyOptions) => Promise<AckResult>,
): UserSession {
  return {
    name: session,
    createdAtMs,
    loggedInAtMs: sinceMs,
    expiresAtMs,
    destroy: (options = {}) => destroy(session, options),
  };
}

/** The users of a mesh. Throws a MeshError where users have no meaning. */
export function knownUsers(users: Users | undefined): Users {
  if (users) return users;
  const problem = "nothing says which attribute of a session names its user";
  throw new MeshError("option", `${problem}; give createMesh() \`userAttribute\`, as "user.id"`);
}
