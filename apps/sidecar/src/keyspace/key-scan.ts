/**
 * Going through the keys that are held on this node, by partition: a key stays in its partition as
 * long as it lives, so whoever walks through all of them sees every key that was there all the time.
 *
 * Where many keys are held, cold ones are not looked into: a hash whose fields were all deleted is
 * listed then until it ends.
 *
 * Not here: patterns, and what clients are told.
 */
import type { Millis } from "session-mesh";
import { PARTITION_COUNT } from "session-mesh/records";
import type { Key, KeyType } from "./key.js";
import { dbOf, type KeyId, NAME_FIELD } from "./key-names.js";
import type { LocalKeys } from "./local-keys.js";
import { isLive } from "./key-ends.js";
import type { MeshKeys } from "./mesh-keys.js";

/** How long a walk through all keys may keep others waiting at a time. */
const SLICE_MS: Millis = 8;

/** The steps of a walk: the partitions, and the local keys. */
export const SCAN_STEPS: number = PARTITION_COUNT + 1;

/** What a walk needs. */
export interface KeyScanPort {
  readonly keys: MeshKeys;
  readonly local: LocalKeys;
  readonly hotSessionsMax: number;
  /** The key as it is known here. */
  key(id: KeyId): Key;
}

/** See the file's comment. */
export class KeyScan {
  readonly #port: KeyScanPort;

  constructor(port: KeyScanPort) {
    this.#port = port;
  }

  /** The keys of a database, or of all, in one step. */
  idsIn(db: number | undefined, step: number): KeyId[] {
    const nowMs = this.#port.keys.nowMs();
    if (step === SCAN_STEPS - 1) {
      return [...this.#port.local.ids(nowMs)].filter((id) => isIn(id, db));
    }
    const ids: KeyId[] = [];
    const { records, instances, names } = this.#port.keys;
    const sessions = records.held(step);
    const isLookedInto = sessions.length * PARTITION_COUNT <= this.#port.hotSessionsMax;
    for (const session of sessions) {
      const held = records.describe(session);
      const id =
        held && isLive(held, nowMs) ? names.open(held.fields.get(NAME_FIELD)?.value) : undefined;
      if (held === undefined || id === undefined || !isIn(id, db)) continue;
      const window = Math.round(held.absoluteExpiresAtMs / instances.lifetimeMs) - 2;
      const known = instances.known(id);
      const found = instances.find(known, nowMs, (each) => isLive(each, nowMs));
      if (found.instance.window !== window || found.instance.session !== session) continue;
      if (isLookedInto && this.#port.key(id).type === "none") continue;
      ids.push(id);
    }
    return ids;
  }

  /** What a key holds. */
  typeOf(id: KeyId): KeyType {
    return this.#port.key(id).type;
  }

  /** Shows the keys of a database, or of all, step by step, while others get their turns. */
  async walk(db: number | undefined, visit: (ids: readonly KeyId[]) => void): Promise<void> {
    let sliceEndMs = performance.now() + SLICE_MS;
    for (let step = 0; step < SCAN_STEPS; step++) {
      visit(this.idsIn(db, step));
      if (performance.now() < sliceEndMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceEndMs = performance.now() + SLICE_MS;
    }
  }

  /** Any key of a database. */
  random(db: number): KeyId | undefined {
    const first = Math.floor(Math.random() * SCAN_STEPS);
    for (let i = 0; i < SCAN_STEPS; i++) {
      const ids = this.idsIn(db, (first + i) % SCAN_STEPS);
      if (ids.length > 0) return ids[Math.floor(Math.random() * ids.length)];
    }
    return undefined;
  }
}

function isIn(id: KeyId, db: number | undefined): boolean {
  return db === undefined || dbOf(id) === db;
}
