/** Random commands on strings and counters, for streams.ts. */
import type { Prng } from "../../../packages/core/src/prng.js";
import {
  type Draw,
  floatOf,
  integerOf,
  keyOf,
  millisecondsOf,
  secondsOf,
  someOf,
  valueOf,
} from "./draws.js";

/** One of the ways to say when a key ends; `keeping` is the word that leaves it as it is. */
function lifeOf(random: Prng, keeping: string): string[] {
  return random.pick([
    () => ["EX", secondsOf(random)],
    () => ["PX", millisecondsOf(random)],
    () => ["EXAT", `{now+${random.range(200, 200_000)}}`],
    () => ["PXAT", `{nowms+${random.range(200_000, 200_000_000)}}`],
    () => [keeping],
  ])();
}

function setOptions(random: Prng): string[] {
  const options = [
    ...(random.chance(0.4) ? [lifeOf(random, "KEEPTTL")] : []),
    ...(random.chance(0.3) ? [[random.pick(["NX", "XX"])]] : []),
    ...(random.chance(0.25) ? [["GET"]] : []),
    ...(random.chance(0.03) ? [lifeOf(random, "KEEPTTL")] : []),
  ];
  return random.shuffle(options).flat();
}

const pairs = (random: Prng): string[] =>
  someOf(random, () => "", 3).flatMap(() => [keyOf(random), valueOf(random)]);

/** All of them. */
export const stringCommands: readonly Draw[] = [
  (random) => ["GET", keyOf(random)],
  (random) => ["SET", keyOf(random), valueOf(random)],
  (random) => ["SET", keyOf(random), valueOf(random), ...setOptions(random)],
  (random) => ["SET", keyOf(random), valueOf(random), ...setOptions(random)],
  (random) => ["SETNX", keyOf(random), valueOf(random)],
  (random) => ["SETEX", keyOf(random), secondsOf(random), valueOf(random)],
  (random) => ["PSETEX", keyOf(random), millisecondsOf(random), valueOf(random)],
  (random) => ["GETSET", keyOf(random), valueOf(random)],
  (random) => ["GETDEL", keyOf(random)],
  (random) => ["GETEX", keyOf(random), ...(random.chance(0.8) ? lifeOf(random, "PERSIST") : [])],
  (random) => ["MGET", ...someOf(random, keyOf)],
  (random) => ["MSET", ...pairs(random)],
  (random) => ["MSETNX", ...pairs(random)],
  (random) => ["STRLEN", keyOf(random)],
  (random) => ["APPEND", keyOf(random), valueOf(random)],
  (random) => ["GETRANGE", keyOf(random), integerOf(random), integerOf(random)],
  (random) => [
    "SETRANGE",
    keyOf(random),
    random.pick(["0", "1", "5", "20", "-1", "x"]),
    valueOf(random),
  ],
  (random) => ["INCR", keyOf(random)],
  (random) => ["DECR", keyOf(random)],
  (random) => ["INCRBY", keyOf(random), integerOf(random)],
  (random) => ["DECRBY", keyOf(random), integerOf(random)],
  (random) => ["INCRBYFLOAT", keyOf(random), floatOf(random)],
];
