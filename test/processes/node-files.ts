/**
 * What a probed node and its test have in common: a log that outlives the process, and a call that is
 * answered before anything else happens.
 *
 * Not here: what is said and asked (probed-node.ts), and the other end (watched-node.js).
 */
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { deserialize, serialize } from "node:v8";

/** Where they are. */
export interface NodePaths {
  readonly log: string;
  readonly asked: string;
  readonly answers: string;
}

/** The process cannot be asked: it was killed or stands still by itself. */
export class NodeGone extends Error {}

const HEAD_BYTES = 4;
const READ_BYTES_MAX = 1 << 20;
/** A busy machine may keep a process waiting, not for that long. */
const ANSWER_MS_MAX = 20_000;
const NAP_MS = 0.05;

/** The test's ends of the files of one node. */
export class NodeFiles {
  readonly paths: NodePaths;
  readonly #log: number;
  readonly #asked: number;
  readonly #answers: number;
  readonly #buffer = Buffer.alloc(READ_BYTES_MAX);
  readonly #napping = new Int32Array(new SharedArrayBuffer(4));
  #unread = Buffer.alloc(0);

  /** Makes the files; their names begin with `stem`. */
  constructor(stem: string) {
    this.paths = { log: `${stem}.log`, asked: `${stem}.asked`, answers: `${stem}.answers` };
    const { log, asked, answers } = this.paths;
    writeFileSync(log, "");
    execFileSync("mkfifo", [asked, answers]);
    this.#log = openSync(log, "r");
    this.#asked = openSync(asked, "r+");
    this.#answers = openSync(answers, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** All lines that the node has written since the last call; of a dead one too. */
  lines(): unknown[] {
    for (;;) {
      const count = readSync(this.#log, this.#buffer, 0, READ_BYTES_MAX, null);
      if (count === 0) break;
      this.#unread = Buffer.concat([this.#unread, this.#buffer.subarray(0, count)]);
    }
    const lines: unknown[] = [];
    let at = 0;
    while (this.#unread.length >= at + HEAD_BYTES) {
      const end = at + HEAD_BYTES + this.#unread.readUInt32LE(at);
      if (this.#unread.length < end) break;
      lines.push(deserialize(this.#unread.subarray(at + HEAD_BYTES, end)));
      at = end;
    }
    this.#unread = this.#unread.subarray(at);
    return lines;
  }

  ask(question: readonly unknown[]): void {
    const body = serialize(question);
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32LE(body.length);
    writeSync(this.#asked, Buffer.concat([head, body]));
  }

  /** The answer to a question that was asked. Nothing else happens here meanwhile. */
  answer(): unknown {
    const length = this.#read(HEAD_BYTES).readUInt32LE();
    return deserialize(this.#read(length));
  }

  close(): void {
    for (const file of [this.#log, this.#asked, this.#answers]) closeSync(file);
  }

  #read(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    const untilMs = performance.now() + ANSWER_MS_MAX;
    for (let at = 0; at < count;) {
      const read = this.#readSome(bytes, at);
      if (read === 0) throw new NodeGone("it ended before it answered");
      at += read ?? 0;
      if (read !== undefined) continue;
      if (performance.now() > untilMs) throw new NodeGone(`no answer in ${ANSWER_MS_MAX} ms`);
      Atomics.wait(this.#napping, 0, 0, NAP_MS);
    }
    return bytes;
  }

  /** Undefined where nothing is there yet, 0 where nothing will come. */
  #readSome(bytes: Buffer, at: number): number | undefined {
    try {
      return readSync(this.#answers, bytes, at, bytes.length - at, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
      throw error;
    }
  }
}
