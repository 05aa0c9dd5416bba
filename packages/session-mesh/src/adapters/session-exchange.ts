/**
 * One request's dealings with its session, from the cookie that came to the cookie that goes.
 *
 *   cookie ─▶ load ─▶ handler reads and changes ─▶ beforeHead: commit, wait for acknowledgements,
 *   decide on Set-Cookie ─▶ headers go ─▶ beforeEnd: commit what came later
 *
 * Not here: frameworks, and how a response is held meanwhile (hold-response.ts).
 */
import type { IncomingMessage } from "node:http";
import type { VersionVector } from "@session-mesh/core";
import type { Mesh } from "../mesh.js";
import type { AckResult } from "../session-handle.js";
import type { LoadResult, Sessions } from "../sessions.js";
import { BoundSession, type SessionOwner } from "./bound-session.js";
import type { HeadVerdict, ResponseGates, SubstituteAnswer } from "./hold-response.js";
import type { Session } from "./request-session.js";
import type { SessionCookie } from "./session-cookie.js";
import { SessionWriteError, failureOf, plainAnswer } from "./session-failure.js";
import type { SessionSettings } from "./session-settings.js";
import { type RequestCookies, requestCookies } from "./request-cookies.js";
import type { SignedIds } from "./signed-id.js";
import type { TokenSlots } from "./token-slots.js";
import { TOKEN_LIFE_MS, VersionTokens } from "./version-tokens.js";

/** What an exchange asks of the framework. */
export interface ExchangeHost {
  readonly req: IncomingMessage;
  /** Whether the client's connection is secure, by the best knowledge of the app. */
  isSecure(): boolean;
  /** Shows the handler its session; undefined once that is destroyed. */
  publish(session: Session | undefined): void;
  /** What the handler has as its session now. */
  shown(): unknown;
  /** A cookie marked secure was withheld, since the connection is not. */
  cookieWithheld(): void;
  /** Marks the response: its session may be behind what its user has seen, or elsewhere (P5, P9). */
  markStale(): void;
  readonly ids: SignedIds;
  /** The names of this process's tokens. */
  readonly slots: TokenSlots;
}

/** See the file's comment. */
export class SessionExchange implements ResponseGates, SessionOwner {
  readonly settings: SessionSettings;
  readonly #mesh: Mesh;
  readonly #host: ExchangeHost;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #cookies: RequestCookies;
  readonly #tokens: VersionTokens;
  #current: BoundSession | undefined;
  #cookieId: string | undefined;
  #isSignatureStale = false;
  #lost: VersionVector = [];
  /** The cookie of a session that this request ended. */
  #endedCookie: SessionCookie | undefined;
  #acksMissing: AckResult | undefined;
  /** Why a session could not be ended, which must not look like a logout. */
  #endingError: unknown;

  constructor(mesh: Mesh, settings: SessionSettings, host: ExchangeHost) {
    this.#mesh = mesh;
    this.settings = settings;
    this.#host = host;
    const { name, secrets } = settings;
    const { slots, req } = host;
    this.#cookies = requestCookies(req.headers.cookie, name);
    this.#tokens = new VersionTokens(this.#cookies.tokens, { secrets, slots });
  }

  get sessions(): Sessions {
    return this.#mesh.sessions;
  }

