/**
 * What a node needs of a place to store sessions: a map from names to bytes that survives the process.
 *
 * What it is trusted with: that a batch it has said to be stored is there after a power cut, and that
 * each record is then the old or the new one. What it is not trusted with: the bytes, which carry a
 * checksum and are validated like a peer's.
 *
 * Not here: what is stored when (core), and whose place it is (manifest.ts).
 */
import type { StorageBatch, StoredRecord } from "@session-mesh/core";

/** A place to store sessions. One at a time may have it open. */
export interface SessionStorage {
  /** Where it is, for people. */
  readonly place: string;
  /** Takes hold of it. Rejects with a MeshError that names the remedy; nothing is changed then. */
  open(): Promise<OpenStorage>;
}

/** A place that is open. */
export interface OpenStorage {
  /** What {@link OpenStorage.setManifest} was given last; undefined where it never was. */
  manifest(): Uint8Array | undefined;
  /** Resolves when it is durable. */
  setManifest(manifest: Uint8Array): Promise<void>;
  /** All that is stored, in any order; nothing is written meanwhile. */
  records(): Iterable<StoredRecord>;
  /**
   * Resolves when all of the batch is durable. Rejects where it is not, or not all of it; the caller
   * writes it again. One batch at a time.
   */
  write(batch: StorageBatch): Promise<void>;
  /** Lets go of it, after what is being written. */
  close(): Promise<void>;
}
