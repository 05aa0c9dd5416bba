/** Random commands on keys of any type, and on their lives, for streams.ts. */
import type { Prng } from "../../../packages/core/src/prng.js";
import { type Draw, keyOf, millisecondsOf, secondsOf, someOf } from "./draws.js";

const condition = (random: Prng): string[] =>
  random.chance(0.4) ? [random.pick(["NX", "XX", "GT", "LT", "gt", "ZZ"])] : [];

const PATTERNS = [
  "*",
  "k*",
  "k?",
  "k[12]",
  "k[^1]",
  "*:*",
  "k\\[6\\]\\*",
  "",
  "h*llo",
  "[",
  "k[1-3]",
];
const pattern = (random: Prng): string => random.pick(PATTERNS);

const scanOptions = (random: Prng): string[] => [
  ...(random.chance(0.5) ? ["MATCH", pattern(random)] : []),
  ...(random.chance(0.3) ? ["TYPE", random.pick(["string", "hash", "list", "STRING"])] : []),
];

/** All of them. */
export const keyCommands: readonly Draw[] = [
  (random) => ["DEL", ...someOf(random, keyOf, 3)],
  (random) => ["UNLINK", ...someOf(random, keyOf, 3)],
  (random) => ["EXISTS", ...someOf(random, keyOf, 3)],
  (random) => ["TYPE", keyOf(random)],
  (random) => ["TOUCH", ...someOf(random, keyOf, 3)],
  (random) => ["EXPIRE", keyOf(random), secondsOf(random), ...condition(random)],
  (random) => ["PEXPIRE", keyOf(random), millisecondsOf(random), ...condition(random)],
  (random) => [
    "EXPIREAT",
    keyOf(random),
    `{now+${random.range(200, 200_000)}}`,
    ...condition(random),
  ],
  (random) => ["PEXPIREAT", keyOf(random), `{nowms+${random.range(200_000, 200_000_000)}}`],
  (random) => ["EXPIREAT", keyOf(random), random.pick(["0", "1", "-1", "1600000000", "x"])],
  (random) => ["TTL", keyOf(random)],
  (random) => ["PTTL", keyOf(random)],
  (random) => ["EXPIRETIME", keyOf(random)],
  (random) => ["PEXPIRETIME", keyOf(random)],
  (random) => ["PERSIST", keyOf(random)],
  (random) => ["RENAME", keyOf(random), keyOf(random)],
  (random) => ["RENAMENX", keyOf(random), keyOf(random)],
  (random) => ["COPY", keyOf(random), keyOf(random), ...(random.chance(0.5) ? ["REPLACE"] : [])],
  (random) => ["COPY", keyOf(random), keyOf(random), "DB", random.pick(["0", "1", "x"])],
  () => ["RANDOMKEY"],
  () => ["DBSIZE"],
  (random) => ["KEYS", pattern(random)],
  (random) => ["SCAN", "0", "COUNT", "1000", ...scanOptions(random)],
  (random) => (random.chance(0.1) ? [random.pick(["FLUSHDB", "FLUSHALL"])] : ["DBSIZE"]),
];
