/**
 * Bytes from a client to commands: arrays of bulk strings, or lines typed by a person.
 *
 * Arguments are views of the bytes received, not copies. What is unfinished stays here, and its parse
 * is not begun again when more arrives: a long value costs one concatenation.
 *
 * Limits: `bulkBytesMax`, `argumentsMax`, 64 KiB for a line; less for who has not authenticated.
 * Beyond them, and for what is no frame, a `ProtocolError` with Redis' text; nothing follows it.
 * Not here: what commands mean (command.ts).
 */
import { splitInline } from "./inline-arguments.js";

/** Bytes that are no command; the text is what Redis answers before it closes the connection. */
export class ProtocolError {
  constructor(readonly text: string) {}
}

/** Bounds of what one client may send. */
export interface FrameLimits {
  /** The longest value. */
  readonly bulkBytesMax: number;
  /** The most arguments of one command. */
  readonly argumentsMax: number;
}

/** What Redis allows before AUTH. */
export const UNAUTHENTICATED: FrameLimits = { bulkBytesMax: 16_384, argumentsMax: 10 };

const LINE_BYTES_MAX = 64 * 1024;
const EMPTY = Buffer.alloc(0);
const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;

/** Takes bytes with `push`, gives commands with `next`. */
export class CommandDecoder {
  limits: FrameLimits;
  #bytes: Buffer = EMPTY;
  #at = 0;
  /** Received after `#bytes`, which could not be finished without them. */
  #later: Buffer[] = [];
  #laterBytes = 0;
  /** How many bytes there must be from `#at` on before it is worth looking again. */
  #needed = 1;
  #args: Buffer[] = [];
  #argsLeft = 0;
  #bulkLength = -1;
  #failed: ProtocolError | undefined;

  constructor(limits: FrameLimits) {
    this.limits = limits;
  }

  /** How many bytes are held that `next` has not given out. */
  get heldBytes(): number {
    return this.#bytes.length - this.#at + this.#laterBytes;
  }

  /** Whether a command has begun and is not complete. Meaningful after `next` gave undefined. */
  get isUnfinished(): boolean {
    return this.#argsLeft > 0 || this.heldBytes > 0;
  }

  /** Takes bytes; they are not changed by anyone afterwards. */
  push(chunk: Buffer): void {
    if (this.#at === this.#bytes.length && this.#laterBytes === 0) {
      this.#bytes = chunk;
      this.#at = 0;
      return;
    }
    this.#later.push(chunk);
    this.#laterBytes += chunk.length;
  }

