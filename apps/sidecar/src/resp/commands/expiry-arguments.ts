/**
 * When a key is to end, as commands spell it: EX, PX, EXAT, PXAT, KEEPTTL, PERSIST beside a value, or
 * a bare number with a unit.
 *
 * Not here: what an end does to a key.
 */
import type { Millis } from "session-mesh";
import type { Expiry } from "../../keyspace/key.js";
import { error, NOT_AN_INTEGER, type Reply, SYNTAX_ERROR } from "../reply.js";
import { parseInteger } from "./numbers.js";

const LARGEST = 2n ** 63n - 1n;

/** In which unit a time is given, and from when it counts. */
export interface TimeUnit {
  readonly isSeconds: boolean;
  /** Since the epoch, not from now. */
  readonly isAbsolute: boolean;
}

const UNITS: Readonly<Record<string, TimeUnit>> = {
  EX: { isSeconds: true, isAbsolute: false },
  PX: { isSeconds: false, isAbsolute: false },
  EXAT: { isSeconds: true, isAbsolute: true },
  PXAT: { isSeconds: false, isAbsolute: true },
};

/** The options of SET, and of GETEX. */
export interface ValueOptions {
  readonly isNx: boolean;
  readonly isXx: boolean;
  readonly isGet: boolean;
  readonly keepsTtl: boolean;
  readonly persists: boolean;
  /** The time that was given, and its unit. */
  readonly time: { readonly unit: TimeUnit; readonly argument: Buffer } | undefined;
}

/** The options from `args[from]` on, or the error for them. */
export function parseValueOptions(
  args: readonly Buffer[],
  from: number,
  commandName: "set" | "getex",
): ValueOptions | Reply {
  const isSet = commandName === "set";
  const seen = new Set<string>();
  let time: ValueOptions["time"];
  for (let at = from; at < args.length; at++) {
    const word = (args[at] as Buffer).toString("latin1").toUpperCase();
    const unit = UNITS[word];
    const ends = [...seen].filter((each) => each in UNITS);
    const has = (...words: readonly string[]): boolean => words.some((each) => seen.has(each));
    let isFine = false;
    if (word === "NX" || word === "XX") isFine = isSet && !has(word === "NX" ? "XX" : "NX");
    else if (word === "GET") isFine = isSet;
    else if (word === "KEEPTTL") isFine = isSet && ends.length === 0 && !has("PERSIST");
    else if (word === "PERSIST") isFine = !isSet && ends.length === 0 && !has("KEEPTTL");
    else if (unit) {
      const argument = args[++at];
      isFine = argument !== undefined && !has("KEEPTTL", "PERSIST");
      isFine &&= ends.every((each) => each === word);
      if (argument) time = { unit, argument };
    }
    if (!isFine) return SYNTAX_ERROR;
    seen.add(word);
  }
  return {
    isNx: seen.has("NX"),
    isXx: seen.has("XX"),
    isGet: seen.has("GET"),
    keepsTtl: seen.has("KEEPTTL"),
    persists: seen.has("PERSIST"),
    time,
  };
}

/** The end that a time above zero means, or the error for it. */
export function parseEnd(
  argument: Buffer | undefined,
  unit: TimeUnit,
  { nowMs, commandName }: { nowMs: Millis; commandName: string },
): Exclude<Expiry, string> | Reply {
  const value = parseInteger(argument);
  if (value === undefined) return NOT_AN_INTEGER;
  const invalid = error(`ERR invalid expire time in '${commandName}' command`);
  if (value <= 0n || (unit.isSeconds && value > LARGEST / 1000n)) return invalid;
  const ms = (unit.isSeconds ? value * 1000n : value) + (unit.isAbsolute ? 0n : BigInt(nowMs));
  return ms > LARGEST ? invalid : endOf(ms, unit, nowMs);
}

/** The end at a time in milliseconds. */
export function endOf(ms: bigint, unit: TimeUnit, nowMs: Millis): Exclude<Expiry, string> {
  const atMs = Number(ms > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : ms);
  return { atMs, ttlMs: atMs - nowMs, isRelative: !unit.isAbsolute };
}

/** Whether `value` is a reply, and so an error. */
export function isReply<T extends object>(value: T | Reply): value is Reply {
  return "kind" in value;
}
