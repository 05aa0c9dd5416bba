/** Random commands on hashes, for streams.ts. */
import type { Prng } from "../../../packages/core/src/prng.js";
import { type Draw, fieldOf, floatOf, integerOf, keyOf, someOf, valueOf } from "./draws.js";

const pairs = (random: Prng): string[] =>
  someOf(random, () => "").flatMap(() => [fieldOf(random), valueOf(random)]);

const randomFields = (random: Prng): string[] =>
  random.chance(0.3)
    ? []
    : [
        random.pick(["0", "1", "3", "100", "-1", "-5", "x"]),
        ...(random.chance(0.5) ? ["WITHVALUES"] : []),
      ];

/** All of them. */
export const hashCommands: readonly Draw[] = [
  (random) => ["HSET", keyOf(random), ...pairs(random)],
  (random) => ["HSET", keyOf(random), ...pairs(random)],
  (random) => ["HMSET", keyOf(random), ...pairs(random)],
  (random) => ["HSETNX", keyOf(random), fieldOf(random), valueOf(random)],
  (random) => ["HGET", keyOf(random), fieldOf(random)],
  (random) => ["HMGET", keyOf(random), ...someOf(random, fieldOf)],
  (random) => ["HGETALL", keyOf(random)],
  (random) => ["HDEL", keyOf(random), ...someOf(random, fieldOf)],
  (random) => ["HEXISTS", keyOf(random), fieldOf(random)],
  (random) => ["HLEN", keyOf(random)],
  (random) => ["HKEYS", keyOf(random)],
  (random) => ["HVALS", keyOf(random)],
  (random) => ["HSTRLEN", keyOf(random), fieldOf(random)],
  (random) => ["HINCRBY", keyOf(random), fieldOf(random), integerOf(random)],
  (random) => ["HINCRBYFLOAT", keyOf(random), fieldOf(random), floatOf(random)],
  (random) => ["HRANDFIELD", keyOf(random), ...randomFields(random)],
  (random) => ["HSCAN", keyOf(random), "0", "COUNT", "1000"],
  (random) => ["HSCAN", keyOf(random), "0", "MATCH", random.pick(["*", "f*", "f[12]", "?1"])],
];
