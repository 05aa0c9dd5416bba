/**
 * Going through keys, and through the fields of a hash.
 *
 * A cursor of SCAN is the number of the next step of the walk; all keys of a step come at once, so
 * COUNT is a least number. Hashes are walked in one step.
 *
 * Not here: the walk itself (keyspace/key-scan.ts).
 */
import type { Key } from "../../keyspace/key.js";
import { type KeyId, nameOf } from "../../keyspace/key-names.js";
import { SCAN_STEPS } from "../../keyspace/key-scan.js";
import { type Command, command, type ConnectionContext, type Outcome } from "../command.js";
import { matchesGlob } from "../glob.js";
import {
  array,
  bulk,
  bulkOrNull,
  EMPTY_ARRAY,
  error,
  integer,
  NOT_AN_INTEGER,
  NULL,
  type Reply,
  SYNTAX_ERROR,
  WRONG_TYPE,
} from "../reply.js";
import { fieldNameBytes } from "./hash-commands.js";
import { parseInteger } from "./numbers.js";

type Args = readonly Buffer[];

const CURSOR = /^[+-]?[0-9]{1,20}$/;
const CURSOR_MAX = 2n ** 64n - 1n;
const INVALID_CURSOR = error("ERR invalid cursor");
const COUNT = 10;

interface ScanOptions {
  readonly count: number;
  readonly pattern: Buffer | undefined;
  readonly type: string | undefined;
}

/** A cursor; undefined for what is none. Negative ones wrap around, as in C. */
function parseCursor(argument: Buffer | undefined): bigint | undefined {
  const text = argument?.toString("latin1") ?? "";
  if (!CURSOR.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return value > CURSOR_MAX || value < -CURSOR_MAX ? undefined : BigInt.asUintN(64, value);
}

function parseOptions(args: Args, from: number, isTyped: boolean): ScanOptions | Reply {
  let count = COUNT;
  let pattern: Buffer | undefined;
  let type: string | undefined;
  for (let at = from; at < args.length; at += 2) {
    const word = (args[at] as Buffer).toString("latin1").toUpperCase();
    const value = args[at + 1];
    if (!value) return SYNTAX_ERROR;
    if (word === "COUNT") {
      const given = parseInteger(value);
      if (given === undefined) return NOT_AN_INTEGER;
      if (given < 1n) return SYNTAX_ERROR;
      count = Number(given);
    } else if (word === "MATCH") pattern = value;
    else if (word === "TYPE" && isTyped) type = value.toString("latin1").toLowerCase();
    else return SYNTAX_ERROR;
  }
  return { count, pattern, type };
}

function scan(args: Args, { db, keyspace }: ConnectionContext): Outcome {
  const cursor = parseCursor(args[1]);
  if (cursor === undefined) return INVALID_CURSOR;
  const options = parseOptions(args, 2, true);
  if ("kind" in options) return options;
  const { count, pattern, type } = options;
  let seen = 0;
  const found: KeyId[] = [];
  let step = cursor < SCAN_STEPS ? Number(cursor) : SCAN_STEPS;
  for (; step < SCAN_STEPS && seen < count; step++) {
    const ids = keyspace.scan.idsIn(db, step);
    seen += ids.length;
    for (const id of ids) {
      if (pattern && !matchesGlob(pattern, nameOf(id))) continue;
      if (type === undefined || keyspace.scan.typeOf(id) === type) found.push(id);
    }
  }
  const next = step >= SCAN_STEPS ? 0 : step;
  return array([bulk(String(next)), array(found.map((id) => bulk(nameOf(id))))]);
}

async function keys(args: Args, { db, keyspace }: ConnectionContext): Promise<Reply> {
  const pattern = args[1] as Buffer;
  const found: Reply[] = [];
  await keyspace.scan.walk(db, (ids) => {
    for (const id of ids) {
      const name = nameOf(id);
      if (matchesGlob(pattern, name)) found.push(bulk(name));
    }
  });
  return array(found);
}

async function dbSize(_args: Args, { db, keyspace }: ConnectionContext): Promise<Reply> {
  let count = 0;
  await keyspace.scan.walk(db, (ids) => void (count += ids.length));
  return integer(count);
}

function randomKey(_args: Args, { db, keyspace }: ConnectionContext): Reply {
  const id = keyspace.scan.random(db);
  return bulkOrNull(id === undefined ? undefined : nameOf(id));
}

function flush(isAll: boolean): (args: Args, context: ConnectionContext) => Outcome {
  return (args, { db, keyspace }) => {
    const mode = args[1]?.toString("latin1").toUpperCase();
    const isKnown = mode === undefined || mode === "SYNC" || mode === "ASYNC";
    if (args.length > 2 || !isKnown) return SYNTAX_ERROR;
    return keyspace.flush(isAll ? undefined : db);
  };
}

function hashScan(args: Args, context: ConnectionContext): Outcome {
  const cursor = parseCursor(args[2]);
  if (cursor === undefined) return INVALID_CURSOR;
  return context.keyspace.one(context, args[1] as Buffer, (key) => {
    if (key.type === "none") return array([bulk("0"), EMPTY_ARRAY]);
    if (key.type === "string") return WRONG_TYPE;
    const options = parseOptions(args, 3, false);
    if ("kind" in options) return options;
    const { pattern } = options;
    const items = key
      .fields()
      .map(([name, value]) => [fieldNameBytes(name), value] as const)
      .filter(([name]) => !pattern || matchesGlob(pattern, name))
      .flatMap(([name, value]) => [bulk(name), bulk(value)]);
    return array([bulk("0"), array(items)]);
  });
}

const COUNT_RANGE = error(
  "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);
const OUT_OF_RANGE = error("ERR value is out of range");

/** No reply has more fields. */
const DRAWN_MAX = 1_000_000n;

/** As many distinct fields as `count` says at random, or, where it is negative, with repetitions. */
function draw(key: Key, count: bigint): (readonly [string, Uint8Array])[] {
  const fields = key.fields();
  if (fields.length === 0) return [];
  if (count < 0n) {
    return Array.from({ length: Number(-count) }, () => pick(fields));
  }
  const wanted = count < BigInt(fields.length) ? Number(count) : fields.length;
  if (wanted < fields.length) {
    for (let i = 0; i < wanted; i++) {
      const j = i + Math.floor(Math.random() * (fields.length - i));
      [fields[i], fields[j]] = [
        fields[j] as [string, Uint8Array],
        fields[i] as [string, Uint8Array],
      ];
    }
  }
  return fields.slice(0, wanted);
}

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)] as T;
}

