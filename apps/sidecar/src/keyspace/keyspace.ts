/**
 * The keys of foreign clients over the sessions of a mesh.
 *
 * A command names its keys and says what to do with them; it runs at once where they are known on this
 * node, else after the peers were asked (P9), and its reply waits until they have what it wrote.
 *
 * Not here: commands and their arguments (resp/commands), what a key is (instances.ts, mesh-key.ts).
 */
import type { Mesh, Millis } from "session-mesh";
import type { ConnectionContext, Deferred, Outcome } from "../resp/command.js";
import { error, OK, type Reply } from "../resp/reply.js";
import { Acknowledgements } from "./acknowledgements.js";
import type { BlobRule } from "./blobs/blob-rules.js";
import { ForeignSessions } from "./foreign-sessions.js";
import { type Key, RefusedWrite } from "./key.js";
import { KeyScan } from "./key-scan.js";
import { type KeyId, keyIdOf } from "./key-names.js";
import { LocalKeys } from "./local-keys.js";
import { MeshKeys } from "./mesh-keys.js";

const DAY_MS: Millis = 86_400_000;
const LOCAL_KEYS = ["*_LOCK", "*.lock.*", "lock:*"];
const LOCAL_KEYS_MAX = 100_000;

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
  /** Blobs that are taken apart, so that overlapping writes of different fields both stay. Default: none. */
  readonly merge?: readonly BlobRule[];
  /** How long a key can live at least, at most twice as long. Default: 30 days. */
  readonly lifetimeMs?: Millis;
}

/** What a keyspace has counted since its start, for metrics. */
export interface KeyspaceCounts {
  /** Writes whose reply left with fewer acknowledgements than wanted. */
  readonly degradedCount: number;
  /** Misses that peers were asked for, and those of them that could not be settled. */
  readonly missAskedCount: number;
  readonly missUnknownCount: number;
}

/** See the file's comment. */
export class Keyspace {
  readonly mesh: Mesh;
  /** The scripts that clients have loaded, by SHA-1; few are known at all. */
  readonly scripts: Set<string> = new Set<string>();
  /** Sessions of servers that ask for more than a Redis client can. */
  readonly sessions: ForeignSessions;
  /** The keys held here, to go through. */
  readonly scan: KeyScan;
  readonly #keys: MeshKeys;
  readonly #local: LocalKeys;
  readonly #acknowledgements: Acknowledgements;
  readonly #onDegraded: "ok" | "fail";
  #degradedCount = 0;

  constructor(mesh: Mesh, options: KeyspaceOptions = {}) {
    const { localKeys = LOCAL_KEYS, localKeysMax = LOCAL_KEYS_MAX } = options;
    const { lifetimeMs = 30 * DAY_MS, merge = [] } = options;
    const keys = new MeshKeys(mesh, { lifetimeMs, merge });
    this.mesh = mesh;
    this.#keys = keys;
    this.#local = new LocalKeys(localKeys, localKeysMax);
    this.#acknowledgements = new Acknowledgements(mesh.records, options.acks ?? "all");
    this.#onDegraded = options.onDegraded ?? "ok";
    this.scan = new KeyScan({
      keys,
      local: this.#local,
      hotSessionsMax: mesh.limits.hotSessionsMax,
      key: (id) => this.#key(id, keys.nowMs()),
    });
    this.sessions = new ForeignSessions({ mesh, keys, acks: options.sessionAcks ?? 1 });
  }

  /** What was counted since the start. */
  get counts(): KeyspaceCounts {
    const { missAskedCount, missUnknownCount } = this.#keys;
    return { degradedCount: this.#degradedCount, missAskedCount, missUnknownCount };
  }

  /** The cluster's idea of the time, in whole milliseconds: all ends are said in it. */
  nowMs(): Millis {
    return this.#keys.nowMs();
  }

  /** Runs a command on one key. */
  one(context: ConnectionContext, name: Buffer, run: (key: Key) => Reply): Outcome {
    const id = keyIdOf(context.db, name);
    const nowMs = this.#keys.nowMs();
    const { clientId } = context;
    const key = this.#find(id, nowMs, clientId);
    if (key) return this.#run(run, key);
    const asking = this.#keys.ask(this.#keys.instances.known(id));
    return asking.then(() => this.#run(run, this.#key(id, this.#keys.nowMs(), clientId)));
  }

  /** Runs a command on several keys, all of them at once. */
  many(
    context: ConnectionContext,
    names: readonly Buffer[],
    run: (keys: readonly Key[]) => Reply,
  ): Outcome {
    const ids = names.map((name) => keyIdOf(context.db, name));
    return this.manyIn(ids, run, context.clientId);
  }

  /** {@link Keyspace.many} for keys of several databases; one named twice is one key. */
  manyIn(ids: readonly KeyId[], run: (keys: readonly Key[]) => Reply, clientId?: number): Outcome {
    const nowMs = this.#keys.nowMs();
    const unknown = new Set(ids.filter((id) => !this.#find(id, nowMs)));
    const runAll = (): Reply | Deferred => {
      const atMs = this.#keys.nowMs();
      const keys = new Map(ids.map((id) => [id, this.#key(id, atMs, clientId)]));
      return this.#run(
        run,
        ids.map((id) => keys.get(id) as Key),
      );
    };
    if (unknown.size === 0) return runAll();
    const { instances } = this.#keys;
    return Promise.all([...unknown].map((id) => this.#keys.ask(instances.known(id)))).then(runAll);
  }

  /** Removes every key of a database, or of all, that is held here. */
  async flush(db: number | undefined): Promise<Reply | Deferred> {
    const before = this.#keys.seq;
    await this.scan.walk(db, (ids) => {
      const nowMs = this.nowMs();
      for (const id of ids) this.#key(id, nowMs).remove();
    });
    return this.#keys.seq === before ? OK : this.#acknowledged(OK);
  }

  /** A key as it is known here; undefined where the peers have to be asked first. */
  #find(id: KeyId, nowMs: Millis, clientId?: number): Key | undefined {
    const known = this.#keys.instances.known(id);
    known.isLocal ??= this.#local.owns(id);
    if (known.isLocal) return this.#local.key(id, nowMs);
    return this.#keys.find(known, nowMs, clientId);
  }

  /** A key as it is known here, whatever peers may say. */
  #key(id: KeyId, nowMs: Millis, clientId?: number): Key {
    const known = this.#keys.instances.known(id);
    known.isLocal ??= this.#local.owns(id);
    if (known.isLocal) return this.#local.key(id, nowMs);
    return this.#keys.key(known, nowMs, clientId);
  }

  #run<T>(run: (on: T) => Reply, on: T): Reply | Deferred {
    const before = this.#keys.seq;
    let reply: Reply;
    try {
      reply = run(on);
    } catch (thrown) {
      if (!(thrown instanceof RefusedWrite)) throw thrown;
      reply = error(thrown.reply);
    }
    return this.#keys.seq === before ? reply : this.#acknowledged(reply);
  }

  #acknowledged(reply: Reply): Reply | Deferred {
    const settled = this.#acknowledgements.of(this.#keys.seq);
    if (!(settled instanceof Promise)) return this.#verdict(reply, settled.degraded);
    const waiting = settled.then(({ degraded }) => this.#verdict(reply, degraded));
    return { kind: "deferred", reply: waiting };
  }

  #verdict(reply: Reply, isDegraded: boolean): Reply {
    if (!isDegraded) return reply;
    this.#degradedCount += 1;
    if (this.#onDegraded === "ok") return reply;
    return error(
      "NOREPLICAS Not enough peers confirmed the write in time; it may stand all the same.",
    );
  }
}
