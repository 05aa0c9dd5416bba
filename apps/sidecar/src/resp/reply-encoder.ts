/**
 * Replies to bytes, RESP2 or RESP3, gathered so that all replies of one turn leave in one write.
 *
 * Not here: sockets, and the order of replies (connection.ts).
 */
import type { Protocol, Reply } from "./reply.js";

const SLAB_BYTES = 64 * 1024;
/** Values longer than this are handed to the socket as they are, not copied. */
const COPIED_BYTES_MAX = 16 * 1024;
/** Room for the header of any reply: a type, 20 digits, sign and line end. */
const HEADER_BYTES_MAX = 32;
const CR = 13;
const LF = 10;

/**
 * Gathers encoded replies. `take` empties it; what it gave out is never written to again, so a socket
 * may keep it as long as it likes.
 */
export class ReplyEncoder {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #start = 0;
  #end = 0;
  #full: Buffer[] = [];
  #fullBytes = 0;

  /** How much was written since the last `take`. */
  get pendingBytes(): number {
    return this.#end - this.#start + this.#fullBytes;
  }

  /** Appends a reply. */
  write(reply: Reply, protocol: Protocol): void {
    switch (reply.kind) {
      case "simple":
        return this.#line("+", reply.text);
      case "error":
        return this.#line("-", reply.text.replace(/[\r\n]/g, " "));
      case "integer":
        return this.#header(58, reply.value);
      case "bulk":
        return this.#bulk(reply.value);
      case "null":
        return this.#raw(protocol === 2 ? "$-1\r\n" : "_\r\n");
      case "null-array":
        return this.#raw(protocol === 2 ? "*-1\r\n" : "_\r\n");
      case "array":
        return this.#items(42, reply.items.length, reply.items, protocol);
      default:
        return this.#writeNewer(reply, protocol);
    }
  }

  /** Everything written since the last call, for one write of a socket. */
  take(): Buffer[] {
    this.#cut();
    const taken = this.#full;
    this.#full = [];
    this.#fullBytes = 0;
    return taken;
  }

  /** The kinds that RESP3 brought. */
  #writeNewer(reply: Reply, protocol: Protocol): void {
    const isOld = protocol === 2;
    switch (reply.kind) {
      case "map":
        return isOld
          ? this.#items(42, reply.items.length, reply.items, protocol)
          : this.#items(37, reply.items.length / 2, reply.items, protocol);
      case "set":
        return this.#items(isOld ? 42 : 126, reply.items.length, reply.items, protocol);
      case "push":
        return this.#items(isOld ? 42 : 62, reply.items.length, reply.items, protocol);
      case "double":
        return isOld
          ? this.#bulk(doubleText(reply.value))
          : this.#line(",", doubleText(reply.value));
      case "boolean":
        if (isOld) return this.#raw(reply.value ? ":1\r\n" : ":0\r\n");
        return this.#raw(reply.value ? "#t\r\n" : "#f\r\n");
      case "verbatim":
        if (isOld) return this.#bulk(reply.text);
        return this.#raw(`=${Buffer.byteLength(reply.text) + 4}\r\ntxt:${reply.text}\r\n`);
    }
  }

  #items(type: number, count: number, items: readonly Reply[], protocol: Protocol): void {
    this.#header(type, count);
    for (const item of items) this.write(item, protocol);
  }

  #bulk(value: Uint8Array | string): void {
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    const length = bytes.length;
    this.#header(36, length);
    if (length > COPIED_BYTES_MAX) {
      this.#cut();
      this.#push(Buffer.from(bytes.buffer, bytes.byteOffset, length));
    } else {
      this.#reserve(length);
      this.#slab.set(bytes, this.#end);
      this.#end += length;
    }
    this.#reserve(2);
    this.#lineEnd();
  }

  /** A type and a number. */
  #header(type: number, value: number | bigint): void {
    this.#reserve(HEADER_BYTES_MAX);
    const slab = this.#slab;
    slab[this.#end++] = type;
    if (typeof value === "number" && value >= 0 && value < 10) {
      slab[this.#end++] = 48 + value;
    } else {
      this.#end += slab.write(String(value), this.#end, "latin1");
    }
    this.#lineEnd();
  }

  #line(type: string, text: string): void {
    this.#raw(`${type}${text}\r\n`);
  }

  /** Text of bytes: what came from a client in an error goes back as it was. */
  #raw(text: string): void {
    if (text.length > COPIED_BYTES_MAX) {
      this.#cut();
      this.#push(Buffer.from(text, "latin1"));
      return;
    }
    this.#reserve(text.length);
    this.#end += this.#slab.write(text, this.#end, "latin1");
  }

  #lineEnd(): void {
    this.#slab[this.#end++] = CR;
    this.#slab[this.#end++] = LF;
  }

  #reserve(byteCount: number): void {
    if (this.#end + byteCount <= this.#slab.length) return;
    this.#cut();
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#start = 0;
    this.#end = 0;
  }

  #cut(): void {
    if (this.#end > this.#start) this.#push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #push(bytes: Buffer): void {
    this.#full.push(bytes);
    this.#fullBytes += bytes.length;
  }
}

/** As Redis prints a double: 17 digits where needed, and names for what is not finite. */
function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return String(value);
}
