/**
 * The keys of foreign clients over the sessions of a mesh.
 *
 * A command names its keys and says what to do with them; it runs at once where they are known on this
 * node, else after the peers were asked (P9), and its reply waits until they have what it wrote.
 *
 * Not here: commands and their arguments (resp/commands), what a key is (instances.ts, mesh-key.ts).
 */
import type { Mesh, Millis } from "session-mesh";
import { RecentMap, type SessionRecords } from "session-mesh/records";
import type { ConnectionContext, Deferred, Outcome } from "../resp/command.js";
import { matchesGlob } from "../resp/glob.js";
import { error, OK, type Reply } from "../resp/reply.js";
import { Acknowledgements } from "./acknowledgements.js";
import { ForeignSessions } from "./foreign-sessions.js";
import { Instances, type KnownKey, type Sighting } from "./instances.js";
import { type Key, RefusedWrite } from "./key.js";
import { KeyScan } from "./key-scan.js";
import { type KeyId, keyIdOf, nameOf, SealedNames } from "./key-names.js";
import { LocalKeys } from "./local-keys.js";
import { isLive, MeshKey } from "./mesh-key.js";

const DAY_MS: Millis = 86_400_000;

/** How long a miss that all peers confirmed is believed. */
const ABSENT_MS: Millis = 1_000;

/** How many keys are known to be local or not: 100 bytes each. */
const PLACES_MAX = 65_536;

/** How keys behave; see each for its default. */
export interface KeyspaceOptions {
  /** Patterns of keys that never leave this node. Default: `*_LOCK`, `*.lock.*`, `lock:*`. */
  readonly localKeys?: readonly string[];
  /** How many local keys there may be. Default: 100,000. */
  readonly localKeysMax?: number;
  /** How many peers a reply to a write waits for. Default: all that are not suspected. */
  readonly acks?: number | "all";
  /** The same for writes of `MESH.SAVE`, whose users carry a token. Default: 1. */
  readonly sessionAcks?: number | "all";
  /** What a client is told where too few confirmed in time. Default: `ok`, and it is counted. */
  readonly onDegraded?: "ok" | "fail";
  /** How long a key can live at least, at most twice as long. Default: 30 days. */
  readonly lifetimeMs?: Millis;
}

/** What a keyspace has counted since its start, for metrics. */
export interface KeyspaceCounts {
  /** Writes whose reply left with fewer acknowledgements than wanted. */
  degradedCount: number;
  /** Misses that peers were asked for, and those of them that could not be settled. */
  missAskedCount: number;
  missUnknownCount: number;
}

/** See the file's comment. */
export class Keyspace {
  readonly mesh: Mesh;
  readonly counts: KeyspaceCounts = { degradedCount: 0, missAskedCount: 0, missUnknownCount: 0 };
  /** The scripts that clients have loaded, by SHA-1; few are known at all. */
  readonly scripts: Set<string> = new Set<string>();
  readonly #records: SessionRecords;
  readonly #instances: Instances;
  readonly #names: SealedNames;
  readonly #local: LocalKeys;
  readonly #localPatterns: readonly Buffer[];
  readonly #isLocal = new RecentMap<KeyId, boolean>(PLACES_MAX);
  readonly #acknowledgements: Acknowledgements;
  /** Sessions of servers that ask for more than a Redis client can. */
  readonly sessions: ForeignSessions;
  /** The keys held here, to go through. */
  readonly scan: KeyScan;
  readonly #onDegraded: "ok" | "fail";
  /** The number of the last change that was made here. */
  #seq = 0;

