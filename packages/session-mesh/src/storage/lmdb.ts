/**
 * session-mesh/lmdb: sessions in a directory, by LMDB. Needs the package `lmdb`, which this package
 * does not install.
 *
 * A batch is one transaction, flushed before it counts, so after a power cut each batch is there or
 * not. The directory can be read by its owner alone; values in it are not encrypted.
 *
 * Not here: what the bytes mean (core), and whose directory it is (manifest.ts).
 */
import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { SessionId, StorageBatch } from "@session-mesh/core";
import { type Database, open, type RootDatabase } from "lmdb";
import { MeshError } from "../mesh-error.js";
import { lockDirectory } from "./directory-lock.js";
import type { OpenStorage, SessionStorage } from "./session-storage.js";

/** Where sessions are stored. */
export interface LmdbStorageOptions {
  /** A directory of this node's own, on a disk of its machine; made where it is not there. */
  readonly dataDir: string;
}

const MANIFEST = "manifest";

/** Creates storage in a directory; it is opened by `createMesh`. */
export function createLmdbStorage({ dataDir }: LmdbStorageOptions): SessionStorage {
  if (typeof dataDir !== "string" || dataDir === "") {
    throw new MeshError("option", '`dataDir` must be the path of a directory, as "/var/lib/app"');
  }
  return { place: dataDir, open: () => openDirectory(dataDir) };
}

async function openDirectory(dataDir: string): Promise<OpenStorage> {
  const directory = await made(dataDir);
  const unlock = await lockDirectory(directory);
  try {
    const root = open({
      path: join(directory, "sessions.mdb"),
      noSubdir: true,
      // A write that was committed and not flushed is no promise.
      overlappingSync: false,
      maxDbs: 4,
    });
    return new LmdbDirectory(root, unlock);
  } catch (cause) {
    await unlock();
    throw new MeshError("storage", `cannot open ${dataDir}: ${String(cause)}`, { cause });
  }
}

async function made(dataDir: string): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    return await realpath(dataDir);
  } catch (cause) {
    throw new MeshError("storage", `cannot make the directory ${dataDir}: ${String(cause)}`, {
      cause,
    });
  }
}

class LmdbDirectory implements OpenStorage {
  readonly #root: RootDatabase;
  readonly #sessions: Database<Uint8Array, string>;
  readonly #meta: Database<Uint8Array, string>;
  readonly #unlock: () => Promise<void>;

  constructor(root: RootDatabase, unlock: () => Promise<void>) {
    this.#root = root;
    this.#sessions = root.openDB({ name: "sessions", encoding: "binary" });
    this.#meta = root.openDB({ name: "meta", encoding: "binary" });
    this.#unlock = unlock;
  }

  manifest(): Uint8Array | undefined {
    return this.#meta.get(MANIFEST);
  }

  async setManifest(manifest: Uint8Array): Promise<void> {
    await this.#meta.put(MANIFEST, manifest);
  }

  *records(): Iterable<{ session: SessionId; bytes: Uint8Array }> {
    for (const { key, value } of this.#sessions.getRange()) {
      yield { session: key as SessionId, bytes: value };
    }
  }

  async write({ puts, removals }: StorageBatch): Promise<void> {
    await this.#sessions.batch(() => {
      for (const { session, bytes } of puts) void this.#sessions.put(session, bytes);
      for (const session of removals) void this.#sessions.remove(session);
    });
  }

  async close(): Promise<void> {
    await this.#root.close();
    await this.#unlock();
  }
}
