/**
 * `session-mesh/express-session`: a store for express-session, for apps that change one line.
 *
 *   app.use(session({ store: new MeshStore(mesh), secret, resave: false, saveUninitialized: false }));
 *
 * What a request read is remembered with the session object that express-session made of it, so that
 * saving writes what the request changed and no more: overlapping requests keep one another's writes
 * (M1–M8), and one that was under way when its user logged out saves nothing (M9).
 *
 * express-session sends a response's headers, and all of its body but the last byte, before its store
 * has answered. So P1 covers the end of the body: a client that has all of it holds what was
 * acknowledged. A client that follows a redirect at its headers may be ahead of the write on other
 * nodes: see `freshReads`, or call `req.session.save()` before the redirect, or use
 * `session-mesh/express`, which holds the headers too.
 *
 * Not here: cookies and ids, which are express-session's own. The mesh sees ids hashed only (P12).
 */
import type { SessionId } from "@session-mesh/core";
import session, { type Session, type SessionData } from "express-session";
import type { Mesh } from "../mesh.js";
import { requireMesh } from "../required.js";
import type { SessionHandle } from "../session-handle.js";
import type { OpenResult, Sessions } from "../sessions.js";
import { type Answer, answer } from "./answer.js";
import { SeenIds } from "./seen-ids.js";
import { type Saved, SessionWriter, type Source, sourceOf } from "./session-writer.js";
import {
  badIdError,
  type MeshStoreOptions,
  rawIdOf,
  type StoreSettings,
  storeSettings,
} from "./store-options.js";
import { isOfStore, toSessionData } from "./stored-session.js";

export { MeshStoreError, type MeshStoreErrorCode, type MeshStoreOptions } from "./store-options.js";

/** How many sessions are looked at before other work has its turn. */
const NAMES_A_TURN = 500;

/** See the file's comment. Every method answers its callback or, without one, with a promise. */
export class MeshStore<T extends SessionData = SessionData> extends session.Store {
  readonly #sessions: Sessions;
  readonly #settings: StoreSettings;
  readonly #writer: SessionWriter;
  /** What `get` handed out, until express-session makes a session of it. */
  readonly #handedOut = new WeakMap<object, { sid: string; handle: SessionHandle }>();
  readonly #sources = new WeakMap<object, Source>();
  readonly #seen = new SeenIds();

  /** Throws a MeshError when an option is wrong. The mesh stays the caller's to close. */
  constructor(mesh: Mesh, options: MeshStoreOptions = {}) {
    super();
    requireMesh(mesh, "MeshStore");
    this.#sessions = mesh.sessions;
    this.#settings = storeSettings(options);
    this.#writer = new SessionWriter(mesh.sessions, this.#settings);
  }

