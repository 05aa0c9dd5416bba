/**
 * The keys of the mesh on this node: found, asked of peers where they are not held here, made and
 * destroyed.
 *
 * Not here: what can be done to one (mesh-key.ts), and which keys never enter the mesh (keyspace.ts).
 */
import type { Mesh, Millis } from "session-mesh";
import type { SessionRecords } from "session-mesh/records";
import type { BlobFormat } from "./blobs/blob.js";
import { type BlobRule, BlobRules } from "./blobs/blob-rules.js";
import { type Held, Instances, type KnownKey, type Sighting } from "./instances.js";
import { SealedNames } from "./key-names.js";
import { isLive } from "./key-ends.js";
import { MeshKey } from "./mesh-key.js";

/** How long a miss that all peers confirmed is believed. */
const ABSENT_MS: Millis = 1_000;

/** How long it is believed that there is nobody to ask, and how far the cluster's clock is. */
const BELIEVED_MS: Millis = 20;

/** How long a miss waits for a node that has just started to meet its seeds, and how often it looks. */
const JOIN_MS_MAX: Millis = 10_000;
const JOIN_POLL_MS: Millis = 10;

/** See the file's comment. */
export class MeshKeys {
  readonly records: SessionRecords;
  readonly instances: Instances;
  readonly names: SealedNames;
  readonly sessionBytesMax: number;
  /** The number of the last change that was made here. */
  seq = 0;
  /** Misses that peers were asked for, and those of them that could not be settled. */
  missAskedCount = 0;
  missUnknownCount = 0;
  readonly #mesh: Mesh;
  /** Whether this node has met those it was to meet, or has given that up. */
  #isJoined = false;
  #joining: Promise<void> | undefined;
  #isAlone = true;
  #offsetMs: Millis = 0;
  #believedUntilMs = 0;

  /** Which blobs are taken apart. */
  readonly blobs: BlobRules;

  constructor(mesh: Mesh, options: { lifetimeMs: Millis; merge: readonly BlobRule[] }) {
    const { lifetimeMs, merge } = options;
    this.blobs = new BlobRules(merge);
    const { records, limits } = mesh;
    this.#mesh = mesh;
    this.records = records;
    this.instances = new Instances(records, { lifetimeMs, marginMs: limits.clockMarginMs });
    this.names = new SealedNames(records);
    this.sessionBytesMax = limits.sessionBytesMax;
  }

  /** The cluster's idea of the time, in whole milliseconds. */
  nowMs(): Millis {
    const wallMs = Date.now();
    // A clock that was set back is asked again at once.
    const isOld = wallMs >= this.#believedUntilMs || wallMs < this.#believedUntilMs - BELIEVED_MS;
    if (isOld) {
      this.#believedUntilMs = wallMs + BELIEVED_MS;
      this.#offsetMs = Math.floor(this.records.nowMs()) - Date.now();
      this.#isAlone = this.records.isAlone;
      this.#isJoined ||= this.#mesh.readiness().ready;
    }
    return wallMs + this.#offsetMs;
  }

  /** The format of the blobs under a key; undefined where they are kept whole. */
  formatOf(known: KnownKey): BlobFormat | undefined {
    known.blobFormat ??= this.blobs.formatOf(known.id) ?? "";
    return known.blobFormat === "" ? undefined : known.blobFormat;
  }

  /** A key as it is known here; undefined where the peers have to be asked first. */
  find(known: KnownKey, nowMs: Millis, clientId?: number): MeshKey | undefined {
    const sighting = this.#sight(known, nowMs);
    const isMiss = !sighting.held || !isLive(sighting.held, nowMs);
    const isAskable = !this.#isAlone || !this.#isJoined;
    const isAsked = isMiss && isAskable && performance.now() >= known.absentUntilMs;
    return isAsked ? undefined : new MeshKey(this, known, { sighting, nowMs, clientId });
  }

  /** A key as it is known here, whatever peers may say. */
  key(known: KnownKey, nowMs: Millis, clientId?: number): MeshKey {
    return new MeshKey(this, known, { sighting: this.#sight(known, nowMs), nowMs, clientId });
  }

  /** What is held of a key where it would be made now. */
  current(known: KnownKey, nowMs: Millis): Sighting {
    return this.instances.find(known, nowMs, () => false);
  }

  /** Destroys every instance of a key that is held here. */
  removeAll(known: KnownKey, nowMs: Millis): void {
    this.#destroy(known, nowMs, { isWanted: (held) => held !== undefined });
    known.absentUntilMs = performance.now() + ABSENT_MS;
  }

  /** {@link MeshKeys.removeAll}, and the instance of now in any case: a logout is final (P3). */
  destroySession(known: KnownKey, { regenerated }: { regenerated: boolean }): number {
    const nowMs = this.nowMs();
    const current = Math.floor(nowMs / this.instances.lifetimeMs);
    const isWanted = (held: Held | undefined, window: number): boolean =>
      held !== undefined || window === current;
    this.#destroy(known, nowMs, { isWanted, regenerated });
    return this.seq;
  }

  /** Asks the peers for the instances of a key; whether all who could hold it were asked. */
  async ask(known: KnownKey): Promise<boolean> {
    if (!this.#isJoined) await (this.#joining ??= this.#join());
    if (this.records.isAlone) return true;
    this.missAskedCount += 1;
    const nowMs = this.nowMs();
    let isCertain = true;
    // What peers know to be destroyed leads to the next instance, which they are asked for as well.
    for (let isNews = true; isNews;) {
      const windows = this.instances.windowsAt(nowMs);
      const asked = windows.map((window) => this.instances.look(known, window).instance);
      const outcomes = await Promise.all(asked.map(({ session }) => this.records.pull(session)));
      isCertain = !outcomes.includes("unknown");
      isNews = asked.some(({ window, n }) => this.instances.look(known, window).instance.n !== n);
    }
    if (isCertain) known.absentUntilMs = performance.now() + ABSENT_MS;
    else this.missUnknownCount += 1;
    return isCertain;
  }

  /** Waits until there is somebody to ask, or this node may serve alone; not for ever. */
  async #join(): Promise<void> {
    const deadlineMs = performance.now() + JOIN_MS_MAX;
    while (!this.#mesh.readiness().ready && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, JOIN_POLL_MS));
    }
    this.#isJoined = true;
  }

  #sight(known: KnownKey, nowMs: Millis): Sighting {
    return this.instances.find(known, nowMs, (held) => isLive(held, nowMs));
  }

  #destroy(
    known: KnownKey,
    nowMs: Millis,
    {
      isWanted,
      regenerated = false,
    }: {
      isWanted: (held: Held | undefined, window: number) => boolean;
      regenerated?: boolean;
    },
  ): void {
    for (const window of this.instances.windowsAt(nowMs)) {
      const { instance, held } = this.instances.look(known, window);
      if (!isWanted(held, window)) continue;
      const { endsAtMs: absoluteExpiresAtMs, session } = instance;
      const result = this.records.destroy(session, { absoluteExpiresAtMs, regenerated });
      if (result.status === "committed") this.seq = result.seq;
    }
  }
}
