/**
 * Commands about strings: whole values, and parts of them.
 *
 * Not here: numbers in strings (number-commands.ts), ends (expiry-commands.ts).
 */
import type { Expiry, Key } from "../../keyspace/key.js";
import { type Command, command, type ConnectionContext, type Outcome } from "../command.js";
import {
  array,
  bulk,
  bulkOrNull,
  error,
  integer,
  NOT_AN_INTEGER,
  NULL,
  OK,
  ONE,
  type Reply,
  WRONG_TYPE,
  ZERO,
} from "../reply.js";
import {
  isReply,
  parseEnd,
  parseValueOptions,
  type TimeUnit,
  type ValueOptions,
} from "./expiry-arguments.js";
import { parseInteger } from "./numbers.js";

const SECONDS: TimeUnit = { isSeconds: true, isAbsolute: false };
const MILLIS: TimeUnit = { isSeconds: false, isAbsolute: false };
const NO_OPTIONS: ValueOptions = {
  isNx: false,
  isXx: false,
  isGet: false,
  keepsTtl: false,
  persists: false,
  time: undefined,
};
const NO_BYTES = Buffer.alloc(0);

/** What no string may be longer than, in Redis; ours are bounded by `sessionBytesMax` long before. */
const STRING_BYTES_MAX = 512 * 1024 * 1024;
const TOO_LONG = error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
const OUT_OF_RANGE = error("ERR offset is out of range");

type Args = readonly Buffer[];

const nameIn = (args: Args, at = 1): Buffer => args[at] as Buffer;

function read(key: Key): Reply {
  if (key.type === "hash") return WRONG_TYPE;
  key.noteRead();
  return bulkOrNull(key.bytes);
}

/** Sets where nothing forbids it; `hit` and `miss` are the replies, unless the old value is asked for. */
function write(
  key: Key,
  value: Buffer,
  {
    options,
    expiry,
    hit = OK,
    miss = NULL,
  }: {
    options: ValueOptions;
    expiry: Expiry;
    hit?: Reply;
    miss?: Reply;
  },
): Reply {
  const old = options.isGet ? read(key) : undefined;
  if (old?.kind === "error") return old;
  const isThere = key.type !== "none";
  if (options.isNx ? isThere : options.isXx && !isThere) return old ?? miss;
  if (typeof expiry === "object" && expiry.atMs <= key.nowMs) key.remove();
  else key.setBytes(value, expiry);
  return old ?? hit;
}

function set(args: Args, context: ConnectionContext): Outcome {
  const value = nameIn(args, 2);
  if (args.length === 3) {
    return context.keyspace.one(context, nameIn(args), (key) => {
      key.setBytes(value, "never");
      return OK;
    });
  }
  const options = parseValueOptions(args, 3, "set");
  if (isReply(options)) return options;
  return setWith(args, context, { value, options, commandName: "set" });
}

function setWith(
  args: Args,
  context: ConnectionContext,
  { value, options, commandName }: { value: Buffer; options: ValueOptions; commandName: string },
): Outcome {
  const { keyspace } = context;
  const expiryNow = (): Expiry | Reply => {
    if (!options.time) return options.keepsTtl ? "keep" : "never";
    const { argument, unit } = options.time;
    return parseEnd(argument, unit, { nowMs: keyspace.nowMs(), commandName });
  };
  const checked = expiryNow();
  if (typeof checked === "object" && isReply(checked)) return checked;
  return keyspace.one(context, nameIn(args), (key) => {
    const expiry = expiryNow() as Expiry;
    return write(key, value, { options, expiry });
  });
}

function setFor(commandName: "setex" | "psetex"): Command {
  const unit = commandName === "setex" ? SECONDS : MILLIS;
  const run = (args: Args, context: ConnectionContext): Outcome => {
    const options = { ...NO_OPTIONS, time: { unit, argument: nameIn(args, 2) } };
    return setWith(args, context, { value: nameIn(args, 3), options, commandName });
  };
  return command(commandName, 4, { flags: ["write", "denyoom"], keys: [1, 1, 1], run });
}

function setNx(args: Args, context: ConnectionContext): Outcome {
  const options = { ...NO_OPTIONS, isNx: true };
  return context.keyspace.one(context, nameIn(args), (key) =>
    write(key, nameIn(args, 2), { options, expiry: "never", hit: ONE, miss: ZERO }),
  );
}

function getSet(args: Args, context: ConnectionContext): Outcome {
  const options = { ...NO_OPTIONS, isGet: true };
  return context.keyspace.one(context, nameIn(args), (key) =>
    write(key, nameIn(args, 2), { options, expiry: "never" }),
  );
}

function getDel(args: Args, context: ConnectionContext): Outcome {
  return context.keyspace.one(context, nameIn(args), (key) => {
    const value = read(key);
    if (value.kind === "bulk") key.remove();
    return value;
  });
}

function getEx(args: Args, context: ConnectionContext): Outcome {
  const options = parseValueOptions(args, 2, "getex");
  if (isReply(options)) return options;
  return context.keyspace.one(context, nameIn(args), (key) => {
    const value = read(key);
    if (value.kind !== "bulk") return value;
    if (options.persists) key.expire("never");
    if (!options.time) return value;
    const { argument, unit } = options.time;
    const end = parseEnd(argument, unit, { nowMs: key.nowMs, commandName: "getex" });
    if (isReply(end)) return end;
    if (end.atMs <= key.nowMs) key.remove();
    else key.expire(end);
    return value;
  });
}

