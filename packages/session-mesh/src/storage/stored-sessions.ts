/**
 * A node's hold on its storage: opens it, gives back what is in it, writes batches, and tells the log
 * when the disk begins or ceases to fail.
 *
 * Not here: which sessions are written when (core), and where to (session-storage.ts).
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Millis, Replica, StorageBatch } from "@session-mesh/core";
import type { SystemRuntime } from "../system-runtime.js";
import { checkManifest, createManifest, type StorageOwner } from "./manifest.js";
import type { OpenStorage, SessionStorage } from "./session-storage.js";

/** How long closing waits for a disk that writes nothing. */
const STALL_DEADLINE_MS: Millis = 5_000;

/** What storing needs of its mesh. */
export interface StoredSessionsParts {
  /** Undefined where nothing is stored: then nothing here does anything. */
  readonly storage: SessionStorage | undefined;
  readonly owner: StorageOwner;
  readonly runtime: SystemRuntime;
  log(line: string): void;
}

/** See the file's comment. */
export class StoredSessions {
  readonly #parts: StoredSessionsParts;
  #open: OpenStorage | undefined;
  #isFailing = false;
  #writtenAtMs: Millis = 0;

  constructor(parts: StoredSessionsParts) {
    this.#parts = parts;
  }

  /** Whether anything is stored. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /**
   * Opens the storage and then does the rest; where either fails, the storage is closed. Rejects with
   * a MeshError where the storage cannot be had or is not for this node.
   */
  async openBefore<T>(rest: () => Promise<T>): Promise<T> {
    this.#open = await this.#parts.storage?.open();
    try {
      await this.#claim();
      return await rest();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Gives a replica back what was stored; before it starts. */
  restore(replica: Replica): void {
    if (!this.#open) return;
    const { damaged, newer } = replica.restore(this.#open.records());
    const left = [
      ...(damaged > 0 ? [`${damaged} damaged`] : []),
      ...(newer > 0 ? [`${newer} of a later version`] : []),
    ];
    if (left.length > 0) {
      this.#log(`has records that cannot be read, left out: ${left.join(" and ")}`);
    }
  }

  /** Writes a batch, and tells the replica how that ended. */
  write(batch: StorageBatch): void {
    this.#open?.write(batch).then(
      () => {
        if (this.#isFailing) this.#log("can be written again");
        this.#isFailing = false;
        this.#writtenAtMs = performance.now();
        this.#parts.runtime.feed((replica) => replica.persisted());
      },
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        if (!this.#isFailing) {
          this.#log(
            `cannot be written (${reason}): sessions are served from memory and acknowledgements ` +
              "are degraded; it is tried again every second or so",
          );
        }
        this.#isFailing = true;
        this.#parts.runtime.feed((replica) => replica.persistFailed(reason));
      },
    );
  }

  /** Has the disk take what it does not have yet, unless it fails, or writes nothing for long. */
  async finish(): Promise<void> {
    if (!this.#open) return;
    const { runtime } = this.#parts;
    this.#writtenAtMs = performance.now();
    const stored = runtime.ask("stored", (replica, ticket) => replica.store(ticket));
    const over = new AbortController();
    await Promise.race([stored, this.#stalled(over.signal)]).catch(() => undefined);
    over.abort();
  }

  /** Lets go of the storage. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.close();
  }

  async #stalled(over: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = this.#writtenAtMs + STALL_DEADLINE_MS - performance.now();
      if (over.aborted || leftMs <= 0) return;
      await delay(leftMs, undefined, { signal: over }).catch(() => undefined);
    }
  }

  async #claim(): Promise<void> {
    const { storage, owner } = this.#parts;
    if (!storage || !this.#open) return;
    const manifest = this.#open.manifest();
    if (manifest) checkManifest(manifest, storage.place, owner);
    else await this.#open.setManifest(createManifest(owner));
  }

  #log(what: string): void {
    this.#parts.log(`the storage in ${this.#parts.storage?.place} ${what}`);
  }
}
