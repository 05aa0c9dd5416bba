/**
 * session-mesh/lmdb: sessions in a directory, by LMDB. Needs the package `lmdb`, which this package
 * does not install.
 *
 * A batch is one transaction, flushed before it counts, so after a power cut each batch is there or
 * not. The directory can be read by its owner alone; values in it are not encrypted.
 *
 * Not here: the thread that writes (lmdb-writer.ts), what the bytes mean (core), and whose directory
 * it is (manifest.ts).
 */
import { mkdir, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { SessionId, StorageBatch, StoredRecord } from "@session-mesh/core";
import { type Database, open, type RootDatabase } from "lmdb";
import { MeshError } from "../mesh-error.js";
import { lockDirectory } from "./directory-lock.js";
import {
  type Answer,
  MANIFEST_KEY,
  packBatch,
  type Request,
  type StorePath,
  TABLES,
  writerProgram,
} from "./lmdb-writer.js";
import type { OpenStorage, SessionStorage } from "./session-storage.js";

/** Where sessions are stored. */
export interface LmdbStorageOptions {
  /** A directory of this node's own, on a disk of its machine; made where it is not there. */
  readonly dataDir: string;
}

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
    const path = join(directory, "sessions.mdb");
    return new LmdbDirectory({ path, noSubdir: true, overlappingSync: false, maxDbs: 4 }, unlock);
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
  readonly #writer: Writer;
  readonly #unlock: () => Promise<void>;

  constructor(path: StorePath, unlock: () => Promise<void>) {
    this.#root = open(path);
    this.#sessions = this.#root.openDB({ name: TABLES.sessions, encoding: "binary" });
    this.#meta = this.#root.openDB({ name: TABLES.meta, encoding: "binary" });
    this.#writer = new Writer(path);
    this.#unlock = unlock;
  }

  manifest(): Uint8Array | undefined {
    this.#root.resetReadTxn();
    return this.#meta.get(MANIFEST_KEY);
  }

  setManifest(manifest: Uint8Array): Promise<void> {
    return this.#writer.ask({ manifest });
  }

  *records(): Iterable<StoredRecord> {
    this.#root.resetReadTxn();
    for (const { key, value } of this.#sessions.getRange()) {
      yield { session: key as SessionId, bytes: value };
    }
  }

  write(batch: StorageBatch): Promise<void> {
    const packed = packBatch(batch);
    return this.#writer.ask({ batch: packed }, [packed.bytes.buffer as ArrayBuffer]);
  }

  async close(): Promise<void> {
    await this.#writer.end();
    await this.#root.close();
    await this.#unlock();
  }
}

interface Asked {
  resolve(): void;
  reject(error: Error): void;
}

/** The thread that writes; started anew where it died. */
class Writer {
  readonly #path: StorePath;
  #worker: Worker | undefined;
  #asked: Asked[] = [];

  constructor(path: StorePath) {
    this.#path = path;
  }

  /** Resolves when it is durable. */
  ask(request: Request, handedOver: readonly ArrayBuffer[] = []): Promise<void> {
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      worker.ref();
      worker.postMessage(request, handedOver);
    });
  }

  /** After what was asked for before. */
  async end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker) return;
    worker.ref();
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage({ close: true } satisfies Request);
    await exited;
  }

  #start(): Worker {
    const lmdbPath = createRequire(import.meta.url).resolve("lmdb");
    const worker = new Worker(writerProgram(lmdbPath), { eval: true, workerData: this.#path });
    worker.on("message", ({ problem }: Answer) => {
      const asked = this.#asked.shift();
      // Not while someone waits for its end.
      if (this.#asked.length === 0 && this.#worker === worker) worker.unref();
      if (problem === undefined) asked?.resolve();
      else asked?.reject(new Error(problem));
    });
    worker.on("error", (error) => this.#died(worker, error));
    worker.on("exit", () => this.#died(worker, new Error("the thread that writes has ended")));
    return worker;
  }

  #died(worker: Worker, error: Error): void {
    if (this.#worker === worker) this.#worker = undefined;
    const asked = this.#asked;
    this.#asked = [];
    for (const { reject } of asked) reject(error);
  }
}
