/**
 * The cookies of one request that are ours: the session's, and the tokens whose names begin with its.
 * A header may carry many others, which are passed over unread.
 *
 * Not here: what the values mean (signed-id.ts, version-token.ts).
 */
import { isTokenName, TOKEN_COOKIES_MAX } from "./token-slots.js";

/** What came beyond this is not looked at; no client has so many of ours. */
const TOKENS_MAX = 4 * TOKEN_COOKIES_MAX;

/** What came. Of cookies of one name the first counts. */
export interface RequestCookies {
  /** The session cookie's value, decoded; undefined when there is none. */
  readonly session: string | undefined;
  /** The tokens by name, decoded. */
  readonly tokens: ReadonlyMap<string, string>;
}

const NO_TOKENS: ReadonlyMap<string, string> = new Map();

/** Reads a request's Cookie header; `name` is the session cookie's. */
export function requestCookies(header: string | undefined, name: string): RequestCookies {
  if (header === undefined) return { session: undefined, tokens: NO_TOKENS };
  let session: string | undefined;
  let tokens: Map<string, string> | undefined;
  for (let at = header.indexOf(name); at >= 0;) {
    const end = endOf(header, at);
    const equals = header.indexOf("=", at + name.length);
    if (isStartOfPair(header, at) && equals >= 0 && equals < end) {
      const each = header.slice(at, equals).trimEnd();
      if (each === name) session ??= decoded(header.slice(equals + 1, end));
      else if (isTokenName(each, name) && (tokens?.size ?? 0) < TOKENS_MAX) {
        tokens ??= new Map();
        if (!tokens.has(each)) tokens.set(each, decoded(header.slice(equals + 1, end)));
      }
    }
    at = header.indexOf(name, end);
  }
  return { session, tokens: tokens ?? NO_TOKENS };
}

/** Where the pair that `at` lies in ends. */
function endOf(header: string, at: number): number {
  const end = header.indexOf(";", at);
  return end < 0 ? header.length : end;
}

/** Whether nothing but white space lies between `at` and the pair before. */
function isStartOfPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (header[before] === " " || header[before] === "\t")) before -= 1;
  return before < 0 || header[before] === ";";
}

/** As `encodeURIComponent` made it; what that cannot have made stays as it is. */
function decoded(text: string): string {
  const value = text.trim();
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
