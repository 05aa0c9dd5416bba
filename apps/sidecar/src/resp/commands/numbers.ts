/**
 * Numbers as Redis reads and writes them: integers of 64 bits, strictly spelled.
 *
 * Not here: floating point (long-double.ts).
 */

const INTEGER_MAX = 2n ** 63n - 1n;
const INTEGER_MIN = -(2n ** 63n);

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;

/** The integer that bytes spell; undefined for any other spelling, and beyond 64 bits. */
export function parseInteger(bytes: Uint8Array | undefined): bigint | undefined {
  if (!bytes || bytes.length === 0 || bytes.length > 20) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text);
  return isInteger64(value) ? value : undefined;
}

/** Whether 64 bits can hold it. */
export function isInteger64(value: bigint): boolean {
  return value <= INTEGER_MAX && value >= INTEGER_MIN;
}
