/**
 * The shapes in which Node takes the arguments of writeHead, write and end.
 *
 * Not here: refusing them. A call that Node refuses is handed to Node, which throws its own error.
 */
import type { ServerResponse } from "node:http";

/** What write and end were called with; callbacks and encodings may be left out. */
export interface WriteArguments {
  readonly chunk: unknown;
  readonly encoding: BufferEncoding | undefined;
  readonly callback: (() => void) | undefined;
}

/** Reads `(chunk?, encoding?, callback?)` with any of them left out. */
export function writeArguments(args: readonly unknown[]): WriteArguments {
  const callback = args.find((arg) => typeof arg === "function") as (() => void) | undefined;
  const [chunk, encoding] = args;
  return {
    chunk: typeof chunk === "function" ? undefined : chunk,
    encoding: typeof encoding === "string" ? (encoding as BufferEncoding) : undefined,
    callback,
  };
}

/** Whether Node refuses this chunk with an error at once. */
export function isBadChunk(chunk: unknown): boolean {
  return typeof chunk !== "string" && !(chunk instanceof Uint8Array);
}

const BAD_REASON = /[^\t\x20-\x7e\x80-\xff]/;

/** Whether Node refuses this status code or reason of writeHead with an error at once. */
export function isBadHead(args: readonly unknown[]): boolean {
  const [status, reason] = args;
  const code = Number(status) | 0;
  return code < 100 || code > 999 || (typeof reason === "string" && BAD_REASON.test(reason));
}

/**
 * Moves the headers of a writeHead call onto the response, where a cookie can join them and a
 * substitute can remove them. Returns the arguments that are left. Throws what setHeader throws.
 */
export function applyHead(res: ServerResponse, args: readonly unknown[]): readonly unknown[] {
  const [status, reason, fields] = args;
  const hasReason = typeof reason === "string";
  const headers = fields ?? (hasReason ? undefined : reason);
  if (Array.isArray(headers)) applyList(res, headers);
  else if (headers) {
    for (const [name, value] of Object.entries(headers as Record<string, string>)) {
      if (name) res.setHeader(name, value);
    }
  }
  const code = Number(status) | 0;
  res.statusCode = code;
  if (!hasReason) return [code];
  res.statusMessage = reason;
  return [code, reason];
}

/** `[name, value, name, value]` or `[[name, value]]`; a name that comes twice stays twice. */
function applyList(res: ServerResponse, list: readonly unknown[]): void {
  const pairs = (Array.isArray(list[0]) ? list : pairsOf(list)) as [string, string][];
  for (const [name] of pairs) if (name) res.removeHeader(name);
  for (const [name, value] of pairs) if (name) res.appendHeader(name, value);
}

function pairsOf(list: readonly unknown[]): readonly (readonly unknown[])[] {
  if (list.length % 2 !== 0) {
    throw new TypeError("[session-mesh] writeHead takes names and values in turn; one is missing");
  }
  return Array.from({ length: list.length / 2 }, (_, index) =>
    list.slice(index * 2, index * 2 + 2),
  );
}
