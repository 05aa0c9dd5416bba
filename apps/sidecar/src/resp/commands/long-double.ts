/**
 * Floating point as Redis counts with it: 64 bits of mantissa, where JavaScript has 53, so that
 * INCRBYFLOAT gives the same digits.
 *
 * A number is `mantissa × 2^exponent` with a mantissa below 2^64. Infinities are the numbers' own.
 * Not here: commands.
 */

const MANTISSA_BITS = 64;

/** What is printed after the point, before zeros are left off. */
const DIGITS = 17;

/** Beyond these powers of ten nothing is a long double. */
const POWER_MAX = 4_932;
const POWER_MIN = -4_950;

const FLOAT = /^([+-]?)(?:([0-9]*)(?:\.([0-9]*))?(?:e([+-]?[0-9]+))?|(inf(?:inity)?))$/i;

const HEXADECIMAL = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?[0-9]+))?$/i;

/** Beyond these powers of two nothing is a long double. */
const BINARY_POWER_MAX = 16_383;

/** A number; see the head of this file. */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
  /** Infinite, with the sign of the mantissa. */
  readonly isInfinite: boolean;
}

/** Zero. */
export const LONG_ZERO: LongDouble = { mantissa: 0n, exponent: 0, isInfinite: false };

/** The number that text spells; undefined where it spells none. */
export function parseLongDouble(text: string): LongDouble | undefined {
  const match = FLOAT.exec(text);
  if (!match) return parseHexadecimal(text);
  const [, sign, whole = "", fraction = "", power, infinite] = match;
  const factor = sign === "-" ? -1n : 1n;
  if (infinite !== undefined) return { mantissa: factor, exponent: 0, isInfinite: true };
  if (whole + fraction === "") return undefined;
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return LONG_ZERO;
  const scale = Number(power ?? 0) - fraction.length;
  const magnitude = digits.toString().length + scale;
  if (magnitude > POWER_MAX || magnitude < POWER_MIN) return undefined;
  const ten = 10n ** BigInt(Math.abs(scale));
  return scale >= 0 ? ratio(factor * digits * ten, 1n) : ratio(factor * digits, ten);
}

function parseHexadecimal(text: string): LongDouble | undefined {
  const match = HEXADECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", power] = match;
  if (whole + fraction === "") return undefined;
  const mantissa = BigInt(`0x${whole}${fraction}`);
  const exponent = Number(power ?? 0) - 4 * fraction.length;
  if (mantissa === 0n) return LONG_ZERO;
  if (Math.abs(exponent + bitLength(mantissa)) > BINARY_POWER_MAX) return undefined;
  return rounded(sign === "-" ? -mantissa : mantissa, exponent, false);
}

/** The sum; undefined where it is no number. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (a.isInfinite || b.isInfinite) return undefined;
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = ({ mantissa, exponent: own }: LongDouble): bigint =>
    mantissa << BigInt(own - exponent);
  return rounded(scaled(a) + scaled(b), exponent, false);
}

/** As Redis prints it for people: 17 digits after the point, less the zeros at the end. */
export function formatLongDouble({ mantissa, exponent }: LongDouble): string {
  const scaled = (mantissa < 0n ? -mantissa : mantissa) * 10n ** BigInt(DIGITS);
  const digits = exponent >= 0 ? scaled << BigInt(exponent) : halfEven(scaled, -exponent, false);
  const text = digits.toString().padStart(DIGITS + 1, "0");
  const fraction = text.slice(-DIGITS).replace(/0+$/, "");
  const number = text.slice(0, -DIGITS) + (fraction === "" ? "" : `.${fraction}`);
  return mantissa < 0n && number !== "0" ? `-${number}` : number;
}

/** The nearest number to a fraction. */
function ratio(numerator: bigint, denominator: bigint): LongDouble {
  const bits = bitLength(numerator) - bitLength(denominator);
  const shift = Math.max(0, MANTISSA_BITS + 2 - bits);
  const scaled = numerator << BigInt(shift);
  const quotient = scaled / denominator;
  return rounded(quotient, -shift, quotient * denominator !== scaled);
}

/** The nearest number with few enough bits; `hasMore` says that a little is missing away from zero. */
function rounded(mantissa: bigint, exponent: number, hasMore: boolean): LongDouble {
  const size = mantissa < 0n ? -mantissa : mantissa;
  const excess = bitLength(size) - MANTISSA_BITS;
  if (excess <= 0) return { mantissa, exponent, isInfinite: false };
  const kept = halfEven(size, excess, hasMore);
  return { mantissa: mantissa < 0n ? -kept : kept, exponent: exponent + excess, isInfinite: false };
}

/** Divides by a power of two; halves go to the even side. */
function halfEven(value: bigint, shift: number, hasMore: boolean): bigint {
  const bits = BigInt(shift);
  const kept = value >> bits;
  const rest = value - (kept << bits);
  const half = 1n << (bits - 1n);
  const isUp = rest > half || (rest === half && (hasMore || kept % 2n === 1n));
  return isUp ? kept + 1n : kept;
}

function bitLength(value: bigint): number {
  const text = (value < 0n ? -value : value).toString(16);
  return value === 0n
    ? 0
    : text.length * 4 - Math.clz32(Number.parseInt(text[0] as string, 16)) + 28;
}
