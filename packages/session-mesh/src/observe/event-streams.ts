/**
 * Events as they happen, to whoever reads them over HTTP (server-sent events).
 *
 *   event: status    data: what the node holds and whom it knows, once, at the beginning
 *   id: 7            data: {"atMs":…,"type":"session-committed",…}
 *
 * Ids count up by one from the start of the admin, so that a reader sees how many events it missed
 * between two connections. Nothing is sent again: a reader is an observer, not a log.
 *
 * A reader that does not keep up is cut off, never waited for. Bounded: `STREAMS_MAX` readers, and
 * `streamBytesMax` waiting for each.
 *
 * Not here: which fields of an event leave (event-redaction.ts), who may read (access.ts).
 */
import type { ServerResponse } from "node:http";
import type { Bytes, Event, Millis } from "@session-mesh/core";
import { redactedJson } from "./event-redaction.js";

/** How many readers there may be; a further one is told to come back later. */
export const STREAMS_MAX = 16;

/** What may wait for one reader, unless set otherwise. */
export const STREAM_BYTES_MAX: Bytes = 1_024 * 1_024;

/** How often a silent stream shows that it lives; below the idle time-out of common proxies. */
const KEEP_ALIVE_MS: Millis = 15_000;

/** The readers of one node's events. */
export class EventStreams {
  readonly #streamBytesMax: Bytes;
  readonly #streams = new Set<ServerResponse>();
  #keepAlive: NodeJS.Timeout | undefined;
  #idLast = 0;
  #droppedCount = 0;

  constructor(streamBytesMax: Bytes) {
    this.#streamBytesMax = streamBytesMax;
  }

  get count(): number {
    return this.#streams.size;
  }

  /** Readers that were cut off because they did not keep up. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Turns a response, not begun yet, into a stream; false where there are too many already. */
  open(response: ServerResponse, status: object): boolean {
    if (this.#streams.size >= STREAMS_MAX) return false;
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      // Neither a proxy nor a compressing middleware may hold events back.
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
    this.#streams.add(response);
    response.on("close", () => this.#forget(response));
    response.write(`event: status\nid: ${this.#idLast}\ndata: ${JSON.stringify(status)}\n\n`);
    this.#keepAlive ??= setInterval(() => this.#send(":\n\n"), KEEP_ALIVE_MS).unref();
    return true;
  }

  /** Sends an event to every reader. */
  publish(event: Event): void {
    this.#idLast += 1;
    if (this.#streams.size === 0) return;
    this.#send(`id: ${this.#idLast}\ndata: ${redactedJson(event)}\n\n`);
  }

  /** Ends every stream. */
  close(): void {
    for (const response of this.#streams) response.end();
    this.#streams.clear();
    this.#stopKeepAlive();
  }

  #send(chunk: string): void {
    for (const response of this.#streams) {
      if (response.writableLength + chunk.length <= this.#streamBytesMax) {
        response.write(chunk);
        continue;
      }
      this.#droppedCount += 1;
      this.#forget(response);
      response.destroy();
    }
  }

  #forget(response: ServerResponse): void {
    this.#streams.delete(response);
    if (this.#streams.size === 0) this.#stopKeepAlive();
  }

  #stopKeepAlive(): void {
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
  }
}