  /** Finds the request's session; undefined when no peer had to be asked. */
  load(): undefined | Promise<void> {
    const { session: value } = this.#cookies;
    const verified = value === undefined ? undefined : this.#host.ids.verify(value);
    if (verified === undefined) {
      this.#begin();
      return undefined;
    }
    const { id } = verified;
    this.#cookieId = id;
    this.#isSignatureStale = verified.isStale;
    const here = this.sessions.open(id);
    const held = here.status === "found" ? here.session.revisions : [];
    const seen = here.status === "destroyed" ? [] : this.#tokens.seenBeyond(id, held);
    const isMiss = here.status === "unknown" || here.status === "expired";
    if (isMiss || seen.length > 0) {
      return this.sessions.load(id, { seen }).then((opened) => this.#settle(id, opened));
    }
    this.#settle(id, here);
    return undefined;
  }

  beforeHead(): HeadVerdict | Promise<HeadVerdict> {
    try {
      const bound = this.#shown();
      let writing: Promise<AckResult> | undefined;
      if (bound !== undefined && this.#mustSave(bound)) writing = bound.write();
      else bound?.touch();
      const verdict = this.#afterAll(writing);
      if (!(verdict instanceof Promise)) return verdict;
      return verdict.catch((error: unknown) => this.#refusal(error));
    } catch (error) {
      return this.#refusal(error);
    }
  }

  beforeEnd(): undefined | Promise<void> {
    try {
      const bound = this.#shown();
      if (bound !== undefined && bound.standing !== "retired" && bound.hasChanged()) {
        this.#mesh.note("changed-after-headers", bound.id);
        const report = (error: unknown): void => void this.#report(error, { isTooLate: true });
        this.track(bound.commit()).catch(report);
      }
    } catch (error) {
      this.#report(error, { isTooLate: true });
    }
    if (this.#underWay.size === 0) return undefined;
    return Promise.allSettled(this.#underWay).then(() => {});
  }

  track<T extends AckResult>(work: Promise<T>, options = { isEnding: false }): Promise<T> {
    const noted = work.then((result) => {
      if (result.degraded) this.#acksMissing = result;
      return result;
    });
    this.#underWay.add(noted);
    const done = (): void => void this.#underWay.delete(noted);
    noted.then(done, (error: unknown) => {
      done();
      if (options.isEnding) this.#endingError = error;
    });
    return noted;
  }

  ended(bound: BoundSession, { regenerated }: { regenerated: boolean }): void {
    if (bound.standing !== "retired" && this.#cookies.session !== undefined)
      this.#endedCookie = bound.cookie;
    if (bound !== this.#current) return;
    if (regenerated) this.#begin();
    else this.#show(undefined);
  }

  #settle(id: string, opened: LoadResult): void {
    this.#lost = opened.staleness?.lost ?? [];
    if (opened.staleness !== undefined || opened.status === "unknown") {
      this.#mesh.note("stale-served", id);
      this.#host.markStale();
    }
    switch (opened.status) {
      case "found":
        return this.#show(new BoundSession(this, opened.session, "stored"));
      case "unknown":
        this.#mesh.note("miss-incomplete", id);
        return this.#show(new BoundSession(this, this.sessions.createUnder(id), "unknown"));
      case "destroyed":
        // Its cookie is left alone: a slow response to it must not wipe that of a newer login.
        if (!this.#isRecent(opened.regeneratedAtMs)) return this.#begin();
        return this.#show(new BoundSession(this, this.sessions.create(), "retired"));
      default:
        return this.#begin();
    }
  }

  #isRecent(regeneratedAtMs: number): boolean {
    return regeneratedAtMs > 0 && Date.now() - regeneratedAtMs < this.sessions.regenerateGraceMs;
  }

  #begin(): void {
    const { maxAge } = this.settings.cookie;
    const handle = this.sessions.create(maxAge === null ? {} : { idleMs: maxAge });
    this.#show(new BoundSession(this, handle, "new"));
  }

  #show(bound: BoundSession | undefined): void {
    this.#current = bound;
    this.#host.publish(bound?.session);
  }

  /** The session as the handler left it: undefined when it was destroyed, or set to null or deleted. */
  #shown(): BoundSession | undefined {
    const shown = this.#host.shown();
    if (shown === undefined || shown === null) return undefined;
    if (shown === this.#current?.session) return this.#current;
    throw new TypeError(
      "[session-mesh] req.session was replaced by another object. Assign its properties instead, " +
        "or call req.session.regenerate()",
    );
  }

  /** The verdict once `writing` and all that is under way is done. */
  #afterAll(writing: Promise<AckResult> | undefined): HeadVerdict | Promise<HeadVerdict> {
    if (this.#underWay.size > 0) {
      if (writing) void this.track(writing);
      return Promise.all(this.#underWay).then(() => this.#verdict());
    }
    if (!writing) return this.#verdict();
    return writing.then((result) => {
      if (result.degraded) this.#acksMissing = result;
      return this.#verdict();
    });
  }

  #mustSave(bound: BoundSession): boolean {
    if (bound.standing === "retired") return false;
    if (bound.standing === "new" && this.settings.saveUninitialized) return true;
    return bound.hasChanged();
  }

  #verdict(): HeadVerdict | Promise<HeadVerdict> {
    if (this.#endingError !== undefined) return this.#refusal(this.#endingError);
    const missing = this.#acksMissing;
    if (missing !== undefined && this.settings.onDegraded === "fail") {
      return this.#refusal(SessionWriteError.degraded(missing.acks));
    }
    const cookies = this.#setCookies();
    const bound = this.#shown();
    const isKnown = bound?.id === this.#cookieId || cookies.length > 0;
    // What was written to an unknown session merges with it later: its user takes that along as well.
    const isShared = bound?.standing === "stored" || bound?.standing === "unknown";
    if (bound === undefined || !isShared || bound.isGone || !isKnown) {
      return { send: true, setCookies: cookies };
    }
    return this.#withTokens(bound, cookies);
  }

  /** Lets the user take along what other nodes may lack; where he cannot, waits until they have it. */
  #withTokens(bound: BoundSession, cookies: readonly string[]): HeadVerdict | Promise<HeadVerdict> {
    const unshared = bound.unshared();
    if (unshared.revisions.length === 0) return { send: true, setCookies: cookies };
    const { revisions } = bound;
    const issued = this.#tokens.issue(bound.id, { unshared, revisions, lost: this.#lost });
    const isSecure = this.#host.isSecure();
    const lifeMs = unshared.isCut ? this.#mesh.limits.goneAfterMs : TOKEN_LIFE_MS;
    const tokens = issued.cookies.map((cookie) => {
      return bound.cookie.companionHeader(cookie, { isSecure, lifeMs });
    });
    const verdict: HeadVerdict = { send: true, setCookies: [...cookies, ...tokens] };
    return issued.hasOwn ? verdict : bound.share(unshared).then(() => verdict);
  }

  #setCookies(): readonly string[] {
    const { name } = this.settings;
    const bound = this.#shown();
    const isSecure = this.#host.isSecure();
    bound?.cookie.renew();
    if (bound === undefined || !this.#wantsCookie(bound)) {
      return this.#endedCookie === undefined
        ? []
        : [this.#endedCookie.clearingHeader(name, isSecure)];
    }
    if (bound.cookie.secure === true && !isSecure) {
      this.#host.cookieWithheld();
      return [];
    }
    return [bound.cookie.header(name, this.#host.ids.sign(bound.id), isSecure)];
  }

  #wantsCookie(bound: BoundSession): boolean {
    if (bound.standing !== "stored" || bound.isGone) return false;
    if (bound.id !== this.#cookieId || this.settings.rolling || this.#isSignatureStale) return true;
    return bound.hasWritten && (bound.cookie.expires !== null || bound.hasNewCookie);
  }

  #refusal(error: unknown): HeadVerdict {
    return { send: false, answer: this.#report(error, { isTooLate: false }) };
  }

  #report(error: unknown, { isTooLate }: { isTooLate: boolean }): SubstituteAnswer {
    const failure = failureOf(error, isTooLate);
    const { onFailure } = this.settings;
    try {
      if (onFailure !== undefined) {
        return onFailure(failure, this.#host.req) ?? plainAnswer(failure.status);
      }
      if (failure.status === 500) console.error(failure.error);
    } catch (thrown) {
      console.error(thrown);
    }
    return plainAnswer(failure.status);
  }
}
