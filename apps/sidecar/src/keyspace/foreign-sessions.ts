/**
 * Sessions of servers that ask for more than a Redis client can: what became of an id, writes that
 * never bring back what was destroyed, and tokens that let a user read his writes on any node without
 * every response waiting for every node (P5).
 *
 * A session is a key that holds a hash, so it can be looked at with HGETALL.
 *
 * Not here: the commands (resp/commands/mesh-commands.ts).
 */
import type { AckResult, Mesh, Millis, SessionId } from "session-mesh";
import { type TokenCookie, TokenSlots, VersionTokens } from "session-mesh/records";
import type { Held, KnownKey, Sighting } from "./instances.js";
import { type Expiry, RefusedWrite } from "./key.js";
import type { KeyId } from "./key-names.js";
import { isLive } from "./key-ends.js";
import { MeshKey } from "./mesh-key.js";
import type { MeshKeys } from "./mesh-keys.js";

/** With what the names of token cookies begin. */
const TOKEN_PREFIX = "mesh-token";

/** What is under an id; as `OpenResult` of session-mesh says it. */
export type LoadStatus = "found" | "absent" | "unknown" | "destroyed" | "expired";

/** What was loaded. */
export interface Loaded {
  readonly status: LoadStatus;
  /** How long it lives unless it is used; 0 for as long as may be. */
  readonly ttlMs: Millis;
  /** How long it would have lived without this use. */
  readonly leftMs: Millis;
  /** Undefined where the caller has this version. */
  readonly fields: readonly [name: string, value: Uint8Array][] | undefined;
  /** The user has seen more of it than could be had in time. */
  readonly isStale: boolean;
  /** A response that shows it needs a token: some member may lack a part of it. */
  readonly isUnshared: boolean;
  readonly version: string;
}

/** How to load. */
export interface Load {
  /** Those that the request brought, by name. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Which version the caller has; "" for none. */
  readonly version: string;
  /** Whether it is to live longer for being read. */
  readonly isTouch: boolean;
}

/** What is to be saved. */
export interface Save {
  /** 0 for as long as may be. */
  readonly ttlMs: Millis;
  /**
   * `create`: the server has just made the id. `update`: what was destroyed stays so, and of what
   * nobody holds no part is written. `restore`: this is all of it; what was destroyed stays so.
   */
  readonly mode: "create" | "update" | "restore";
  /** Which version the caller has; "" for none. */
  readonly version: string;
  /** No token can be given: all peers are waited for instead. */
  readonly isTokenless: boolean;
  /** Undefined deletes. */
  readonly fields: ReadonlyMap<string, Uint8Array | undefined>;
  readonly tokens: ReadonlyMap<string, string>;
}

/** What became of it. */
export interface Saved extends AckResult {
  readonly status: "committed" | "unchanged" | "gone" | "absent";
  /** What the user takes along. */
  readonly cookies: readonly TokenCookie[];
  /** What there is now, if the caller has seen all that was there before; else "". */
  readonly version: string;
}

/** What the sessions need of their keyspace. */
export interface ForeignSessionsPort {
  readonly mesh: Mesh;
  readonly keys: MeshKeys;
  readonly acks: number | "all";
}

const NO_ACKS: AckResult = { acks: 0, degraded: false };
const NOT_WRITTEN = { ...NO_ACKS, cookies: [], version: "" };
const NO_VERSION = "";

/** See the file's comment. */
export class ForeignSessions {
  readonly #port: ForeignSessionsPort;
  readonly #slots = new TokenSlots(TOKEN_PREFIX);
  readonly #secrets: readonly string[];

  constructor(port: ForeignSessionsPort) {
    this.#port = port;
    const secret = port.keys.records.deriveKey("sidecar tokens 1", 32);
    this.#secrets = [Buffer.from(secret).toString("base64url")];
  }

