/**
 * Walks MessagePack bytes before they are decoded, so that a few hostile bytes cannot make the
 * decoder allocate: every length must fit into what remains, and nesting is bounded.
 *
 * The format: https://github.com/msgpack/msgpack/blob/master/spec.md.
 *
 * Not a decoder: it makes no values and knows no messages.
 */

/** How deeply arrays and maps may nest in a frame. */
export const NESTING_MAX = 32;

interface Header {
  /** Bytes of the header itself. */
  readonly size: number;
  /** Bytes of content that follow. */
  readonly content: number;
  /** Values that follow. */
  readonly values: number;
}

const FIXED_SIZES: ReadonlyMap<number, number> = new Map([
  [0xc0, 0],
  [0xc2, 0],
  [0xc3, 0],
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
]);

const BYTE_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0xc4, 1],
  [0xc5, 2],
  [0xc6, 4],
  [0xd9, 1],
  [0xda, 2],
  [0xdb, 4],
]);

const VALUE_LENGTHS: ReadonlyMap<number, { length: number; each: number }> = new Map([
  [0xdc, { length: 2, each: 1 }],
  [0xdd, { length: 4, each: 1 }],
  [0xde, { length: 2, each: 2 }],
  [0xdf, { length: 4, each: 2 }],
]);

function unsigned(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

/** The header at `at`; undefined for extensions and reserved codes, which no message uses. */
function headerAt(bytes: Uint8Array, at: number): Header | undefined {
  const code = bytes[at] as number;
  if (code <= 0x7f || code >= 0xe0) return { size: 1, content: 0, values: 0 };
  if (code <= 0x8f) return { size: 1, content: 0, values: (code & 0x0f) * 2 };
  if (code <= 0x9f) return { size: 1, content: 0, values: code & 0x0f };
  if (code <= 0xbf) return { size: 1, content: code & 0x1f, values: 0 };
  const fixed = FIXED_SIZES.get(code);
  if (fixed !== undefined) return { size: 1, content: fixed, values: 0 };
  const lengthSize = BYTE_LENGTHS.get(code);
  if (lengthSize !== undefined) {
    const content = unsigned(bytes, at + 1, lengthSize);
    return { size: 1 + lengthSize, content, values: 0 };
  }
  const container = VALUE_LENGTHS.get(code);
  if (!container) return undefined;
  const values = unsigned(bytes, at + 1, container.length) * container.each;
  return { size: 1 + container.length, content: 0, values };
}

/** Whether `bytes` are exactly one well-formed value without extensions. */
export function isWellFormed(bytes: Uint8Array): boolean {
  const pending: number[] = [1];
  let at = 0;
  while (pending.length > 0) {
    const depth = pending.length - 1;
    const left = pending[depth] as number;
    if (left === 0) {
      pending.pop();
      continue;
    }
    pending[depth] = left - 1;
    if (at >= bytes.length) return false;
    const header = headerAt(bytes, at);
    if (!header) return false;
    at += header.size + header.content;
    if (at > bytes.length) return false;
    if (header.values > 0) pending.push(header.values);
    if (pending.length > NESTING_MAX) return false;
  }
  return at === bytes.length;
}
