/**
 * One session in the hands of one request: `req.session`, its cookie, and the handle of the mesh
 * beneath, kept in step.
 *
 * Not here: the response, and which session a request has (session-exchange.ts).
 */
import type { Unshared, VersionVector } from "@session-mesh/core";
import type { CounterHandle } from "../counter-handle.js";
import type {
  AckResult,
  CommitOptions,
  CommitOutcome,
  SessionHandle,
  Written,
} from "../session-handle.js";
import type { Sessions } from "../sessions.js";
import { collectAttributes, Session, showAttribute, showAttributes } from "./request-session.js";
import type { SessionBinding } from "./request-session.js";
import {
  type CookieAttributes,
  type SessionCookie,
  cookieFromStored,
  hasAttributes,
  storedFromCookie,
} from "./session-cookie.js";
import { SessionWriteError } from "./session-failure.js";
import type { SessionSettings } from "./session-settings.js";

/**
 * How a request's session stands.
 *
 * `stored`: read from the mesh, or written by this request. `new`: nothing stored yet.
 * `unknown`: not every member could be asked for it, so it may live across a partition: it keeps its
 * id and sets no session cookie (P9). `retired`: regenerated a moment ago, and this request was under
 * way: empty, sets no cookie, and its writes die (M13).
 */
export type Standing = "stored" | "new" | "unknown" | "retired";

/** What a bound session asks of its request. */
export interface SessionOwner {
  readonly sessions: Sessions;
  readonly settings: SessionSettings;
  /** Keeps the response's headers until `work` is done, and counts its missing acknowledgements. */
  track<T extends AckResult>(work: Promise<T>, options?: { isEnding: boolean }): Promise<T>;
  /** This session ended by the request's will; a regenerated one has a successor. */
  ended(session: BoundSession, options: { regenerated: boolean }): void;
}

const NOTHING_TO_ACK: AckResult = { acks: 0, degraded: false };

/** See the file's comment. */
export class BoundSession implements SessionBinding {
  readonly session: Session;
  readonly #owner: SessionOwner;
  readonly #handle: SessionHandle;
  #standing: Standing;
  #cookie: SessionCookie;
  #attributesRead: CookieAttributes;
  #hasWritten = false;
  #isGone = false;

  constructor(owner: SessionOwner, handle: SessionHandle, standing: Standing) {
    this.#owner = owner;
    this.#handle = handle;
    this.#standing = standing;
    this.#cookie = cookieFromStored(handle.value.cookie, owner.settings.cookie);
    this.#attributesRead = this.#cookie.attributes();
    this.session = new Session(this);
    showAttributes(this.session, handle.value);
  }

  get id(): string {
    return this.#handle.id;
  }

