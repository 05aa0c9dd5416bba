/** Random commands that concern a connection, and the scripts that clients send, for streams.ts. */
import type { Prng } from "../../../packages/core/src/prng.js";
import { type Draw, keyOf, valueOf } from "./draws.js";

/** phpredis' release of a lock: deleted only where it is still one's own. */
export const UNLOCK =
  'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end';

/** Its SHA-1, by which phpredis calls it. */
export const UNLOCK_SHA1 = "b70c2384248f88e6b75b9f89241a180f856ad852";

const UNKNOWN_SHA1 = "0123456789abcdef0123456789abcdef01234567";

const hello = (random: Prng): string[] =>
  random.pick([
    ["HELLO"],
    ["HELLO", "2"],
    ["HELLO", "3"],
    ["HELLO", "4"],
    ["HELLO", "x"],
    ["HELLO", "3", "FOO"],
  ]);

/** Of the commands that a sidecar does not have, some that leave nothing behind. */
export const ABSENT: readonly string[] = (
  "SISMEMBER SCARD ZSCORE LLEN XLEN PFCOUNT GEOPOS PUBLISH WATCH UNWATCH DISCARD GETBIT LCS DUMP " +
  "SORT WAIT"
).split(" ");

/** All of them. */
export const connectionCommands: readonly Draw[] = [
  () => ["PING"],
  (random) => ["PING", valueOf(random)],
  (random) => ["ECHO", valueOf(random)],
  (random) => ["SELECT", random.pick(["0", "0", "0", "1", "15", "16", "-1", "x"])],
  hello,
  (random) => (random.chance(0.2) ? ["RESET"] : ["SELECT", "0"]),
  (random) => ["AUTH", ...random.pick([["x"], ["default", "x"], ["nobody", "x"]])],
  (random) => ["CLIENT", "SETNAME", random.pick(["app", "two words", ""])],
  () => ["CLIENT", "GETNAME"],
  (random) => ["EVAL", UNLOCK, "1", keyOf(random), valueOf(random)],
  (random) => [
    "EVALSHA",
    random.pick([UNLOCK_SHA1, UNLOCK_SHA1.toUpperCase()]),
    "1",
    keyOf(random),
    "a",
  ],
  (random) => ["EVALSHA", UNKNOWN_SHA1, "1", keyOf(random)],
  (random) => ["EVALSHA", UNLOCK_SHA1, random.pick(["x", "-1", "3"]), keyOf(random)],
  () => ["SCRIPT", "EXISTS", UNLOCK_SHA1, UNKNOWN_SHA1],
  () => ["SCRIPT", "LOAD", UNLOCK],
  () => ["EVAL", "return 1", "0"],
  (random) => [random.pick(ABSENT), keyOf(random), "0"],
  (random) => ["OBJECT", "ENCODING", keyOf(random)],
];