  /**
   * Reads a session: null when there is none. What this node holds is answered at once; else the
   * peers are asked. When a session is held nowhere that could be asked, but may be elsewhere, it is
   * answered as an empty one, so that its user keeps the id (P9), and what he then writes merges.
   */
  override get(sid: string): Promise<T | null>;
  override get(sid: string, callback: (error: unknown, session?: T | null) => void): void;
  override get(sid: string, callback?: Answer<T | null>): Promise<T | null> | undefined {
    return answer(() => this.#get(sid), callback);
  }

  /**
   * Stores a session, and answers when it is acknowledged. Of a session that express-session made of
   * what was read: what has changed since, or since the last `set`; nothing, without an error, if it
   * was destroyed meanwhile. Any other object replaces all that is stored.
   */
  override set(sid: string, session: SessionData): Promise<void>;
  override set(sid: string, session: SessionData, callback?: (error?: unknown) => void): void;
  override set(
    sid: string,
    session: SessionData,
    callback?: Answer<void>,
  ): Promise<void> | undefined {
    return answer(() => this.#set(sid, session), callback);
  }

  /** Puts a session's expiry off, a write only now and then; keeps a changed cookie, no attributes. */
  override touch(sid: string, session: SessionData): Promise<void>;
  override touch(sid: string, session: SessionData, callback?: (error?: unknown) => void): void;
  override touch(
    sid: string,
    session: SessionData,
    callback?: Answer<void>,
  ): Promise<void> | undefined {
    return answer(() => this.#touch(sid, session), callback);
  }

  /** Ends sessions on every node, for good (P3), and answers when all unsuspected peers know. */
  override destroy(sid: string | readonly string[]): Promise<void>;
  override destroy(sid: string | readonly string[], callback?: (error?: unknown) => void): void;
  override destroy(
    sid: string | readonly string[],
    callback?: Answer<void>,
  ): Promise<void> | undefined {
    return answer(() => this.#destroy([sid].flat()), callback);
  }

  /** All live sessions of this store that this node holds, without ids: the mesh has none. */
  override all(): Promise<T[]>;
  override all(callback: (error: unknown, sessions?: T[]) => void): void;
  override all(callback?: Answer<T[]>): Promise<T[]> | undefined {
    return answer(async () => {
      const all: T[] = [];
      await this.#forEach((name) => {
        const found = this.#sessions.peek(name);
        if (found) all.push(toSessionData(found.value, found.expiresAtMs) as unknown as T);
      });
      return all;
    }, callback);
  }

  /**
   * The ids of live sessions that this process has read or written; of the latest 100,000. There is
   * no list of all, since raw ids leave no node (P12).
   */
  ids(): Promise<string[]>;
  ids(callback: (error: unknown, ids?: string[]) => void): void;
  ids(callback?: Answer<string[]>): Promise<string[]> | undefined {
    const isAlive = (sid: string): boolean => {
      const rawId = rawIdOf(sid, this.#settings);
      return rawId !== undefined && this.#sessions.open(rawId).status === "found";
    };
    return answer(() => this.#seen.all().filter(isAlive), callback);
  }

  /** How many live sessions of this store this node holds. */
  override length(): Promise<number>;
  override length(callback: (error: unknown, length?: number) => void): void;
  override length(callback?: Answer<number>): Promise<number> | undefined {
    return answer(async () => {
      let count = 0;
      await this.#forEach(() => void (count += 1));
      return count;
    }, callback);
  }

  /** Ends every session of this store that this node holds, on every node. */
  override clear(): Promise<void>;
  override clear(callback?: (error?: unknown) => void): void;
  override clear(callback?: Answer<void>): Promise<void> | undefined {
    return answer(async () => {
      const endings: Promise<unknown>[] = [];
      await this.#forEach((name) => void endings.push(this.#sessions.destroyNamed(name)));
      await Promise.all(endings);
    }, callback);
  }

  /** For express-session: makes a session of what was read, and remembers what that was. */
  override createSession(
    req: Parameters<session.Store["createSession"]>[0],
    data: SessionData,
  ): Session & SessionData {
    const created = super.createSession(req, data);
    const read = this.#handedOut.get(data);
    if (read !== undefined && read.sid === created.id) {
      const { sid, handle } = read;
      this.#sources.set(created, sourceOf(sid, handle, created));
    }
    return created;
  }

  #get(sid: string): T | null | Promise<T | null> {
    const rawId = rawIdOf(sid, this.#settings);
    if (rawId === undefined) return null;
    if (this.#settings.freshReads && this.#sessions.hasPeers) {
      return this.#sessions.refresh(rawId).then((opened) => this.#handOut(sid, rawId, opened));
    }
    const here = this.#sessions.open(rawId);
    const isMissHere = here.status === "unknown" || here.status === "expired";
    if (isMissHere && (here.status === "unknown" || this.#sessions.hasPeers)) {
      return this.#sessions.load(rawId).then((opened) => this.#handOut(sid, rawId, opened));
    }
    return this.#handOut(sid, rawId, here);
  }

  #handOut(sid: string, rawId: string, opened: OpenResult): T | null {
    if (opened.status !== "found" && opened.status !== "unknown") return null;
    const handle = opened.status === "found" ? opened.session : this.#sessions.createUnder(rawId);
    const data = toSessionData(handle.value, handle.expiresAtMs);
    this.#handedOut.set(data, { sid, handle });
    this.#seen.add(sid);
    return data as unknown as T;
  }

  #set(sid: string, data: SessionData): void | Promise<void> {
    const rawId = rawIdOf(sid, this.#settings);
    if (rawId === undefined) throw badIdError(this.#settings);
    this.#seen.add(sid);
    const source = this.#sources.get(data);
    if (source?.sid === sid) return this.#note(data, this.#writer.save(source, data));
    if (isGenerated(data, sid)) return this.#note(data, this.#writer.create(sid, data));
    const here = this.#sessions.open(rawId);
    const saved = this.#writer.replace(sid, here, data);
    if (here.status !== "unknown") return settled(saved);
    // Stored at once, to be read at once; what peers turn out to hold is replaced when it is here.
    const replaced = this.#sessions
      .refresh(rawId)
      .then((opened) => settled(this.#writer.replace(sid, opened, data)));
    return Promise.all([saved.acknowledged, replaced]).then(() => undefined);
  }

  #touch(sid: string, data: SessionData): void | Promise<void> {
    const rawId = rawIdOf(sid, this.#settings);
    const opened = rawId === undefined ? undefined : this.#sessions.open(rawId);
    if (opened?.status !== "found") return undefined;
    const source = this.#sources.get(data);
    const isOwn = source?.sid === sid;
    return this.#note(data, this.#writer.touch(opened.session, isOwn ? source : undefined, data));
  }

  #note(data: object, saved: Saved): void | Promise<void> {
    if (saved.source !== undefined) this.#sources.set(data, saved.source);
    return settled(saved);
  }

  async #destroy(sids: readonly string[]): Promise<void> {
    const endings = sids.map((sid) => {
      this.#seen.delete(sid);
      const rawId = rawIdOf(sid, this.#settings);
      return rawId === undefined ? undefined : this.#sessions.destroy(rawId);
    });
    await Promise.all(endings);
  }

  /** Calls `visit` with the name of every live session of this store that this node holds. */
  async #forEach(visit: (name: SessionId) => void): Promise<void> {
    const names = this.#sessions.names();
    for (let from = 0; from < names.length; from += NAMES_A_TURN) {
      if (from > 0) await new Promise((turn) => setImmediate(turn));
      for (const name of names.slice(from, from + NAMES_A_TURN)) {
        const found = this.#sessions.peek(name);
        if (found && isOfStore(found.value, this.#settings.prefix)) visit(name);
      }
    }
  }
}

/** Whether express-session made this object for `sid`; there may be two copies of express-session. */
function isGenerated(data: object, sid: string): boolean {
  const { id, req, save } = data as Partial<Session> & { req?: unknown };
  return typeof save === "function" && typeof req === "object" && id === sid;
}

function settled({ acknowledged }: Saved): void | Promise<void> {
  return acknowledged?.then(() => undefined);
}
