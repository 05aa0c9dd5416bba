/**
 * What random commands are made of: few keys and fields, so that they meet; values of all sorts, and
 * numbers at the edges of what is one.
 *
 * Not here: the commands (string-, hash-, key- and other-commands.ts).
 */
import type { Prng } from "../../../packages/core/src/prng.js";

/** Makes one command of a kind. */
export type Draw = (random: Prng) => string[];

const KEYS = ["k1", "k2", "k3", "k4", "key:with:colons", "k 5", "\x00\xff\r\n", "", "k[6]*"];
const FIELDS = ["f1", "f2", "f3", "f4", "", "\xe4\r\n", "field five"];
const TEXTS = ["", "a", "hello", "hello world", "\x00\x01\xfe\xff", "\r\n+OK\r\n", "x".repeat(100)];
const INTEGERS = ["0", "1", "-1", "7", "42", "100", "-25"];
const EDGES =
  "9223372036854775807,-9223372036854775808,9223372036854775808,007,+1, 1,1 ,-0,0x10,1e3,3.0,nan,inf,,4294967296,9007199254740993".split(
    ",",
  );
const FLOATS = ["0.5", "1.25", "-3", "10", "3.0e3", "1e-2", "0.1", "5.0e1"];

/** A key. */
export const keyOf = (random: Prng): string =>
  random.chance(0.8) ? random.pick(KEYS.slice(0, 4)) : random.pick(KEYS);

/** A field of a hash. */
export const fieldOf = (random: Prng): string => random.pick(FIELDS);

/** A value: text, bytes, a number. */
export const valueOf = (random: Prng): string => {
  if (random.chance(0.3)) return integerOf(random);
  return random.chance(0.15) ? random.pick(FLOATS) : random.pick(TEXTS);
};

/** An integer as text, seldom one that is none. */
export const integerOf = (random: Prng): string =>
  random.chance(0.1) ? random.pick(EDGES) : random.pick(INTEGERS);

/** A number as text, seldom one that is none. */
export const floatOf = (random: Prng): string =>
  random.chance(0.1) ? random.pick(EDGES) : random.pick([...FLOATS, ...INTEGERS]);

/** A time to live in seconds that does not end within a stream, seldom one that cannot be. */
export const secondsOf = (random: Prng): string =>
  random.chance(0.1)
    ? random.pick(["0", "-1", "x", "", "9223372036854775807", "9223372036854775", "1.5"])
    : String(random.range(200, 200_000));

/** The same in milliseconds. */
export const millisecondsOf = (random: Prng): string =>
  random.chance(0.1) ? secondsOf(random) : String(random.range(200_000, 200_000_000));

/** Some of `draw`'s, at least one. */
export const someOf = (random: Prng, draw: (random: Prng) => string, max = 4): string[] =>
  Array.from({ length: random.range(1, max + 1) }, () => draw(random));