  constructor(mesh: Mesh, options: KeyspaceOptions = {}) {
    const { localKeys = ["*_LOCK", "*.lock.*", "lock:*"], lifetimeMs = 30 * DAY_MS } = options;
    this.mesh = mesh;
    this.#records = mesh.records;
    const marginMs = mesh.limits.clockMarginMs;
    this.#instances = new Instances(mesh.records, { lifetimeMs, marginMs });
    this.#names = new SealedNames(mesh.records);
    this.#local = new LocalKeys(options.localKeysMax ?? 100_000);
    this.#localPatterns = localKeys.map((pattern) => Buffer.from(pattern));
    this.#acknowledgements = new Acknowledgements(mesh.records, options.acks ?? "all");
    this.#onDegraded = options.onDegraded ?? "ok";
    this.scan = new KeyScan({
      records: mesh.records,
      instances: this.#instances,
      names: this.#names,
      local: this.#local,
      hotSessionsMax: mesh.limits.hotSessionsMax,
      nowMs: () => this.nowMs(),
      key: (id) => this.#key(id, this.nowMs()),
    });
    this.sessions = new ForeignSessions({
      mesh,
      records: mesh.records,
      instances: this.#instances,
      acks: options.sessionAcks ?? 1,
      nowMs: () => this.nowMs(),
      ask: (known) => this.#askFor(known),
      key: (known, sighting) => this.#meshKey(known, sighting, this.nowMs(), { isRevived: true }),
      destroy: (known, destroying) => this.#destroySession(known, destroying),
    });
  }

  /** The cluster's idea of the time, in whole milliseconds: all ends are said in it. */
  nowMs(): Millis {
    return Math.floor(this.#records.nowMs());
  }

  /** Runs a command on one key. */
  one(context: ConnectionContext, name: Buffer, run: (key: Key) => Reply): Outcome {
    const id = keyIdOf(context.db, name);
    const key = this.#find(id, this.nowMs());
    if (key) return this.#run(() => run(key));
    return this.#ask([id]).then(() => this.#run(() => run(this.#key(id, this.nowMs()))));
  }

  /** Runs a command on several keys, all of them at once. */
  many(
    context: ConnectionContext,
    names: readonly Buffer[],
    run: (keys: readonly Key[]) => Reply,
  ): Outcome {
    return this.manyIn(
      names.map((name) => keyIdOf(context.db, name)),
      run,
    );
  }

  /** {@link Keyspace.many} for keys of several databases; one named twice is one key. */
  manyIn(ids: readonly KeyId[], run: (keys: readonly Key[]) => Reply): Outcome {
    const nowMs = this.nowMs();
    const unknown = ids.filter((id) => !this.#find(id, nowMs));
    const runAll = (): Reply | Deferred =>
      this.#run(() => {
        const atMs = this.nowMs();
        const keys = new Map(ids.map((id) => [id, this.#key(id, atMs)]));
        return run(ids.map((id) => keys.get(id) as Key));
      });
    return unknown.length === 0 ? runAll() : this.#ask(unknown).then(runAll);
  }

  /** Removes every key of a database, or of all, that is held here. */
  async flush(db: number | undefined): Promise<Reply | Deferred> {
    const before = this.#seq;
    await this.scan.walk(db, (ids) => {
      const nowMs = this.nowMs();
      for (const id of ids) this.#key(id, nowMs).remove();
    });
    return this.#seq === before ? OK : this.#acknowledged(OK);
  }

  /** Whether a key never leaves this node. */
  isLocal(id: KeyId): boolean {
    let isLocal = this.#isLocal.get(id);
    if (isLocal === undefined) {
      const name = nameOf(id);
      isLocal = this.#localPatterns.some((pattern) => matchesGlob(pattern, name));
      this.#isLocal.set(id, isLocal);
    }
    return isLocal;
  }

  /** A key as it is known here; undefined where the peers have to be asked first. */
  #find(id: KeyId, nowMs: Millis): Key | undefined {
    if (this.isLocal(id)) return this.#local.key(id, nowMs);
    const known = this.#instances.known(id);
    const sighting = this.#sight(known, nowMs);
    const isMiss = !sighting.held || !isLive(sighting.held, nowMs);
    if (isMiss && performance.now() >= known.absentUntilMs && !this.#records.isAlone) {
      return undefined;
    }
    return this.#meshKey(known, sighting, nowMs);
  }

  /** A key as it is known here, whatever peers may say. */
  #key(id: KeyId, nowMs: Millis): Key {
    if (this.isLocal(id)) return this.#local.key(id, nowMs);
    const known = this.#instances.known(id);
    return this.#meshKey(known, this.#sight(known, nowMs), nowMs);
  }

  #sight(known: KnownKey, nowMs: Millis): Sighting {
    return this.#instances.find(known, nowMs, (held) => isLive(held, nowMs));
  }