  get cookie(): SessionCookie {
    return this.#cookie;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** What of it the response shows. */
  get revisions(): VersionVector {
    return this.#handle.revisions;
  }

  /** What of that some member may lack. */
  unshared(): Unshared {
    return this.#handle.unshared();
  }

  /** Waits until every unsuspected peer holds what this node wrote of that. */
  share(unshared: Unshared): Promise<AckResult> {
    return this.#handle.share(unshared);
  }

  /** Whether this request wrote it. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  /** Whether the handler changed the cookie's attributes. */
  get hasNewCookie(): boolean {
    return !hasAttributes(this.#cookie, this.#attributesRead);
  }

  /** Whether it was destroyed while this request had it, here or anywhere. */
  get isGone(): boolean {
    return this.#isGone || this.#handle.isDestroyed;
  }

  /**
   * Whether the handler changed something. Throws UnsupportedValueError on what cannot be stored.
   * The cookie alone makes no new session.
   */
  hasChanged(): boolean {
    if (this.#standing === "retired") return false;
    this.#collect({ withCookie: this.#standing === "stored" });
    return this.#handle.hasChanged();
  }

  /** Writes what has changed; a new session is created even if it is empty. */
  async commit(): Promise<CommitOutcome> {
    if (this.#standing === "retired") return { status: "gone", ...NOTHING_TO_ACK };
    this.#collect({ withCookie: true });
    const committing = this.#handle.commit(this.#commitOptions());
    // What other requests wrote has merged in, in the same call.
    showAttributes(this.session, this.#handle.value);
    const outcome = await committing;
    this.#note(outcome);
    return outcome;
  }

  /**
   * {@link BoundSession.commit} for when the handler is done or does not look: `req.session` stays as
   * the handler left it. Returns what is still waited for. Throws what `commit` rejects with.
   */
  write(): Promise<AckResult> | undefined {
    if (this.#standing === "retired") return undefined;
    this.#collect({ withCookie: true });
    const written = this.#handle.write(this.#commitOptions());
    this.#note(written);
    return written.acknowledged;
  }

  touch(): void {
    this.#cookie.renew();
    if (this.#standing === "stored") this.#handle.touch();
  }

  async save(): Promise<CommitOutcome> {
    const outcome = await this.#owner.track(this.commit());
    if (outcome.degraded && this.#owner.settings.onDegraded === "fail") {
      throw SessionWriteError.degraded(outcome.acks);
    }
    return outcome;
  }

  async reload(): Promise<void> {
    if (!(await this.#handle.reload())) {
      throw new Error("[session-mesh] the session cannot be loaded again: it is gone");
    }
    this.#cookie = cookieFromStored(this.#handle.value.cookie, this.#owner.settings.cookie);
    this.#attributesRead = this.#cookie.attributes();
    showAttributes(this.session, this.#handle.value);
  }

  destroy(): Promise<AckResult> {
    return this.#end({ regenerated: false });
  }

  regenerate(): Promise<AckResult> {
    return this.#end({ regenerated: true });
  }

  counter(path: readonly string[]): CounterHandle {
    const counter = this.#handle.counter(...path);
    const [name = ""] = path;
    const inStep = <T>(step: () => T): T => {
      this.#collect({ withCookie: false });
      const result = step();
      showAttribute(this.session, name, this.#handle.value);
      return result;
    };
    return {
      increment: (by?: number) => inStep(() => counter.increment(by)),
      decrement: (by?: number) => inStep(() => counter.decrement(by)),
      reset: () => inStep(() => counter.reset()),
      get value(): number {
        return inStep(() => counter.value);
      },
    };
  }

  #end(options: { regenerated: boolean }): Promise<AckResult> {
    const standing = this.#standing;
    const isStored = standing === "stored" || (standing === "new" && !this.#handle.isNew);
    this.#isGone = true;
    this.#owner.ended(this, options);
    if (isStored) return this.#owner.track(this.#handle.destroy(options), { isEnding: true });
    // It may live where nobody could be asked, and must end there too (P3).
    if (standing === "unknown") {
      const ended = this.#owner.sessions.destroy(this.id, options);
      return this.#owner.track(ended, { isEnding: true });
    }
    return Promise.resolve(NOTHING_TO_ACK);
  }

  #commitOptions(): CommitOptions {
    const { acks } = this.#owner.settings;
    const idleMs = this.#idleMsWanted();
    return {
      touch: true,
      ...(acks === undefined ? {} : { acks }),
      ...(idleMs === undefined ? {} : { idleMs }),
    };
  }

  #note({ status, limit }: Pick<Written, "status" | "limit">): void {
    if (status === "full") throw SessionWriteError.full(limit ?? "sessionsMax");
    if (status === "gone") this.#isGone = true;
    if (status !== "committed") return;
    this.#hasWritten = true;
    if (this.#standing === "new") this.#standing = "stored";
  }

  /** Hands what `req.session` shows to the handle beneath. */
  #collect({ withCookie }: { withCookie: boolean }): void {
    const { value } = this.#handle;
    collectAttributes(this.session, value);
    if (!withCookie) return;
    const stored = storedFromCookie(this.#cookie, value.cookie, this.#owner.settings.cookie);
    if (stored === undefined) delete value.cookie;
    else value.cookie = stored;
  }

  /** The idle time to write, if the cookie's `maxAge` asks for another one than the session has. */
  #idleMsWanted(): number | undefined {
    const maxAge = this.#cookie.originalMaxAge;
    if (maxAge === null) {
      if (this.#attributesRead.maxAge === null) return undefined;
      return this.#owner.sessions.create().idleMs;
    }
    const idleMs = Math.max(1, Math.round(maxAge));
    return idleMs === this.#handle.idleMs ? undefined : idleMs;
  }
}
