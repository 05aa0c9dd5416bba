/**
 * Commands about when keys end.
 *
 * Not here: ends beside a value (string-commands.ts), and what an end is (keyspace/mesh-key.ts).
 */
import type { Key } from "../../keyspace/key.js";
import { type Command, command, type ConnectionContext, type Outcome } from "../command.js";
import { error, integer, NOT_AN_INTEGER, ONE, type Reply, ZERO } from "../reply.js";
import { endOf, type TimeUnit } from "./expiry-arguments.js";
import { parseInteger } from "./numbers.js";

const LARGEST = 2n ** 63n - 1n;
const NO_KEY = integer(-2);
const NO_END = integer(-1);

type Flag = "NX" | "XX" | "GT" | "LT";

/** The conditions, or the error for them. */
export function parseFlags(args: readonly Buffer[]): ReadonlySet<Flag> | Reply {
  const flags = new Set<Flag>();
  for (const argument of args) {
    const given = argument.toString("latin1");
    const word = given.toUpperCase();
    if (word !== "NX" && word !== "XX" && word !== "GT" && word !== "LT") {
      return error(`ERR Unsupported option ${given}`);
    }
    flags.add(word);
  }
  if (flags.has("NX") && flags.size > 1) {
    return error("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (flags.has("GT") && flags.has("LT")) {
    return error("ERR GT and LT options at the same time are not compatible");
  }
  return flags;
}

/** Whether the conditions let a key end at `atMs`. */
function isAllowed(flags: ReadonlySet<Flag>, key: Key, atMs: bigint): boolean {
  if (flags.size === 0) return true;
  const now = key.expiresAtMs;
  if (flags.has("NX") && now !== undefined) return false;
  if (flags.has("XX") && now === undefined) return false;
  if (flags.has("GT") && (now === undefined || atMs <= BigInt(now))) return false;
  return !(flags.has("LT") && now !== undefined && atMs >= BigInt(now));
}

/** Lets a key end as its arguments say: when, on which conditions. */
export function expireKey(
  key: Key,
  { ms, unit, flags }: { ms: bigint; unit: TimeUnit; flags: ReadonlySet<Flag> },
): Reply {
  if (key.type === "none") return ZERO;
  const atMs = ms + (unit.isAbsolute ? 0n : BigInt(key.nowMs));
  if (!isAllowed(flags, key, atMs)) return ZERO;
  if (atMs <= BigInt(key.nowMs)) key.remove();
  else key.expire(endOf(atMs, unit, key.nowMs));
  return ONE;
}

function expire(name: string, unit: TimeUnit): Command {
  const invalid = error(`ERR invalid expire time in '${name}' command`);
  const run = (args: readonly Buffer[], context: ConnectionContext): Outcome => {
    const flags = parseFlags(args.slice(3));
    if ("kind" in flags) return flags;
    const value = parseInteger(args[2]);
    if (value === undefined) return NOT_AN_INTEGER;
    const isTooLarge = value > LARGEST / 1000n || value < -(2n ** 63n) / 1000n;
    if (unit.isSeconds && isTooLarge) return invalid;
    const ms = unit.isSeconds ? value * 1000n : value;
    if (!unit.isAbsolute && ms > LARGEST - BigInt(context.keyspace.nowMs())) return invalid;
    return context.keyspace.one(context, args[1] as Buffer, (key) =>
      expireKey(key, { ms, unit, flags }),
    );
  };
  return command(name, -3, { flags: ["write", "fast"], keys: [1, 1, 1], run });
}

function told(name: string, tell: (key: Key) => number | undefined): Command {
  const run = (args: readonly Buffer[], context: ConnectionContext): Outcome =>
    context.keyspace.one(context, args[1] as Buffer, (key) => {
      if (key.type === "none") return NO_KEY;
      const ms = tell(key);
      return ms === undefined ? NO_END : integer(ms);
    });
  return command(name, 2, { flags: ["readonly", "fast"], keys: [1, 1, 1], run });
}

function persist(args: readonly Buffer[], context: ConnectionContext): Outcome {
  return context.keyspace.one(context, args[1] as Buffer, (key) => {
    if (key.expiresAtMs === undefined) return ZERO;
    key.expire("never");
    return ONE;
  });
}

const inSeconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.floor((ms + 500) / 1000);

/** The commands. */
export const expiryCommands: readonly Command[] = [
  expire("expire", { isSeconds: true, isAbsolute: false }),
  expire("pexpire", { isSeconds: false, isAbsolute: false }),
  expire("expireat", { isSeconds: true, isAbsolute: true }),
  expire("pexpireat", { isSeconds: false, isAbsolute: true }),
  told("ttl", (key) => inSeconds(key.remainingMs)),
  told("pttl", (key) => key.remainingMs),
  told("expiretime", (key) => inSeconds(key.expiresAtMs)),
  told("pexpiretime", (key) => key.expiresAtMs),
  command("persist", 2, { flags: ["write", "fast"], keys: [1, 1, 1], run: persist }),
];
