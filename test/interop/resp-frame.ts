/**
 * Replies of the Redis protocol, RESP2 and RESP3, as trees that remember their bytes.
 *
 * Written apart from the sidecar's own codec on purpose: what both read alike is not one mistake made
 * twice. Not here: sockets (resp-connection.ts).
 */

/** One reply: its type byte, and its content. */
export interface Frame {
  /** `+ - : $ * _ , # ! = ( % ~ > |`; a null of RESP2 keeps its `$` or `*`. */
  readonly type: string;
  /** Scalars: the bytes of the content as latin1; null where there is none. */
  readonly text: string | null;
  /** Aggregates: what is in them, maps as key, value, key, value …; undefined for scalars. */
  readonly items?: readonly Frame[];
}

/** A frame and where the next one begins. */
interface Parsed {
  readonly frame: Frame;
  readonly end: number;
}

const SCALARS = new Set(["+", "-", ":", "_", ",", "#", "("]);
const BULKS = new Set(["$", "!", "="]);
const AGGREGATES = new Set(["*", "~", ">"]);
const PAIRED = new Set(["%", "|"]);

/** The frame that begins at `start`; undefined as long as bytes are missing. Throws on what is none. */
export function parseFrame(bytes: Buffer, start: number): Parsed | undefined {
  const lineEnd = bytes.indexOf("\r\n", start, "latin1");
  if (lineEnd < 0) return undefined;
  const type = String.fromCharCode(bytes[start] ?? 0);
  const line = bytes.toString("latin1", start + 1, lineEnd);
  const next = lineEnd + 2;
  if (SCALARS.has(type)) return { frame: { type, text: line }, end: next };
  const count = Number(line);
  if (!Number.isInteger(count)) throw new Error(`no reply begins with ${type}${line}`);
  if (BULKS.has(type)) return parseBulk(bytes, { type, count, next });
  if (!AGGREGATES.has(type) && !PAIRED.has(type))
    throw new Error(`no reply begins with ${JSON.stringify(type + line)}`);
  if (count < 0) return { frame: { type, text: null }, end: next };
  return parseItems(bytes, { type, count: PAIRED.has(type) ? count * 2 : count, next });
}

interface Head {
  readonly type: string;
  readonly count: number;
  readonly next: number;
}

function parseBulk(bytes: Buffer, { type, count, next }: Head): Parsed | undefined {
  if (count < 0) return { frame: { type, text: null }, end: next };
  if (bytes.length < next + count + 2) return undefined;
  if (bytes.toString("latin1", next + count, next + count + 2) !== "\r\n")
    throw new Error(`a bulk string of ${count} bytes does not end where it says`);
  return {
    frame: { type, text: bytes.toString("latin1", next, next + count) },
    end: next + count + 2,
  };
}

function parseItems(bytes: Buffer, { type, count, next }: Head): Parsed | undefined {
  const items: Frame[] = [];
  let end = next;
  while (items.length < count) {
    const item = parseFrame(bytes, end);
    if (!item) return undefined;
    items.push(item.frame);
    end = item.end;
  }
  return { frame: { type, text: null, items }, end };
}

/** A command as clients send it: an array of bulk strings. */
export function encodeCommand(args: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === "string" ? Buffer.from(arg, "latin1") : arg;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

/** A frame as its bytes were. */
export function encodeFrame({ type, text, items }: Frame): string {
  if (items) {
    const count = PAIRED.has(type) ? items.length / 2 : items.length;
    return `${type}${count}\r\n${items.map(encodeFrame).join("")}`;
  }
  if (SCALARS.has(type)) return `${type}${text}\r\n`;
  return text === null ? `${type}-1\r\n` : `${type}${text.length}\r\n${text}\r\n`;
}

/** What a client's user would get: texts (as latin1), integers, null, arrays. Errors are thrown. */
export function valueOf(frame: Frame): unknown {
  const { type, text, items } = frame;
  if (items) return items.map(valueOf);
  if (type === "-" || type === "!") throw new Error(String(text));
  return type === ":" ? Number(text) : type === "_" ? null : text;
}
