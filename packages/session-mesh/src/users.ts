/**
 * Log out everywhere (P13): whose sessions are held here, and the cutoffs that end them.
 *
 * Whose a session is, and since when, stands in its envelope, written with the commit that sets the
 * user. A cutoff stands in the envelope of a session of its own, as a maximum. Both replicate, merge,
 * are audited and drained as everything else is, and both can be read without hydrating anything.
 *
 *   revoke ──▶ destroys what is held here, then commits the cutoff ──▶ every node, when it arrives:
 *              destroys what it holds of that user since before the cutoff; and whatever of that
 *              kind arrives later, from across a partition, say, when that arrives
 *
 * Invariants:
 * 1. Between two inputs of the replica, no marked session that is held here is at or before its
 *    user's cutoff. So neither opening nor committing needs to ask.
 * 2. Who has seen a cutoff logs in above it: a login that follows a revoke lives, whatever the clocks.
 * 3. A cutoff is held as long as any session that it could end can live.
 *
 * Not here: what a session's user is (user-attribute.ts), waiting for acknowledgements (sessions.ts).
 */
import {
  assert,
  type CommitResult,
  type EventBody,
  type Limits,
  type Millis,
  type ReadResult,
  type Replica,
  type SessionId,
  type ShellFields,
} from "@session-mesh/core";
import { MeshError } from "./mesh-error.js";
import type { SystemRuntime } from "./system-runtime.js";
import { userAt, type UserPath, userTextOf } from "./user-attribute.js";
import {
  type Cutoff,
  cutoffIn,
  fieldsOfCutoff,
  fieldsOfLogin,
  isMarked,
  type Login,
  loginIn,
} from "./user-fields.js";
import { UserIndex } from "./user-index.js";
import { type Marking, UserMark } from "./user-mark.js";
import { type UserName, UserNames } from "./user-names.js";

/** A user's cutoffs of one day are one session, so that many revokes leave few sessions behind. */
const HOLDER_PERIOD_MS: Millis = 86_400_000;

/** What users need of their mesh. */
export interface UsersParts {
  readonly runtime: SystemRuntime;
  readonly path: UserPath;
  readonly idKey: Uint8Array;
  readonly limits: Limits;
  emit(event: EventBody): void;
}

/** A live session of a user, as this node knows it. */
export interface UserLogin extends Login {
  readonly session: SessionId;
  readonly createdAtMs: Millis;
  readonly expiresAtMs: Millis;
}

/** What a revoke did here. */
export interface Revoked {
  /** What the user began until then is over. */
  readonly cutoffMs: Millis;
  /** How many sessions this node ended; other nodes may hold some that it did not know. */
  readonly destroyedCount: number;
  /** The number of the last change among this node's own. */
  readonly seq: number;
}

