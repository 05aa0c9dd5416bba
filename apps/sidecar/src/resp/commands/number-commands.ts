/**
 * Commands that count, in strings and in hash fields.
 *
 * Integers add up when several nodes count at once (M8), as long as they can be counted exactly; what
 * is counted in fractions is written as a whole (M2).
 *
 * Not here: how a sum is stored (keyspace/record-layout.ts).
 */
import type { Key } from "../../keyspace/key.js";
import { type Command, command, type ConnectionContext, type Outcome } from "../command.js";
import { bulk, error, integer, NOT_AN_INTEGER, type Reply, WRONG_TYPE } from "../reply.js";
import { fieldNameOf } from "./hash-commands.js";
import {
  addLongDoubles,
  formatLongDouble,
  LONG_ZERO,
  type LongDouble,
  parseLongDouble,
} from "./long-double.js";
import { isInteger64, parseInteger } from "./numbers.js";

type Args = readonly Buffer[];

const OVERFLOW = error("ERR increment or decrement would overflow");
const NEGATION_OVERFLOW = error("ERR decrement would overflow");
const NOT_A_FLOAT = error("ERR value is not a valid float");
const FIELD_NOT_AN_INTEGER = error("ERR hash value is not an integer");
const FIELD_NOT_A_FLOAT = error("ERR hash value is not a float");
const NO_NUMBER = error("ERR increment would produce NaN or Infinity");
const NOT_FINITE = error("ERR value is NaN or Infinity");

function shown(value: bigint): Reply {
  return integer(Number.isSafeInteger(Number(value)) ? Number(value) : value);
}

function add(key: Key, by: bigint): Reply {
  if (key.type === "hash") return WRONG_TYPE;
  const from = key.type === "none" ? 0n : parseInteger(key.bytes);
  if (from === undefined) return NOT_AN_INTEGER;
  if (!isInteger64(from + by)) return OVERFLOW;
  key.add(by, from);
  return shown(from + by);
}

function counting(name: string, arity: number, by: (args: Args) => bigint | Reply): Command {
  return command(name, arity, {
    flags: ["write", "denyoom", "fast"],
    keys: [1, 1, 1],
    run: (args: Args, context: ConnectionContext): Outcome => {
      const amount = by(args);
      if (typeof amount === "object") return amount;
      return context.keyspace.one(context, args[1] as Buffer, (key) => add(key, amount));
    },
  });
}

function negated(args: Args): bigint | Reply {
  const by = parseInteger(args[2]);
  if (by === undefined) return NOT_AN_INTEGER;
  return isInteger64(-by) ? -by : NEGATION_OVERFLOW;
}

function addToField(args: Args, context: ConnectionContext): Outcome {
  const by = parseInteger(args[3]);
  if (by === undefined) return NOT_AN_INTEGER;
  const name = fieldNameOf(args[2]);
  return context.keyspace.one(context, args[1] as Buffer, (key) => {
    if (key.type === "string") return WRONG_TYPE;
    const known = key.field(name);
    const from = known === undefined ? 0n : parseInteger(known);
    if (from === undefined) return FIELD_NOT_AN_INTEGER;
    if (!isInteger64(from + by)) return OVERFLOW;
    key.add(by, from, name);
    return shown(from + by);
  });
}

function floatOf(bytes: Uint8Array | undefined): LongDouble | undefined {
  return bytes ? parseLongDouble(Buffer.from(bytes).toString("latin1")) : LONG_ZERO;
}

function addFloat(args: Args, context: ConnectionContext): Outcome {
  return context.keyspace.one(context, args[1] as Buffer, (key) => {
    if (key.type === "hash") return WRONG_TYPE;
    const [from, by] = [floatOf(key.bytes), floatOf(args[2])];
    if (!from || !by) return NOT_A_FLOAT;
    const sum = addLongDoubles(from, by);
    if (!sum) return NO_NUMBER;
    const text = Buffer.from(formatLongDouble(sum));
    key.setBytes(text, "keep");
    return bulk(text);
  });
}

function addFloatToField(args: Args, context: ConnectionContext): Outcome {
  const by = floatOf(args[3]);
  if (!by) return NOT_A_FLOAT;
  if (by.isInfinite) return NOT_FINITE;
  const name = fieldNameOf(args[2]);
  return context.keyspace.one(context, args[1] as Buffer, (key) => {
    if (key.type === "string") return WRONG_TYPE;
    const from = floatOf(key.field(name));
    if (!from) return FIELD_NOT_A_FLOAT;
    const sum = addLongDoubles(from, by);
    if (!sum) return NO_NUMBER;
    const text = Buffer.from(formatLongDouble(sum));
    key.setFields(new Map([[name, text]]));
    return bulk(text);
  });
}

const WRITE = { flags: ["write", "denyoom", "fast"], keys: [1, 1, 1] } as const;

/** The commands. */
export const numberCommands: readonly Command[] = [
  counting("incr", 2, () => 1n),
  counting("decr", 2, () => -1n),
  counting("incrby", 3, (args) => parseInteger(args[2]) ?? NOT_AN_INTEGER),
  counting("decrby", 3, negated),
  command("incrbyfloat", 3, { ...WRITE, run: addFloat }),
  command("hincrby", 4, { ...WRITE, run: addToField }),
  command("hincrbyfloat", 4, { ...WRITE, run: addFloatToField }),
];
