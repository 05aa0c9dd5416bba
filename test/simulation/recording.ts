/**
 * A run as lines of JSON, for whoever shows it again: a header, then what happens, in order.
 *
 * Not here: what can happen (`Happening` in packages/sim).
 */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Recorder } from "@session-mesh/sim";

/** The version of the format; readers refuse a higher one. */
export const RECORDING_VERSION = 1;

/** The first line. */
export interface RecordingHeader {
  readonly seed?: number;
  readonly scenario?: string;
  /** The commit of the code that ran, where it is known. */
  readonly build: string | undefined;
  /** What the seed drew, or what was put in its place. */
  readonly options?: unknown;
}

/** Lines are gathered so that a run of a second does not make a hundred thousand calls. */
const LINES_MAX = 1_000;

/** A file that a run is recorded in. */
export class Recording implements Disposable {
  readonly #file: number;
  #lines: string[] = [];

  constructor(path: string, header: RecordingHeader) {
    this.#file = openSync(path, "w");
    this.#write({ recording: "session-mesh", version: RECORDING_VERSION, ...header });
  }

  readonly record: Recorder = (happening) => this.#write(happening);

  [Symbol.dispose](): void {
    this.#flush();
    closeSync(this.#file);
  }

  #write(line: object): void {
    this.#lines.push(JSON.stringify(line, jsonOf));
    if (this.#lines.length >= LINES_MAX) this.#flush();
  }

  #flush(): void {
    if (this.#lines.length > 0) writeSync(this.#file, `${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }
}

function jsonOf(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
