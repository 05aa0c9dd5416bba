/**
 * Random streams of commands, functions of a seed: strings, hashes, keys, expiry, counters, scripts,
 * what is wrong with them, in RESP2 and RESP3, pipelined and not.
 *
 * Few keys of few kinds, so that commands meet what others have left, of the wrong type as well.
 * Not here: sending them (two-servers.ts), and what becomes of a stream that fails (shrink.ts).
 */
import { createPrng, type Prng } from "../../../packages/core/src/prng.js";
import type { CommandStep, Step } from "../transcript.js";
import { type Draw, keyOf } from "./draws.js";
import { hashCommands } from "./hash-commands.js";
import { keyCommands } from "./key-commands.js";
import { connectionCommands } from "./other-commands.js";
import { stringCommands } from "./string-commands.js";

const COMMANDS: readonly Draw[] = [
  ...stringCommands,
  ...hashCommands,
  ...hashCommands,
  ...keyCommands,
  ...keyCommands,
  ...connectionCommands,
];

/** Random words that no command expects. */
const NOISE = ["", "NX", "XX", "foo", "-1", "EX", "10", "WITHVALUES", "MATCH", "GET"];

/** A stream of about `commands` commands. */
export function streamOf(seed: number, commands: number): Step[] {
  const random = createPrng(seed);
  const steps: Step[] = [{ connection: "b", args: ["HELLO", "3"], isPipelined: false }];
  while (steps.length < commands) {
    if (random.chance(0.015)) steps.push(...expiring(random));
    else if (random.chance(0.01)) steps.push(...longLived(random));
    else steps.push(command(random, steps.at(-1)));
  }
  return steps;
}

function command(random: Prng, last: Step | undefined): CommandStep {
  const stays = last && "connection" in last && random.chance(0.7);
  const connection = stays ? last.connection : random.pick(["a", "b"]);
  const args = spoiled(random, random.pick(COMMANDS)(random));
  const isPipelined = Boolean(stays) && random.chance(0.8);
  const isInline = random.chance(0.03);
  return { connection, args, isPipelined, ...(isInline && { isInline }) };
}

/** Now and then an argument too few or too many, and the name in another case. */
function spoiled(random: Prng, args: readonly string[]): string[] {
  const [name = "", ...rest] = args;
  const spelt = random.chance(0.2) ? name.toLowerCase() : name;
  if (random.chance(0.02)) return [spelt, ...rest.slice(0, -1)];
  if (random.chance(0.02)) return [spelt, ...rest, random.pick(NOISE)];
  if (random.chance(0.005)) return [`${spelt}X`, ...rest];
  return [spelt, ...rest];
}

/** A key of its own that is given a longer life than sessions have. */
function longLived(random: Prng): Step[] {
  const seconds = String(random.range(6_000_000, 60_000_000));
  const given = random.pick([
    ["SET", "long", "v", "EX", seconds],
    ["SETEX", "long", seconds, "v"],
  ]);
  const asked = random.pick(["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]);
  return [given, [asked, "long"], ["GET", "long"], ["DEL", "long"]].map((args) => ({
    connection: "a",
    args,
    isPipelined: false,
  }));
}

/** A key that is given a short life, and is looked at when that is over. */
function expiring(random: Prng): Step[] {
  const key = keyOf(random);
  const at = (args: string[]): CommandStep => ({ connection: "a", args, isPipelined: false });
  const given = random.pick([
    [at(["SET", key, "short", "PX", "15"])],
    [at(["DEL", key]), at(["HSET", key, "f", "1"]), at(["PEXPIRE", key, "15"])],
    [at(["PEXPIREAT", key, "{nowms+15}"])],
    [at(["PEXPIRE", key, "15"])],
  ]);
  return [
    ...given,
    { waitMs: 40 },
    at(
      random.pick([
        ["GET", key],
        ["HGETALL", key],
        ["TYPE", key],
      ]),
    ),
  ];
}
