/**
 * The calls of a handler that wait for a held response, in their order, and how many bytes they hold.
 *
 * Not here: when they are held and let go (hold-response.ts).
 */
import { writeArguments } from "./response-arguments.js";

/** One call as it was made. */
export interface HeldCall {
  readonly method: string;
  readonly args: readonly unknown[];
}

/** A queue of calls that signals back-pressure from `bytesMax` held bytes on. */
export class HeldCalls {
  readonly #bytesMax: number;
  #calls: HeldCall[] = [];
  #bytes = 0;
  #owesDrain = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of all held chunks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a write was answered with false, and its 'drain' is still to come. */
  get owesDrain(): boolean {
    return this.#owesDrain;
  }

  /** Queues a call; false when the writer should wait for 'drain'. */
  add(method: string, args: readonly unknown[]): boolean {
    this.#calls.push({ method, args });
    const { chunk, encoding } = writeArguments(args);
    if (method !== "writeHead") this.#bytes += chunkBytes(chunk, encoding);
    const isFull = this.#bytes >= this.#bytesMax;
    if (isFull && method === "write") this.#owesDrain = true;
    return !isFull;
  }

  /** Empties the queue. */
  take(): readonly HeldCall[] {
    const calls = this.#calls;
    this.#calls = [];
    this.#bytes = 0;
    return calls;
  }

  /** Whether a 'drain' was owed; it no longer is. */
  takeOwedDrain(): boolean {
    const owed = this.#owesDrain;
    this.#owesDrain = false;
    return owed;
  }
}

function chunkBytes(chunk: unknown, encoding: BufferEncoding | undefined): number {
  if (typeof chunk === "string") return Buffer.byteLength(chunk, encoding);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