/** See the file's comment. */
export class Users {
  readonly #parts: UsersParts;
  readonly #names: UserNames;
  readonly #index = new UserIndex();
  readonly #marking: Marking = {
    userIn: (value) => userAt(value, this.#parts.path),
    fieldsOf: (user) => fieldsOfLogin(user === undefined ? undefined : this.#loginNow(user)),
    fieldsOfOld: (session, user, createdAtMs) => this.#fieldsOfOld(session, user, createdAtMs),
  };

  constructor(parts: UsersParts) {
    this.#parts = parts;
    this.#names = new UserNames(parts.idKey);
  }

  /** Keeps a handle's session marked with its user. */
  markOf(session: SessionId): UserMark {
    return new UserMark(this.#marking, session);
  }

  /** Whether this is a session of ours that holds a cutoff. */
  isHolder(session: SessionId): boolean {
    return this.#index.isHolder(session);
  }

  /**
   * Whether a session that was found is over by its user's cutoff. Marked ones that are over are
   * destroyed before anybody can find them; this is for those written before marks were.
   */
  isCutOff(nameOf: () => SessionId, found: Extract<ReadResult, { status: "found" }>): boolean {
    if (this.#index.cutoffCount === 0) return false;
    const text = userAt(found.value, this.#parts.path);
    if (text === undefined) return false;
    const user = this.#names.nameOf(text);
    if (this.#index.cutoffOf(user) === undefined) return false;
    const marked = this.#parts.runtime.run((replica) => this.#loginOf(replica, nameOf()));
    const sinceMs = marked?.user === user ? marked.sinceMs : found.createdAtMs;
    return this.#index.isCutOff({ user, sinceMs });
  }

  /**
   * Throws a RangeError for a session that would outlive the cutoffs of its user (invariant 3), which
   * are kept as long as the mesh's own sessions can live.
   */
  checkLifetime(lifetimeMs: Millis | undefined): void {
    const { absoluteMs } = this.#parts.limits;
    if (lifetimeMs === undefined || lifetimeMs <= absoluteMs) return;
    throw new RangeError(
      "[session-mesh] with a `userAttribute`, the `absoluteMs` of a session may not be above the " +
        `mesh's, ${absoluteMs}; give createMesh() the longest that you need`,
    );
  }

  /** Takes note of what happened; of every event, and before anybody else hears of it. */
  observe(event: EventBody): void {
    switch (event.type) {
      case "session-committed":
      case "session-integrated":
        return this.#onChange(event.session);
      case "session-destroyed":
      case "session-collected":
        return this.#index.forget(event.session);
      default:
        return undefined;
    }
  }

  /** Takes note of what is held from the start: it came from storage, which no event tells. */
  restored(): void {
    for (const session of this.#parts.runtime.run((replica) => replica.held())) {
      this.#onChange(session);
    }
  }

  /** Ends all sessions that the user has begun until now. Throws a MeshError for what is no user. */
  revoke(user: unknown): Revoked {
    const name = this.#nameOf(user);
    const cutoffMs = Math.max(Date.now(), this.#index.cutoffOf(name) ?? 0);
    const cutoff: Cutoff = { user: name, atMs: cutoffMs };
    this.#index.raise(cutoff);
    const { result, destroyedCount } = this.#parts.runtime.run((replica) => {
      // First, so that peers hear of all that is known here before they look for the rest.
      const ended = this.#index.sessionsOf(name);
      for (const [session] of ended) replica.destroy(session);
      return { result: this.#commit(replica, cutoff), destroyedCount: ended.length };
    });
    assert(result.status === "committed", `a cutoff was not committed: ${result.status}`);
    this.#parts.emit({ type: "user-revoked", user: name, cutoffMs, destroyedCount });
    return { cutoffMs, destroyedCount, seq: result.seq };
  }

  /** The user's live sessions that are held here, the latest login first. */
  loginsOf(user: unknown): UserLogin[] {
    const logins = this.#index.sessionsOf(this.#nameOf(user));
    const described = this.#parts.runtime.run((replica) =>
      logins.flatMap(([session, login]): UserLogin[] => {
        const description = replica.describe(session);
        if (description?.lifetime !== "live") return [];
        const { createdAtMs, expiresAtMs } = description;
        return [{ session, ...login, createdAtMs, expiresAtMs }];
      }),
    );
    return described.sort((a, b) => b.sinceMs - a.sinceMs);
  }

  #nameOf(user: unknown): UserName {
    const text = userTextOf(user);
    if (text !== undefined) return this.#names.nameOf(text);
    throw new MeshError("option", "`user` must be a text that is not empty, or a finite number");
  }

  #loginNow(user: string): Login {
    const name = this.#names.nameOf(user);
    const cutoffMs = this.#index.cutoffOf(name) ?? -1;
    return { user: name, sinceMs: Math.max(Date.now(), cutoffMs + 1) };
  }

  /** Of a session that had its user before marks were written: as old as it can be. */
  #fieldsOfOld(session: SessionId, user: string, createdAtMs: Millis): ShellFields | undefined {
    const { runtime } = this.#parts;
    const description = runtime.run((replica) => replica.describe(session));
    if (!description || isMarked(description.fields)) return undefined;
    const sinceMs = Math.floor(createdAtMs);
    return fieldsOfLogin({ user: this.#names.nameOf(user), sinceMs });
  }

  #loginOf(replica: Replica, session: SessionId): Login | undefined {
    const fields = replica.describe(session)?.fields;
    return fields && loginIn(fields, this.#latestMs());
  }

  #onChange(session: SessionId): void {
    let news: EventBody | undefined;
    this.#parts.runtime.feed((replica) => {
      news = this.#note(replica, session);
    });
    // Whoever hears of it may come back with an input of his own, so not within this one.
    if (news) this.#parts.emit(news);
  }

  #note(replica: Replica, session: SessionId): EventBody | undefined {
    const fields = replica.describe(session)?.fields;
    if (!fields) return undefined;
    const login = loginIn(fields, this.#latestMs());
    this.#index.place(session, login);
    if (login && this.#index.isCutOff(login)) replica.destroy(session);
    const cutoff = cutoffIn(fields, this.#latestMs());
    if (!cutoff) return undefined;
    this.#index.hold(session, cutoff);
    return this.#index.raise(cutoff) ? this.#endAll(replica, cutoff) : undefined;
  }

  #endAll(replica: Replica, { user, atMs: cutoffMs }: Cutoff): EventBody {
    const logins = this.#index.sessionsOf(user);
    const over = logins.filter(([, login]) => this.#index.isCutOff(login));
    for (const [session] of over) replica.destroy(session);
    return { type: "user-revoked", user, cutoffMs, destroyedCount: over.length };
  }

  #commit(replica: Replica, cutoff: Cutoff): CommitResult {
    const period = Math.floor(cutoff.atMs / HOLDER_PERIOD_MS);
    const { absoluteMs, clockMarginMs } = this.#parts.limits;
    const endsAtMs = (period + 1) * HOLDER_PERIOD_MS + absoluteMs + 2 * clockMarginMs;
    const lifeMs = endsAtMs - Date.now();
    const change = {
      operations: [],
      fields: fieldsOfCutoff(cutoff),
      birth: { idleMs: lifeMs, absoluteMs: lifeMs },
      isVital: true,
    };
    const result = replica.commit(this.#names.cutoffIdOf(cutoff.user, period), change);
    if (result.status !== "gone") return result;
    // Somebody destroyed it. That must not keep a user logged in.
    const salt = String(replica.status().seq);
    return replica.commit(this.#names.cutoffIdOf(cutoff.user, period, salt), change);
  }

  /** Times later than this were read off no clock of ours. */
  #latestMs(): Millis {
    return Date.now() + this.#parts.limits.clockAheadMsMax;
  }
}
