/**
 * The sessions of a mesh as an application sees them: made, found and destroyed by raw id.
 *
 * Not here: what a request does with one (session-handle.ts), cookies (adapters).
 */
import {
  type AckOutcome,
  beyond,
  type FreshnessOutcome,
  type Limits,
  type Millis,
  type PullOutcome,
  type ReadResult,
  type SessionId,
  type VersionVector,
  type WantedAcks,
} from "@session-mesh/core";
import { abortable } from "./abortable.js";
import { createRawId, RAW_ID_LENGTH_MAX, rawIdHasher } from "./session-ids.js";
import {
  type AckResult,
  type DestroyOptions,
  SessionHandle,
  type SessionPort,
} from "./session-handle.js";
import { isAlone, isLinkedPeer, isStaying } from "./others.js";
import { checkLifetimes } from "./session-lifetimes.js";
import type { SystemRuntime } from "./system-runtime.js";
import type { Users } from "./users.js";
import {
  knownUsers,
  type RevokeOptions,
  type RevokeResult,
  type UserSession,
  userSessionOf,
} from "./user-sessions.js";

/** What was found under an id. */
export type OpenResult =
  | { readonly status: "found"; readonly session: SessionHandle }
  /**
   * `absent`: no member holds it. `unknown`: not held here, and not every member was asked or could
   * answer, so it may well live elsewhere: give its user an empty session, but no new cookie (P9).
   */
  | { readonly status: "absent" | "unknown" | "expired" }
  | {
      readonly status: "destroyed";
      /** When it was regenerated under another id, else 0. */
      readonly regeneratedAtMs: Millis;
    };

/** What of `seen` is not in what was found. */
export interface Staleness {
  /** Seen elsewhere, and not reachable now. */
  readonly missing: VersionVector;
  /** Those of them, found now or before, that every member lacks: not worth asking for again. */
  readonly lost: VersionVector;
}

/** How to load. */
export interface LoadOptions {
  readonly signal?: AbortSignal;
  /** What the reader has seen of the session on other nodes: waited for, `tokenDeadlineMs` at most. */
  readonly seen?: VersionVector;
}

/** What was found; no `staleness` where all that was seen before is in it. */
export type LoadResult = OpenResult & { readonly staleness?: Staleness };

/** What the sessions need of their mesh. */
export interface SessionsParts {
  readonly runtime: SystemRuntime;
  /** Undefined where nobody said which attribute names a session's user. */
  readonly users: Users | undefined;
  readonly idKey: Uint8Array;
  readonly limits: Limits;
  readonly acks: number | "all";
  readonly isStorageAwaited: boolean;
}

/** The sessions of a mesh. Every call throws, or rejects with, a MeshError once the mesh is closed. */
export class Sessions {
  readonly #runtime: SystemRuntime;
  readonly #users: Users | undefined;
  readonly #port: SessionPort;

  constructor({ idKey, ...parts }: SessionsParts) {
    const { runtime, users } = parts;
    this.#runtime = runtime;
    this.#users = users;
    this.#port = {
      ...parts,
      hash: rawIdHasher(idKey),
      destroy: (session, options) => this.#destroy(session, options),
      isAwaited: (acks) => acks !== 0 || parts.isStorageAwaited,
      awaitAcks: (wanted) => this.#awaitAcks(wanted),
      markOf: (session) => users?.markOf(session),
      reread: async (session) => (await this.#readEverywhere(session)).result,
    };
  }

