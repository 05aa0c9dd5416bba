/**
 * What writes to LMDB: synchronous transactions in a thread of their own.
 *
 * The thread, since flushing blocks. Synchronous, since LMDB's own writing in the background does not
 * survive a full disk: after the error it rejects promises that nobody holds, and then corrupts the heap.
 *
 * Not here: reading, and who asks for writes (lmdb.ts).
 */
import type { StorageBatch } from "@session-mesh/core";
import type * as Lmdb from "lmdb";
import type * as Threads from "node:worker_threads";

/** How the store is opened, by readers and writer alike. */
export interface StorePath {
  readonly path: string;
  readonly noSubdir: true;
  /** A write that was committed and not flushed is no promise. */
  readonly overlappingSync: false;
  readonly maxDbs: number;
}

/** A batch as it goes to the thread: the bytes of all records in one piece, which is handed over. */
export interface PackedBatch {
  readonly sessions: readonly string[];
  /** How many bytes each of them has. */
  readonly lengths: readonly number[];
  readonly bytes: Uint8Array;
  readonly removals: readonly string[];
}

/** Something to write; each is answered once, in order. */
export type Request =
  | { readonly batch: PackedBatch }
  | { readonly manifest: Uint8Array }
  | { readonly close: true };

/** Packs a batch: one piece is passed on at no cost, hundreds of small ones are not. */
export function packBatch({ puts, removals }: StorageBatch): PackedBatch {
  const lengths = puts.map(({ bytes }) => bytes.length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const put of puts) {
    bytes.set(put.bytes, at);
    at += put.bytes.length;
  }
  return { sessions: puts.map(({ session }) => session), lengths, bytes, removals };
}

/** How a request ended. */
export interface Answer {
  readonly problem: string | undefined;
}

/** Under which key the manifest stands among what is not a session. */
export const MANIFEST_KEY = "manifest";

/** The names of the two tables. */
export const TABLES = { sessions: "sessions", meta: "meta" } as const;

/** Makes the text of a program for a thread that serves {@link Request}s. */
export function writerProgram(lmdbPath: string): string {
  const names = JSON.stringify({ ...TABLES, manifest: MANIFEST_KEY });
  const lmdb = `require(${JSON.stringify(lmdbPath)})`;
  // Some compilers name functions by a helper, which the text of one does not bring along.
  return `const __name = (f) => f; (${serve})(${lmdb}, require("node:worker_threads"), ${names});`;
}

/** Refers to nothing outside itself: its text is the program. */
function serve(
  lmdb: typeof Lmdb,
  { parentPort, workerData }: typeof Threads,
  names: { readonly sessions: string; readonly meta: string; readonly manifest: string },
): void {
  const root = lmdb.open(workerData as StorePath);
  const sessions = root.openDB<Uint8Array, string>({ name: names.sessions, encoding: "binary" });
  const meta = root.openDB<Uint8Array, string>({ name: names.meta, encoding: "binary" });
  const write = (request: Request): void => {
    root.transactionSync(() => {
      if ("manifest" in request) meta.putSync(names.manifest, request.manifest);
      if (!("batch" in request)) return;
      const { bytes, lengths, removals } = request.batch;
      let at = 0;
      for (const [i, session] of request.batch.sessions.entries()) {
        const length = lengths[i] ?? 0;
        sessions.putSync(session, bytes.subarray(at, at + length));
        at += length;
      }
      for (const session of removals) sessions.removeSync(session);
    });
  };
  parentPort?.on("message", (request: Request) => {
    let problem: string | undefined;
    try {
      if ("close" in request) {
        parentPort.close();
        void root.close();
      } else {
        write(request);
      }
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (!("close" in request)) parentPort.postMessage({ problem } satisfies Answer);
  });
}
