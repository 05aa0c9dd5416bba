/**
 * Commands about keys, whatever they hold.
 *
 * Not here: ends (expiry-commands.ts), and going through all keys (scan-commands.ts).
 */
import type { Key } from "../../keyspace/key.js";
import { keyIdOf } from "../../keyspace/key-names.js";
import {
  type Command,
  command,
  type CommandFlag,
  type ConnectionContext,
  container,
  type Outcome,
} from "../command.js";
import type { ClientContext } from "../client-context.js";
import {
  bulk,
  error,
  integer,
  NOT_AN_INTEGER,
  NULL,
  OK,
  ONE,
  type Reply,
  simple,
  SYNTAX_ERROR,
  ZERO,
} from "../reply.js";
import { parseInteger } from "./numbers.js";

type Args = readonly Buffer[];

function move(args: Args, context: ConnectionContext): Outcome {
  const given = parseInteger(args[2]);
  if (given === undefined || given !== BigInt.asIntN(32, given)) return NOT_AN_INTEGER;
  if (given < 0n || given >= databasesMaxOf(context)) return error("ERR DB index is out of range");
  if (Number(given) === context.db) {
    return error("ERR source and destination objects are the same");
  }
  const name = args[1] as Buffer;
  const ids = [keyIdOf(context.db, name), keyIdOf(Number(given), name)];
  return context.keyspace.manyIn(ids, ([source, target]) => {
    if (!source || !target || source.type === "none" || target.type !== "none") return ZERO;
    copyTo(target, source);
    source.remove();
    return ONE;
  });
}

/** Counts the keys that `is` true of, those named twice twice. */
function counting(name: string, flags: readonly CommandFlag[], is: (key: Key) => boolean): Command {
  const run = (args: readonly Buffer[], context: ConnectionContext): Outcome =>
    context.keyspace.many(context, args.slice(1), (keys) => integer(keys.filter(is).length));
  return command(name, -2, { flags, keys: [1, -1, 1], run });
}

const isThere = (key: Key): boolean => key.type !== "none";

/** Makes `target` what `source` is. */
function copyTo(target: Key, source: Key): void {
  const { bytes, expiresAtMs, nowMs } = source;
  const end = expiresAtMs;
  const expiry = end === undefined ? "never" : { atMs: end, ttlMs: end - nowMs, isRelative: false };
  if (bytes) {
    target.setBytes(bytes, expiry);
    return;
  }
  const fields = new Map(source.fields());
  target.remove();
  target.setFields(fields);
  if (end !== undefined) target.expire(expiry);
}

function rename(args: Args, context: ConnectionContext): Outcome {
  const isNx = (args[0] as Buffer).length === "renamenx".length;
  return context.keyspace.many(context, args.slice(1, 3), ([source, target]) => {
    if (!source || !target || source.type === "none") return error("ERR no such key");
    if (source === target) return isNx ? ZERO : OK;
    if (isNx && target.type !== "none") return ZERO;
    copyTo(target, source);
    source.remove();
    return isNx ? ONE : OK;
  });
}

const DATABASES = 16;

function databasesMaxOf(context: ConnectionContext): number {
  return (context as Partial<ClientContext>).door?.settings.databasesMax ?? DATABASES;
}

function copy(args: Args, context: ConnectionContext): Outcome {
  const databasesMax = databasesMaxOf(context);
  let { db } = context;
  let isReplacing = false;
  for (let at = 3; at < args.length; at++) {
    const word = (args[at] as Buffer).toString("latin1").toUpperCase();
    const next = args[at + 1];
    if (word === "REPLACE") isReplacing = true;
    else if (word === "DB" && next) {
      const given = parseInteger(next);
      if (given === undefined || given !== BigInt.asIntN(32, given)) return NOT_AN_INTEGER;
      if (given < 0n || given >= databasesMax) return error("ERR DB index is out of range");
      db = Number(given);
      at++;
    } else return SYNTAX_ERROR;
  }
  const [from, to] = [args[1] as Buffer, args[2] as Buffer];
  if (db === context.db && from.equals(to)) {
    return error("ERR source and destination objects are the same");
  }
  const ids = [keyIdOf(context.db, from), keyIdOf(db, to)];
  return context.keyspace.manyIn(ids, ([source, target]) => {
    if (!source || !target || source.type === "none") return ZERO;
    if (target.type !== "none" && !isReplacing) return ZERO;
    copyTo(target, source);
    return ONE;
  });
}

/** How Redis would keep it, by what it is. */
function encodingOf(key: Key): string {
  if (key.type === "hash") {
    const isSmall = key
      .fields()
      .every(([name, value]) => Math.max(name.length, value.length) <= 64);
    return isSmall && key.fieldCount <= 512 ? "listpack" : "hashtable";
  }
  if (parseInteger(key.bytes) !== undefined) return "int";
  return (key.bytes?.length ?? 0) <= 44 ? "embstr" : "raw";
}

function object(name: string, tell: (key: Key) => Reply): Command {
  return command(`object|${name}`, 3, {
    flags: ["readonly"],
    keys: [2, 2, 1],
    run: (args, context) =>
      context.keyspace.one(context, args[2] as Buffer, (key) =>
        key.type === "none" ? NULL : tell(key),
      ),
  });
}

/** About what a key takes beside its bytes. */
const KEY_BYTES = 250;

function memoryUsage(args: Args, context: ConnectionContext): Outcome {
  const isSampled = args[3]?.toString("latin1").toUpperCase() === "SAMPLES";
  if (args.length > 3 && !(isSampled && args.length === 5)) return SYNTAX_ERROR;
  if (args.length > 3 && parseInteger(args[4]) === undefined) return NOT_AN_INTEGER;
  return context.keyspace.one(context, args[2] as Buffer, (key) => {
    if (key.type === "none") return NULL;
    let bytes = KEY_BYTES + (args[2] as Buffer).length + (key.bytes?.length ?? 0);
    for (const [name, value] of key.fields()) bytes += name.length + value.length + 16;
    return integer(bytes);
  });
}

/** The commands. */
export const keyCommands: readonly Command[] = [
  counting("del", ["write"], (key) => key.remove()),
  counting("unlink", ["write", "fast"], (key) => key.remove()),
  counting("exists", ["readonly", "fast"], isThere),
  counting("touch", ["readonly", "fast"], isThere),
  command("type", 2, {
    flags: ["readonly", "fast"],
    keys: [1, 1, 1],
    run: (args, context) =>
      context.keyspace.one(context, args[1] as Buffer, ({ type }) => simple(type)),
  }),
  command("rename", 3, { flags: ["write"], keys: [1, 2, 1], run: rename }),
  command("renamenx", 3, { flags: ["write", "fast"], keys: [1, 2, 1], run: rename }),
  command("copy", -3, { flags: ["write", "denyoom"], keys: [1, 2, 1], run: copy }),
  command("move", 3, { flags: ["write", "fast"], keys: [1, 1, 1], run: move }),
  container("object", [
    object("encoding", (key) => bulk(encodingOf(key))),
    object("refcount", () => ONE),
    object("idletime", () => ZERO),
  ]),
  container("memory", [
    command("memory|usage", -3, { flags: ["readonly"], keys: [2, 2, 1], run: memoryUsage }),
  ]),
];
