/**
 * Storage that survives a node and not its process: for tests.
 */
import type { SessionId } from "@session-mesh/core";
import { MeshError } from "../mesh-error.js";
import type { OpenStorage, SessionStorage } from "./session-storage.js";

/** Creates storage in memory; who opens it again finds what was stored. */
export function createMemoryStorage(): SessionStorage {
  const records = new Map<SessionId, Uint8Array>();
  let manifest: Uint8Array | undefined;
  let isOpen = false;
  const opened: OpenStorage = {
    manifest: () => manifest,
    async setManifest(given) {
      manifest = given.slice();
    },
    records: () => Array.from(records, ([session, bytes]) => ({ session, bytes })),
    async write({ puts, removals }) {
      for (const { session, bytes } of puts) records.set(session, bytes.slice());
      for (const session of removals) records.delete(session);
    },
    async close() {
      isOpen = false;
    },
  };
  return {
    place: "memory",
    async open() {
      if (isOpen) throw new MeshError("storage", "the storage in memory is open already");
      isOpen = true;
      return opened;
    },
  };
}
