/**
 * Replies as data: what a command answers, before anyone knows in which protocol it leaves.
 *
 * RESP3 has kinds that RESP2 lacks; the encoder says what each becomes there (reply-encoder.ts).
 * Not here: bytes, and when a reply leaves.
 */

/** One reply. Byte values are not copied: who hands them in does not change them afterwards. */
export type Reply =
  /** A status line, `+OK`. No line breaks in it. */
  | { readonly kind: "simple"; readonly text: string }
  /** An error with its code in front, `ERR syntax error`; line breaks become spaces, as in Redis. */
  | { readonly kind: "error"; readonly text: string }
  /** Safe integers as numbers, wider ones (up to 64 bits) as bigints. */
  | { readonly kind: "integer"; readonly value: number | bigint }
  /** A string of bytes; text is written as UTF-8. */
  | { readonly kind: "bulk"; readonly value: Uint8Array | string }
  /** No value: RESP2 `$-1`. */
  | { readonly kind: "null" }
  /** No list: RESP2 `*-1`, RESP3 the same as `null`. */
  | { readonly kind: "null-array" }
  | { readonly kind: "array"; readonly items: readonly Reply[] }
  /** RESP2: an array. */
  | { readonly kind: "set"; readonly items: readonly Reply[] }
  /** Key, value, key, value …; RESP2: that array. */
  | { readonly kind: "map"; readonly items: readonly Reply[] }
  /** Out of band; RESP2: an array. */
  | { readonly kind: "push"; readonly items: readonly Reply[] }
  /** RESP2: a bulk string of the number. */
  | { readonly kind: "double"; readonly value: number }
  /** RESP2: 1 or 0. */
  | { readonly kind: "boolean"; readonly value: boolean }
  /** Text for people; RESP2: a bulk string. */
  | { readonly kind: "verbatim"; readonly text: string };

/** The protocol of a connection: 2 until HELLO asks for another. */
export type Protocol = 2 | 3;

/** `+OK`. */
export const OK: Reply = { kind: "simple", text: "OK" };

/** No value. */
export const NULL: Reply = { kind: "null" };

/** No list. */
export const NULL_ARRAY: Reply = { kind: "null-array" };

/** `:0`. */
export const ZERO: Reply = { kind: "integer", value: 0 };

/** `:1`. */
export const ONE: Reply = { kind: "integer", value: 1 };

/** An array without items. */
export const EMPTY_ARRAY: Reply = { kind: "array", items: [] };

/** What is said where options contradict each other or are unknown. */
export const SYNTAX_ERROR: Reply = { kind: "error", text: "ERR syntax error" };

/** What is said where a number was expected. */
export const NOT_AN_INTEGER: Reply = {
  kind: "error",
  text: "ERR value is not an integer or out of range",
};

/** What is said where the key holds another type. */
export const WRONG_TYPE: Reply = {
  kind: "error",
  text: "WRONGTYPE Operation against a key holding the wrong kind of value",
};

/** A status line. */
export function simple(text: string): Reply {
  return { kind: "simple", text };
}

/** An error; `text` begins with its code, as in `ERR no such key`. */
export function error(text: string): Reply {
  return { kind: "error", text };
}

/** An integer of up to 64 bits. */
export function integer(value: number | bigint): Reply {
  if (value === 0) return ZERO;
  return value === 1 ? ONE : { kind: "integer", value };
}

/** A string of bytes, not copied. */
export function bulk(value: Uint8Array | string): Reply {
  return { kind: "bulk", value };
}

/** A string of bytes, or no value. */
export function bulkOrNull(value: Uint8Array | string | undefined): Reply {
  return value === undefined ? NULL : { kind: "bulk", value };
}

/** A list. */
export function array(items: readonly Reply[]): Reply {
  return items.length === 0 ? EMPTY_ARRAY : { kind: "array", items };
}

/** A map from its keys and values, one after the other. */
export function map(items: readonly Reply[]): Reply {
  return { kind: "map", items };
}