  #meshKey(
    known: KnownKey,
    sighting: Sighting,
    nowMs: Millis,
    options: { isRevived?: boolean } = {},
  ): MeshKey {
    const port = {
      ...options,
      records: this.#records,
      sessionBytesMax: this.mesh.limits.sessionBytesMax,
      sealedName: () => this.#names.seal(known.id),
      current: () => this.#instances.find(known, nowMs, () => false),
      wrote: (seq: number) => void (this.#seq = seq),
      removeAll: () => this.#removeAll(known, nowMs),
    };
    return new MeshKey(port, sighting, nowMs);
  }

  /** Destroys every instance of a key that is held here. */
  #removeAll(known: KnownKey, nowMs: Millis): void {
    for (const window of this.#instances.windowsAt(nowMs)) {
      const { instance, held } = this.#instances.look(known, window);
      if (!held) continue;
      const { endsAtMs: absoluteExpiresAtMs, session } = instance;
      const result = this.#records.destroy(session, { absoluteExpiresAtMs });
      if (result.status === "committed") this.#seq = result.seq;
    }
    known.absentUntilMs = performance.now() + ABSENT_MS;
  }

  /** {@link Keyspace.#removeAll}, and the instance of now in any case: a logout is final (P3). */
  #destroySession(known: KnownKey, options: { regenerated: boolean }): number {
    const nowMs = this.nowMs();
    const current = Math.floor(nowMs / this.#instances.lifetimeMs);
    for (const window of this.#instances.windowsAt(nowMs)) {
      const { instance, held } = this.#instances.look(known, window);
      if (!held && window !== current) continue;
      const { endsAtMs: absoluteExpiresAtMs, session } = instance;
      const result = this.#records.destroy(session, { absoluteExpiresAtMs, ...options });
      if (result.status === "committed") this.#seq = result.seq;
    }
    return this.#seq;
  }

  /** Asks the peers for the instances of keys that are not known here. */
  async #ask(ids: readonly KeyId[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#askFor(this.#instances.known(id))));
  }

  /** Whether all who could hold it were asked. */
  async #askFor(known: KnownKey): Promise<boolean> {
    if (this.#records.isAlone) return true;
    this.counts.missAskedCount += 1;
    const outcomes = new Set<string>();
    const nowMs = this.nowMs();
    // What peers know to be destroyed leads to the next instance, which they are asked for as well.
    for (let isNews = true; isNews;) {
      const asked = this.#instances
        .windowsAt(nowMs)
        .map((window) => this.#instances.look(known, window).instance);
      const found = await Promise.all(asked.map(({ session }) => this.#records.pull(session)));
      outcomes.clear();
      for (const outcome of found) outcomes.add(outcome);
      isNews = asked.some(({ window, n }) => this.#instances.look(known, window).instance.n !== n);
    }
    const isCertain = !outcomes.has("unknown");
    if (isCertain) known.absentUntilMs = performance.now() + ABSENT_MS;
    else this.counts.missUnknownCount += 1;
    return isCertain;
  }

  #run(body: () => Reply): Reply | Deferred {
    const before = this.#seq;
    let reply: Reply;
    try {
      reply = body();
    } catch (thrown) {
      if (!(thrown instanceof RefusedWrite)) throw thrown;
      reply = error(thrown.reply);
    }
    return this.#seq === before ? reply : this.#acknowledged(reply);
  }

  #acknowledged(reply: Reply): Reply | Deferred {
    const settled = this.#acknowledgements.of(this.#seq);
    if (!(settled instanceof Promise)) return this.#verdict(reply, settled.degraded);
    const waiting = settled.then(({ degraded }) => this.#verdict(reply, degraded));
    return { kind: "deferred", reply: waiting };
  }

  #verdict(reply: Reply, isDegraded: boolean): Reply {
    if (!isDegraded) return reply;
    this.counts.degradedCount += 1;
    if (this.#onDegraded === "ok") return reply;
    return error(
      "NOREPLICAS Not enough peers confirmed the write in time; it may stand all the same.",
    );
  }
}
