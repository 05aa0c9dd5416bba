/**
 * Commands about hashes, field by field.
 *
 * Not here: numbers in fields (number-commands.ts), HSCAN and HRANDFIELD.
 */
import type { Key } from "../../keyspace/key.js";
import {
  type Command,
  command,
  type CommandFlag,
  type ConnectionContext,
  type Outcome,
  wrongArity,
} from "../command.js";
import {
  array,
  bulk,
  bulkOrNull,
  integer,
  map,
  OK,
  ONE,
  type Reply,
  WRONG_TYPE,
  ZERO,
} from "../reply.js";

type Args = readonly Buffer[];

/** The text that stands for a field's name. */
export function fieldNameOf(argument: Buffer | undefined): string {
  return argument?.toString("latin1") ?? "";
}

/** The bytes of a field's name. */
export function fieldNameBytes(name: string): Buffer {
  return Buffer.from(name, "latin1");
}

function hash(
  name: string,
  arity: number,
  {
    flags = ["readonly", "fast"],
    run,
  }: { flags?: readonly CommandFlag[]; run: (key: Key, args: Args) => Reply },
): Command {
  return command(name, arity, {
    flags,
    keys: [1, 1, 1],
    run: (args: Args, context: ConnectionContext): Outcome =>
      context.keyspace.one(context, args[1] as Buffer, (key) =>
        key.type === "string" ? WRONG_TYPE : run(key, args),
      ),
  });
}

function setMany(name: "hset" | "hmset"): Command {
  const run = (args: Args, context: ConnectionContext): Outcome => {
    if (args.length % 2 === 1) return wrongArity(name);
    return context.keyspace.one(context, args[1] as Buffer, (key) => {
      if (key.type === "string") return WRONG_TYPE;
      const fields = new Map<string, Uint8Array>();
      for (let at = 2; at < args.length; at += 2) {
        fields.set(fieldNameOf(args[at]), args[at + 1] as Buffer);
      }
      const newCount = key.setFields(fields);
      return name === "hset" ? integer(newCount) : OK;
    });
  };
  return command(name, -4, { flags: ["write", "denyoom", "fast"], keys: [1, 1, 1], run });
}

function setNew(key: Key, args: Args): Reply {
  const name = fieldNameOf(args[2]);
  if (key.field(name) !== undefined) return ZERO;
  key.setFields(new Map([[name, args[3] as Buffer]]));
  return ONE;
}

/** The commands. */
export const hashCommands: readonly Command[] = [
  setMany("hset"),
  setMany("hmset"),
  hash("hsetnx", 4, { flags: ["write", "denyoom", "fast"], run: setNew }),
  hash("hget", 3, { run: (key, args) => bulkOrNull(key.field(fieldNameOf(args[2]))) }),
  hash("hmget", -3, {
    run: (key, args) =>
      array(args.slice(2).map((name) => bulkOrNull(key.field(fieldNameOf(name))))),
  }),
  hash("hgetall", 2, {
    flags: ["readonly"],
    run: (key) => {
      const items: Reply[] = [];
      for (const [name, value] of key.fields()) items.push(bulk(fieldNameBytes(name)), bulk(value));
      return map(items);
    },
  }),
  hash("hkeys", 2, {
    flags: ["readonly"],
    run: (key) => array(key.fields().map(([name]) => bulk(fieldNameBytes(name)))),
  }),
  hash("hvals", 2, {
    flags: ["readonly"],
    run: (key) => array(key.fields().map(([, value]) => bulk(value))),
  }),
  hash("hlen", 2, { run: (key) => integer(key.fieldCount) }),
  hash("hexists", 3, {
    run: (key, args) => (key.field(fieldNameOf(args[2])) === undefined ? ZERO : ONE),
  }),
  hash("hstrlen", 3, {
    run: (key, args) => integer(key.field(fieldNameOf(args[2]))?.length ?? 0),
  }),
  hash("hdel", -3, {
    flags: ["write", "fast"],
    run: (key, args) => integer(key.deleteFields(args.slice(2).map(fieldNameOf))),
  }),
];