function randomField(args: Args, context: ConnectionContext): Outcome {
  const name = args[1] as Buffer;
  if (args.length === 2) {
    return context.keyspace.one(context, name, (key) => {
      if (key.type === "string") return WRONG_TYPE;
      if (key.type === "none") return NULL;
      return bulk(fieldNameBytes(pick(key.fields())[0]));
    });
  }
  const count = parseInteger(args[2]);
  if (count === undefined) return NOT_AN_INTEGER;
  if (count === -(2n ** 63n)) return COUNT_RANGE;
  const isWithValues = args[3]?.toString("latin1").toUpperCase() === "WITHVALUES";
  if (args.length > 4 || (args.length === 4 && !isWithValues)) return SYNTAX_ERROR;
  if (count < -DRAWN_MAX) return OUT_OF_RANGE;
  return context.keyspace.one(context, name, (key) => {
    if (key.type === "string") return WRONG_TYPE;
    const drawn = key.type === "none" ? [] : draw(key, count);
    const names = drawn.map(([field]) => bulk(fieldNameBytes(field)));
    if (!isWithValues) return array(names);
    const values = drawn.map(([, value]) => bulk(value));
    const pairs = names.map((field, i) => [field, values[i] as Reply]);
    return context.protocol === 3 ? array(pairs.map(array)) : array(pairs.flat());
  });
}

/** The commands. */
export const scanCommands: readonly Command[] = [
  command("scan", -2, { flags: ["readonly"], run: scan }),
  command("keys", 2, { flags: ["readonly"], run: keys }),
  command("dbsize", 1, { flags: ["readonly", "fast"], run: dbSize }),
  command("randomkey", 1, { flags: ["readonly"], run: randomKey }),
  command("flushdb", -1, { flags: ["write"], run: flush(false) }),
  command("flushall", -1, { flags: ["write"], run: flush(true) }),
  command("hscan", -3, { flags: ["readonly"], keys: [1, 1, 1], run: hashScan }),
  command("hrandfield", -2, { flags: ["readonly"], keys: [1, 1, 1], run: randomField }),
];