  /** The next command; undefined when more bytes are needed. Never an empty list. */
  next(): Buffer[] | ProtocolError | undefined {
    if (this.#failed !== undefined) return this.#failed;
    if (this.heldBytes < this.#needed) return undefined;
    this.#gather();
    this.#needed = 1;
    const parsed = this.#parse();
    if (parsed instanceof ProtocolError) this.#failed = parsed;
    return parsed;
  }

  #gather(): void {
    if (this.#laterBytes === 0) return;
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...this.#later]);
    this.#at = 0;
    this.#later = [];
    this.#laterBytes = 0;
  }

  #parse(): Buffer[] | ProtocolError | undefined {
    while (this.#argsLeft === 0) {
      if (this.#at >= this.#bytes.length) return this.#wait(1);
      const begun = this.#bytes[this.#at] === STAR ? this.#beginArray() : this.#readInline();
      if (begun !== "array" && begun !== "nothing") return begun;
    }
    return this.#readBulks();
  }

  /** The header of an array. Those without items are passed over, as in Redis. */
  #beginArray(): "array" | "nothing" | ProtocolError | undefined {
    const count = this.#readNumber("Protocol error: too big mbulk count string");
    if (count === undefined || count instanceof ProtocolError) return count;
    if (Number.isNaN(count) || count > this.limits.argumentsMax) {
      return this.limits === UNAUTHENTICATED && count > this.limits.argumentsMax
        ? new ProtocolError("Protocol error: unauthenticated multibulk length")
        : new ProtocolError("Protocol error: invalid multibulk length");
    }
    if (count <= 0) return "nothing";
    this.#argsLeft = count;
    this.#args = [];
    return "array";
  }

  #readBulks(): Buffer[] | ProtocolError | undefined {
    while (this.#argsLeft > 0) {
      if (this.#bulkLength < 0) {
        const failed = this.#readBulkHeader();
        if (failed !== "bulk") return failed;
      }
      const end = this.#at + this.#bulkLength;
      if (this.#bytes.length < end + 2) return this.#wait(this.#bulkLength + 2);
      this.#args.push(this.#bytes.subarray(this.#at, end));
      this.#at = end + 2;
      this.#bulkLength = -1;
      this.#argsLeft--;
    }
    const args = this.#args;
    this.#args = [];
    return args;
  }

  #readBulkHeader(): "bulk" | ProtocolError | undefined {
    if (this.#at >= this.#bytes.length) return this.#wait(1);
    const type = this.#bytes[this.#at];
    if (type !== DOLLAR) {
      // Redis looks at the type only once it has a whole line.
      const end = this.#lineEnd("Protocol error: too big bulk count string");
      if (typeof end !== "number") return end;
      const shown = String.fromCharCode(type ?? 0);
      return new ProtocolError(`Protocol error: expected '$', got '${shown}'`);
    }
    const length = this.#readNumber("Protocol error: too big bulk count string");
    if (length === undefined || length instanceof ProtocolError) return length;
    if (Number.isNaN(length) || length < 0) {
      return new ProtocolError("Protocol error: invalid bulk length");
    }
    if (length > this.limits.bulkBytesMax) {
      const isStranger = this.limits === UNAUTHENTICATED;
      const kind = isStranger ? "unauthenticated" : "invalid";
      return new ProtocolError(`Protocol error: ${kind} bulk length`);
    }
    this.#bulkLength = length;
    return "bulk";
  }

  /** The number after a type byte, and steps over its line; NaN where there is none. */
  #readNumber(tooLong: string): number | ProtocolError | undefined {
    const bytes = this.#bytes;
    // Nearly every header is a few digits: read without making a string of them.
    let at = this.#at + 1;
    let value = 0;
    for (let digit = digitAt(bytes, at); digit >= 0 && at - this.#at < 10;) {
      value = value * 10 + digit;
      digit = digitAt(bytes, ++at);
    }
    if (bytes[at] === CR && at + 1 < bytes.length && isPlain(bytes, this.#at + 1, at)) {
      this.#at = at + 2;
      return value;
    }
    const end = this.#lineEnd(tooLong);
    if (typeof end !== "number") return end;
    if (end + 1 >= bytes.length) return this.#wait(end + 2 - this.#at);
    const text = bytes.toString("latin1", this.#at + 1, end);
    this.#at = end + 2;
    return /^(0|-?[1-9]\d{0,17})$/.test(text) ? Number(text) : Number.NaN;
  }

  /** Where the carriage return is that ends the line at `#at`. */
  #lineEnd(tooLong: string): number | ProtocolError | undefined {
    const end = this.#bytes.indexOf(CR, this.#at);
    if (end >= 0) return end;
    const held = this.#bytes.length - this.#at;
    return held > LINE_BYTES_MAX ? new ProtocolError(tooLong) : this.#wait(held + 1);
  }

  #readInline(): Buffer[] | "nothing" | ProtocolError | undefined {
    const end = this.#bytes.indexOf(LF, this.#at);
    if (end < 0) {
      const held = this.#bytes.length - this.#at;
      return held > LINE_BYTES_MAX
        ? new ProtocolError("Protocol error: too big inline request")
        : this.#wait(held + 1);
    }
    const hasReturn = end > this.#at && this.#bytes[end - 1] === CR;
    const args = splitInline(this.#bytes.subarray(this.#at, hasReturn ? end - 1 : end));
    this.#at = end + 1;
    if (args === undefined) {
      return new ProtocolError("Protocol error: unbalanced quotes in request");
    }
    return args.length === 0 ? "nothing" : args;
  }

  #wait(byteCount: number): undefined {
    this.#needed = byteCount;
    return undefined;
  }
}

function digitAt(bytes: Buffer, at: number): number {
  const digit = (bytes[at] ?? 0) - 48;
  return digit <= 9 ? digit : -1;
}

/** Whether digits are written as Redis wants them: at least one, and no zero in front. */
function isPlain(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 1 || (end > start && bytes[start] !== 48);
}