  /** Reads, and waits for what the user has seen elsewhere. */
  async load(id: KeyId, { tokens, version, isTouch }: Load): Promise<Loaded> {
    const known = this.#port.keys.instances.known(id);
    let sighting = this.#sight(known);
    let isCertain = true;
    if (!this.#isAlive(sighting)) {
      isCertain = await this.#port.keys.ask(known);
      sighting = this.#sight(known);
    }
    let isStale = false;
    if (tokens.size > 0) {
      isStale = await this.#catchUp(sighting, tokens);
      sighting = this.#sight(known);
    }
    const status = this.#statusOf(known, sighting, isCertain);
    const { held } = sighting;
    if (status === "absent" || status === "unknown") this.#refuseWhereUnready();
    if (status !== "found" || !held) {
      const nothing = { ttlMs: 0, leftMs: 0, fields: [], isUnshared: false, version: NO_VERSION };
      return { status, ...nothing, isStale: isStale || status === "unknown" };
    }
    const key = this.#keyOf(known, sighting);
    const isEndless = key.expiresAtMs === undefined;
    const ttlMs = isEndless ? 0 : held.idleMs;
    const leftMs = key.remainingMs ?? 0;
    const before = versionOf(held);
    const fields = before === version ? undefined : key.fields();
    const { records } = this.#port.keys;
    const unshared = records.unshared(sighting.instance.session, held.revisions);
    const isUnshared = unshared.revisions.length > 0;
    if (isTouch && !isEndless) key.expire(this.#expiryOf(ttlMs));
    const now = key.writtenSeq === 0 ? before : versionOf(this.#sight(known).held);
    return { status, ttlMs, leftMs, fields, isStale, isUnshared, version: now };
  }

  /** Writes, and waits for the acknowledgements. */
  async save(id: KeyId, save: Save): Promise<Saved> {
    const known = this.#port.keys.instances.known(id);
    let sighting = this.#sight(known);
    if (save.mode !== "create" && !sighting.held) {
      const isCertain = await this.#port.keys.ask(known);
      sighting = this.#sight(known);
      const status = this.#statusOf(known, sighting, isCertain);
      if (this.#isDestroyed(known)) return { status: "gone", ...NOT_WRITTEN };
      const isHeld = status === "found" || status === "expired";
      if (!isHeld && save.mode === "update") return { status: "absent", ...NOT_WRITTEN };
    }
    const key = this.#keyOf(known, sighting);
    const isWrite = key.change(save.fields, this.#expiryOf(save.ttlMs)) || !sighting.held;
    const { session } = sighting.instance;
    const before = versionOf(sighting.held);
    const after = key.writtenSeq === 0 ? before : versionOf(this.#sight(known).held);
    const version = before === save.version ? after : NO_VERSION;
    const acked = isWrite ? await this.#awaitAcks(key.writtenSeq) : NO_ACKS;
    const cookies = save.isTokenless
      ? await this.#shareWithAll(session)
      : await this.#tokensFor(session, save.tokens);
    return { status: isWrite ? "committed" : "unchanged", ...acked, cookies, version };
  }

  /** Ends a session for good, held here or not; waits for all unsuspected peers. */
  async destroy(id: KeyId, options: { regenerated: boolean }): Promise<AckResult> {
    const known = this.#port.keys.instances.known(id);
    if (!this.#isAlive(this.#sight(known))) await this.#port.keys.ask(known);
    const seq = this.#port.keys.destroySession(known, options);
    return this.#port.keys.records.awaitAcks({ seq, acks: "all" });
  }

  #sight(known: KnownKey): Sighting {
    const nowMs = this.#port.keys.nowMs();
    const { instances } = this.#port.keys;
    const live = instances.find(known, nowMs, (held) => isLive(held, nowMs));
    if (live.held && isLive(live.held, nowMs)) return live;
    // A request that began in time may end after it: it goes on with what it has read.
    return instances.find(known, nowMs, () => true);
  }

  /** What a user holds goes on, idle or not. */
  #keyOf(known: KnownKey, sighting: Sighting): MeshKey {
    const { keys } = this.#port;
    return new MeshKey(keys, known, { sighting, nowMs: keys.nowMs(), isRevived: true });
  }

  #isAlive({ held }: Sighting): boolean {
    return held !== undefined && isLive(held, this.#port.keys.nowMs());
  }

  #statusOf(known: KnownKey, { held }: Sighting, isCertain: boolean): LoadStatus {
    const nowMs = this.#port.keys.nowMs();
    if (held) return isLive(held, nowMs) ? "found" : "expired";
    if (this.#isDestroyed(known)) return this.#isJustRegenerated(known) ? "unknown" : "destroyed";
    return isCertain ? "absent" : "unknown";
  }

  /** Who has just been started may soon hold what he is asked for: denying it would cost a session. */
  #refuseWhereUnready(): void {
    const { ready, reasons } = this.#port.mesh.readiness();
    if (!ready) throw new RefusedWrite(`NOTREADY ${reasons.join("; ")}`);
  }

  #isDestroyed(known: KnownKey): boolean {
    const { instances } = this.#port.keys;
    const windows = instances.windowsAt(this.#port.keys.nowMs());
    return windows.some((window) => instances.look(known, window).instance.n > 0);
  }

  /** Whether a request may still bring this id because it began before it was changed (M13). */
  #isJustRegenerated(known: KnownKey): boolean {
    const nowMs = this.#port.keys.nowMs();
    const atMs = this.#port.keys.instances.regeneratedAtMs(known, nowMs);
    return atMs > 0 && nowMs - atMs < this.#port.mesh.limits.regenerateGraceMs;
  }

  #expiryOf(ttlMs: Millis): Expiry {
    if (ttlMs === 0) return "never";
    return { atMs: this.#port.keys.nowMs() + ttlMs, ttlMs, isRelative: true };
  }

  /** Waits for what the user has seen elsewhere; whether some of it could not be had. */
  async #catchUp(sighting: Sighting, came: ReadonlyMap<string, string>): Promise<boolean> {
    const { instance, held } = sighting;
    const tokens = this.#tokens(came);
    const seen = tokens.seenBeyond(instance.session, held?.revisions ?? []);
    if (seen.length === 0) return false;
    if (!held) return true;
    const { tokenDeadlineMs } = this.#port.mesh.limits;
    const { records } = this.#port.keys;
    const { missing } = await records.awaitRevisions(instance.session, seen, tokenDeadlineMs);
    return missing.length > 0;
  }

  async #tokensFor(
    session: SessionId,
    came: ReadonlyMap<string, string>,
  ): Promise<readonly TokenCookie[]> {
    const { records } = this.#port.keys;
    const look = records.look(session);
    if (look.status !== "held") return [];
    const { revisions } = look;
    const unshared = records.unshared(session, revisions);
    if (unshared.revisions.length === 0) return [];
    const issued = this.#tokens(came).issue(session, { unshared, revisions, lost: [] });
    if (!issued.hasOwn) await records.awaitAcks({ seq: unshared.seq, acks: "all" });
    return issued.cookies;
  }

  /** Where no token can go along, the others are told before the response ends. */
  async #shareWithAll(session: SessionId): Promise<readonly TokenCookie[]> {
    const { records } = this.#port.keys;
    const look = records.look(session);
    if (look.status !== "held") return [];
    const unshared = records.unshared(session, look.revisions);
    if (unshared.revisions.length > 0) await records.awaitAcks({ seq: unshared.seq, acks: "all" });
    return [];
  }

  #tokens(came: ReadonlyMap<string, string>): VersionTokens {
    return new VersionTokens(came, { secrets: this.#secrets, slots: this.#slots });
  }

  #awaitAcks(seq: number): Promise<AckResult> {
    return this.#port.keys.records.awaitAcks({ seq, acks: this.#port.acks });
  }
}

/** What a copy contains, as text; "" for nothing. */
function versionOf(held: Held | undefined): string {
  return held ? held.revisions.join(".") : NO_VERSION;
}
