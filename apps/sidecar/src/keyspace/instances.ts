/**
 * Which session a key is, now: its current instance.
 *
 * A key lives in windows of time as long as a key can live, and in each window in instances one after
 * the other: who writes over a destroyed instance opens the next one. Everything of a window, its
 * tombstones as well, ends at the end of the window after it, and so all at once: as long as an
 * instance is there, so is the proof that those before it were destroyed. Nodes that hold the same
 * tombstones agree on the instance; where they do not yet, a write to a destroyed instance dies with
 * it (M9), and equal instances merge.
 *
 *   window    w-1           │ w                    │ w+1
 *   instances 0✝ 1✝ 2 ······│······ ends here ─────┤
 *                           │ 0✝ 1 ················│······ ends here
 *
 * Not here: what an instance holds (mesh-key.ts), asking peers (keyspace.ts).
 */
import type { Millis, SessionId } from "session-mesh";
import { type LookResult, RecentMap, type SessionRecords } from "session-mesh/records";
import type { BlobFormat } from "./blobs/blob.js";
import { type KeyId, rawIdOf } from "./key-names.js";

/** How many keys are known again without being looked up from their first instance: 400 bytes each. */
const KEYS_MAX = 65_536;

/** A held copy of a session. */
export type Held = Extract<LookResult, { status: "held" }>;

/** One instance of a key. */
export interface Instance {
  readonly session: SessionId;
  readonly window: number;
  readonly n: number;
  /** When it is over, on every node. */
  readonly endsAtMs: Millis;
}

/** What is held of a key. */
export interface Sighting {
  readonly instance: Instance;
  /** Undefined where the instance is not held here. */
  readonly held: Held | undefined;
}

/** A key and its instances, as far as they were looked for lately. */
export class KnownKey {
  readonly id: KeyId;
  /** By window, the newest first; only those that can be looked at now. */
  readonly instances: Map<number, Instance> = new Map<number, Instance>();
  /** Whether it never leaves this node; undefined as long as nobody asked. */
  isLocal: boolean | undefined;
  /** The format of blobs that are taken apart, empty for none; undefined as long as nobody asked. */
  blobFormat: BlobFormat | "" | undefined;
  /** Until when a miss need not be asked of peers again, in `performance.now()`. */
  absentUntilMs = 0;

  constructor(id: KeyId) {
    this.id = id;
  }
}

/** Finds instances. */
export class Instances {
  readonly #records: SessionRecords;
  /** How long a window is. */
  readonly lifetimeMs: Millis;
  readonly #marginMs: Millis;
  readonly #known = new RecentMap<KeyId, KnownKey>(KEYS_MAX);

  constructor(records: SessionRecords, times: { lifetimeMs: Millis; marginMs: Millis }) {
    this.#records = records;
    this.lifetimeMs = times.lifetimeMs;
    this.#marginMs = times.marginMs;
  }

  /** What is known of a key. */
  known(id: KeyId): KnownKey {
    let key = this.#known.get(id);
    if (!key) {
      key = new KnownKey(id);
      this.#known.set(id, key);
    }
    return key;
  }

  /**
   * What is held of a key in each window that can be, the newest first; the first that `isWanted`
   * ends the search. Where to write, if none is wanted, is in the window of now.
   */
  find(key: KnownKey, nowMs: Millis, isWanted: (held: Held) => boolean): Sighting {
    let best: Sighting | undefined;
    const window = Math.floor(nowMs / this.lifetimeMs);
    for (const each of this.windowsAt(nowMs)) {
      const sighting = this.look(key, each);
      const isOver = sighting.held?.lifetime === "over";
      if (sighting.held && !isOver && isWanted(sighting.held)) return sighting;
      if (each === window) best = sighting;
    }
    return best as Sighting;
  }

  /** The windows whose instances can live at a moment, the newest first. */
  windowsAt(nowMs: Millis): number[] {
    const window = Math.floor(nowMs / this.lifetimeMs);
    const isNext = nowMs + this.#marginMs >= (window + 1) * this.lifetimeMs;
    return isNext ? [window + 1, window, window - 1] : [window, window - 1];
  }

  /** The first instance in a window that is not known to be destroyed. */
  look(key: KnownKey, window: number): Sighting {
    let instance = key.instances.get(window);
    if (!instance) {
      for (const old of key.instances.keys()) {
        if (old < window - 2) key.instances.delete(old);
      }
      instance = this.#instance(key.id, window, 0);
      key.instances.set(window, instance);
    }
    let look = this.#records.look(instance.session);
    if (look.status === "destroyed") {
      instance = this.#firstAlive(key.id, instance);
      key.instances.set(window, instance);
      look = this.#records.look(instance.session);
    }
    return { instance, held: look.status === "held" ? look : undefined };
  }

  /** When the last destroyed instance of a key was given another name, 0 if it was not (M13). */
  regeneratedAtMs(key: KnownKey, nowMs: Millis): Millis {
    let latestMs = 0;
    for (const window of this.windowsAt(nowMs)) {
      const { n } = this.look(key, window).instance;
      if (n === 0) continue;
      const look = this.#records.look(this.#instance(key.id, window, n - 1).session);
      if (look.status === "destroyed") latestMs = Math.max(latestMs, look.regeneratedAtMs);
    }
    return latestMs;
  }

  /** The first instance after a destroyed one that is not; the destroyed ones have no gaps. */
  #firstAlive(id: KeyId, destroyed: Instance): Instance {
    const isDestroyed = (n: number): boolean =>
      this.#records.look(this.#instance(id, destroyed.window, n).session).status === "destroyed";
    let low = destroyed.n;
    let step = 1;
    while (isDestroyed(low + step)) {
      low += step;
      step *= 2;
    }
    let high = low + step;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (isDestroyed(middle)) low = middle;
      else high = middle;
    }
    return this.#instance(id, destroyed.window, high);
  }

  #instance(id: KeyId, window: number, n: number): Instance {
    const session = this.#records.nameOf(rawIdOf(id, window, n));
    return { session, window, n, endsAtMs: (window + 2) * this.lifetimeMs };
  }
}