function mGet(args: Args, context: ConnectionContext): Outcome {
  return context.keyspace.many(context, args.slice(1), (keys) =>
    array(keys.map((key) => (key.type === "hash" ? NULL : read(key)))),
  );
}

function mSet(args: Args, context: ConnectionContext): Outcome {
  const isNx = (args[0] as Buffer).length === "msetnx".length;
  if (args.length % 2 === 0) {
    return error(`ERR wrong number of arguments for '${isNx ? "msetnx" : "mset"}' command`);
  }
  const names = args.filter((_, i) => i % 2 === 1);
  return context.keyspace.many(context, names, (keys) => {
    if (isNx && keys.some(({ type }) => type !== "none")) return ZERO;
    keys.forEach((key, i) => key.setBytes(args[2 * i + 2] as Buffer, "never"));
    return isNx ? ONE : OK;
  });
}

function strLen(args: Args, context: ConnectionContext): Outcome {
  return context.keyspace.one(context, nameIn(args), (key) => {
    const value = read(key);
    if (value.kind === "error") return value;
    return integer(key.bytes?.length ?? 0);
  });
}

function append(args: Args, context: ConnectionContext): Outcome {
  return context.keyspace.one(context, nameIn(args), (key) => {
    if (key.type === "hash") return WRONG_TYPE;
    const old = key.bytes ?? NO_BYTES;
    const whole = Buffer.concat([old, nameIn(args, 2)]);
    if (whole.length > STRING_BYTES_MAX) return TOO_LONG;
    key.setBytes(whole, "keep");
    return integer(whole.length);
  });
}

function getRange(args: Args, context: ConnectionContext): Outcome {
  const [start, end] = [parseInteger(args[2]), parseInteger(args[3])];
  if (start === undefined || end === undefined) return NOT_AN_INTEGER;
  return context.keyspace.one(context, nameIn(args), (key) => {
    if (key.type === "hash") return WRONG_TYPE;
    const bytes = key.bytes ?? NO_BYTES;
    if (start < 0n && end < 0n && start > end) return bulk(NO_BYTES);
    const at = (index: bigint): number => {
      const fromStart = index < 0n ? index + BigInt(bytes.length) : index;
      return Number(fromStart < 0n ? 0n : fromStart > 2n ** 40n ? 2n ** 40n : fromStart);
    };
    return bulk(bytes.subarray(at(start), at(end) + 1));
  });
}

function setRange(args: Args, context: ConnectionContext): Outcome {
  const offset = parseInteger(args[2]);
  if (offset === undefined) return NOT_AN_INTEGER;
  if (offset < 0n) return OUT_OF_RANGE;
  const part = nameIn(args, 3);
  return context.keyspace.one(context, nameIn(args), (key) => {
    if (key.type === "hash") return WRONG_TYPE;
    const old = key.bytes ?? NO_BYTES;
    if (part.length === 0) return integer(old.length);
    if (offset + BigInt(part.length) > STRING_BYTES_MAX) return TOO_LONG;
    const { sessionBytesMax } = context.keyspace.mesh.limits;
    const size = Math.max(old.length, Number(offset) + part.length);
    // What is refused anyway is not made first.
    const whole = Buffer.alloc(Math.min(size, sessionBytesMax + 1));
    whole.set(old.subarray(0, whole.length));
    if (size <= sessionBytesMax) whole.set(part, Number(offset));
    key.setBytes(whole, "keep");
    return integer(size);
  });
}

const READ = { flags: ["readonly", "fast"], keys: [1, 1, 1] } as const;
const WRITE = { flags: ["write", "denyoom"], keys: [1, 1, 1] } as const;

/** The commands. */
export const stringCommands: readonly Command[] = [
  command("get", 2, {
    ...READ,
    run: (args, context) => context.keyspace.one(context, nameIn(args), read),
  }),
  command("set", -3, { ...WRITE, run: set }),
  setFor("setex"),
  setFor("psetex"),
  command("setnx", 3, { flags: ["write", "denyoom", "fast"], keys: [1, 1, 1], run: setNx }),
  command("getset", 3, { flags: ["write", "denyoom", "fast"], keys: [1, 1, 1], run: getSet }),
  command("getdel", 2, { flags: ["write", "fast"], keys: [1, 1, 1], run: getDel }),
  command("getex", -2, { flags: ["write", "fast"], keys: [1, 1, 1], run: getEx }),
  command("mget", -2, { flags: ["readonly", "fast"], keys: [1, -1, 1], run: mGet }),
  command("mset", -3, { flags: ["write", "denyoom"], keys: [1, -1, 2], run: mSet }),
  command("msetnx", -3, { flags: ["write", "denyoom"], keys: [1, -1, 2], run: mSet }),
  command("strlen", 2, { ...READ, run: strLen }),
  command("append", 3, { flags: ["write", "denyoom", "fast"], keys: [1, 1, 1], run: append }),
  command("getrange", 4, { flags: ["readonly"], keys: [1, 1, 1], run: getRange }),
  command("substr", 4, { flags: ["readonly"], keys: [1, 1, 1], run: getRange }),
  command("setrange", 4, { ...WRITE, run: setRange }),
];