  /** A new session under a new random id; nothing is stored before its first commit. */
  create(options: { readonly idleMs?: Millis; readonly absoluteMs?: Millis } = {}): SessionHandle {
    checkLifetimes(options);
    this.#users?.checkLifetime(options.absoluteMs);
    return new SessionHandle(this.#port, createRawId(), { birth: options });
  }

  /**
   * An empty session under the id that `load` called "unknown", for adapters alone: what is written
   * merges with the session that may live under it elsewhere.
   */
  createUnder(id: string): SessionHandle {
    return new SessionHandle(this.#port, id, { birth: {} });
  }

  /** How long a request with a regenerated id is answered with an empty session and no cookie. */
  get regenerateGraceMs(): Millis {
    return this.#port.limits.regenerateGraceMs;
  }

  /** What is held on this node, at once. Peers may hold more; `load` asks them. */
  open(id: string): OpenResult {
    if (!isRawId(id)) return { status: "absent" };
    const session = this.#port.hash(id);
    const [result, status] = this.#runtime.run((replica) => {
      const read = replica.read(session);
      return [read, read.status === "absent" ? replica.status() : undefined] as const;
    });
    return this.#toOpenResult(id, result, status && !isAlone(status) ? "unknown" : "absent");
  }

  /**
   * What the mesh holds: this node's copy, else what the peers have, within `pullDeadlineMs`; with
   * what was `seen` elsewhere in it, if it can be had in time (P5).
   * Rejects with the signal's reason when it is aborted; nothing is changed by that.
   */
  async load(id: string, options: LoadOptions = {}): Promise<LoadResult> {
    const { signal, seen = [] } = options;
    signal?.throwIfAborted();
    if (!isRawId(id)) return { status: "absent" };
    const reading = this.#readSeen(this.#port.hash(id), seen);
    const { result, miss, staleness } = await abortable(reading, signal);
    const opened = this.#toOpenResult(id, result, miss);
    return staleness === undefined ? opened : { ...opened, staleness };
  }

  /**
   * Like `load`, but asks the peers even for what is held here, and waits for all of them: what any
   * had written when it was asked is in it, unless it stayed silent for `pullDeadlineMs`.
   */
  async refresh(id: string): Promise<OpenResult> {
    if (!isRawId(id)) return { status: "absent" };
    const session = this.#port.hash(id);
    const miss = await this.#pull(session, { thorough: true });
    const result = this.#runtime.run((replica) => replica.read(session));
    return this.#toOpenResult(id, result, miss);
  }

  /** Whether any peer is linked that could be asked. */
  get hasPeers(): boolean {
    return this.#runtime.run((replica) => replica.status()).members.some(isLinkedPeer);
  }

  /**
   * The names of the sessions held here, for adapters that list them: raw ids are nowhere known.
   * Linear in their number.
   */
  names(): SessionId[] {
    const names = this.#runtime.run((replica) => replica.held());
    const users = this.#users;
    return users ? names.filter((name) => !users.isHolder(name)) : names;
  }

  /** The name under which the mesh knows the session of a raw id: its keyed hash. */
  nameOf(id: string): SessionId {
    return this.#port.hash(id);
  }

  /** The session of a name, if it is held here and alive; to read, since it has no raw id. */
  peek(name: SessionId): Extract<ReadResult, { status: "found" }> | undefined {
    const result = this.#runtime.run((replica) => replica.read(name));
    return result.status === "found" ? result : undefined;
  }

  /** {@link Sessions.destroy} by name. */
  destroyNamed(name: SessionId): Promise<AckResult> {
    return this.#destroy(name, {});
  }

  /** Ends a session for good on every node (M9), held here or not; waits for all unsuspected peers. */
  async destroy(id: string, options: DestroyOptions = {}): Promise<AckResult> {
    if (!isRawId(id)) return { acks: 0, degraded: false };
    return this.#destroy(this.#port.hash(id), options);
  }

  /**
   * Logs a user out everywhere (P13): every session that he was logged in to until now is destroyed,
   * at once where it is known, and wherever else it is as soon as the news and it meet. Logins from
   * now on live. Waits for all unsuspected peers. Rejects with a MeshError, nothing changed, when
   * `userAttribute` is not set or `user` cannot be one.
   */
  async revoke({ user, deadlineMs }: RevokeOptions): Promise<RevokeResult> {
    const { seq, ...revoked } = knownUsers(this.#users).revoke(user);
    return { ...revoked, ...(await this.#awaitAll(seq, deadlineMs)) };
  }

  /**
   * The live sessions of a user that are known here, the latest login first; of peers that cannot be
   * reached there may be more. Throws what `revoke` rejects with.
   */
  ofUser(user: string | number): UserSession[] {
    const logins = knownUsers(this.#users).loginsOf(user);
    return logins.map((login) => userSessionOf(login, this.#port.destroy));
  }

  async #readEverywhere(
    session: SessionId,
  ): Promise<{ result: ReadResult; miss: "absent" | "unknown" }> {
    const local = this.#runtime.run((replica) => replica.read(session));
    const isMiss = local.status === "absent" || local.status === "expired";
    if (!isMiss) return { result: local, miss: "absent" };
    const miss = await this.#pull(session, {});
    const result = this.#runtime.run((replica) => replica.read(session));
    return { result, miss };
  }

  async #readSeen(
    session: SessionId,
    seen: VersionVector,
  ): Promise<{ result: ReadResult; miss: "absent" | "unknown"; staleness?: Staleness }> {
    const startedAtMs = performance.now();
    const { result, miss } = await this.#readEverywhere(session);
    // All who can be asked were asked.
    const isLacking = result.status === "absent" && seen.length > 0;
    if (isLacking) return { result, miss, staleness: { missing: seen, lost: [] } };
    const isBehind = result.status === "found" && beyond(seen, result.revisions).length > 0;
    if (!isBehind) return { result, miss };
    const leftMs = this.#port.limits.tokenDeadlineMs - (performance.now() - startedAtMs);
    const wanted = { revisions: seen, deadlineMs: Math.max(1, leftMs) };
    const { missing, lost } = await this.#runtime.ask<FreshnessOutcome>(
      "freshness",
      (replica, ticket) => replica.awaitRevisions(ticket, session, wanted),
    );
    const fresh = this.#runtime.run((replica) => replica.read(session));
    return missing.length === 0
      ? { result: fresh, miss }
      : { result: fresh, miss, staleness: { missing, lost } };
  }

  async #pull(session: SessionId, options: { thorough?: boolean }): Promise<"absent" | "unknown"> {
    const { status } = await this.#runtime.ask<PullOutcome>("pull", (replica, ticket) => {
      replica.pull(ticket, session, options);
    });
    return status === "unknown" ? "unknown" : "absent";
  }

  async #destroy(session: SessionId, options: DestroyOptions): Promise<AckResult> {
    const { regenerated = false, deadlineMs } = options;
    const seq = this.#runtime.run((replica) => {
      const result = replica.destroy(session, { regenerated });
      // It was destroyed before; whoever asks again wants to know that all know.
      return result.status === "committed" ? result.seq : replica.status().seq;
    });
    return this.#awaitAll(seq, deadlineMs);
  }

  /** Waits for all unsuspected peers. Where there is none, though members that stay exist, nobody knows. */
  async #awaitAll(seq: number, deadlineMs: Millis | undefined): Promise<AckResult> {
    const { acks, degraded } = await this.#awaitAcks({ seq, acks: "all", deadlineMs });
    if (acks > 0 || degraded) return { acks, degraded };
    return {
      acks,
      degraded: this.#runtime.run((replica) => replica.status()).members.some(isStaying),
    };
  }

  async #awaitAcks(wanted: WantedAcks): Promise<AckResult> {
    const { acks, degraded } = await this.#runtime.ask<AckOutcome>("acks", (replica, ticket) => {
      replica.awaitAcks(ticket, wanted);
    });
    return { acks, degraded };
  }

  #toOpenResult(id: string, result: ReadResult, miss: "absent" | "unknown"): OpenResult {
    if (result.status === "absent") return { status: miss };
    if (result.status !== "found") return result;
    if (this.#users?.isCutOff(() => this.#port.hash(id), result) === true) {
      this.#runtime.run((replica) => replica.destroy(this.#port.hash(id)));
      return { status: "destroyed", regeneratedAtMs: 0 };
    }
    return { status: "found", session: new SessionHandle(this.#port, id, { found: result }) };
  }
}

function isRawId(id: unknown): id is string {
  return typeof id === "string" && id.length > 0 && id.length <= RAW_ID_LENGTH_MAX;
}
