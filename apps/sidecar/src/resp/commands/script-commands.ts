/**
 * The few fixed scripts that session clients send, known by the SHA-1 of their text. There is no Lua
 * here: any other script gets a clear error.
 *
 * Not here: the commands that those scripts amount to.
 */
import { createHash } from "node:crypto";
import type { Key } from "../../keyspace/key.js";
import {
  type Command,
  command,
  type ConnectionContext,
  container,
  type Outcome,
} from "../command.js";
import { array, bulk, error, NOT_AN_INTEGER, NULL, OK, ONE, type Reply, ZERO } from "../reply.js";
import { expireKey, parseFlags } from "./expiry-commands.js";
import { parseInteger } from "./numbers.js";

type Args = readonly Buffer[];
type Script = (keys: readonly Key[], args: Args) => Reply;

const NO_SCRIPT = error("NOSCRIPT No matching script. Please use EVAL.");
const UNKNOWN_SCRIPT = error(
  "ERR session-mesh runs no Lua: it knows the scripts of phpredis' session locks and of Redisson's " +
    "ends by their SHA-1, and not this one",
);
const NO_OPTION = "";

const UNLOCK_SHA = "b70c2384248f88e6b75b9f89241a180f856ad852";
const UNLOCK_WRONG_TYPE = error(
  "WRONGTYPE Operation against a key holding the wrong kind of value " +
    `script: ${UNLOCK_SHA}, on @user_script:1.`,
);

/** phpredis: lets a lock go that still is the caller's. */
function unlock([key]: readonly Key[], [secret]: Args): Reply {
  if (key?.type === "hash") return UNLOCK_WRONG_TYPE;
  const bytes = key?.bytes;
  if (!key || !bytes || !secret || Buffer.compare(bytes, secret) !== 0) return ZERO;
  return key.remove() ? ONE : ZERO;
}

/** Redisson: lets keys end; whether any was there. */
function expireAll(isAbsolute: boolean): Script {
  return (keys, [time, option]) => {
    const given = option && option.toString("latin1") !== NO_OPTION ? [option] : [];
    const flags = parseFlags(given);
    const ms = parseInteger(time);
    if ("kind" in flags) return flags;
    if (ms === undefined) return NOT_AN_INTEGER;
    const unit = { isSeconds: false, isAbsolute };
    const replies = keys.map((key) => expireKey(key, { ms, unit, flags }));
    return replies.includes(ONE) ? ONE : ZERO;
  };
}

/** Redisson: lets keys never end; whether any would have. */
function persistAll(keys: readonly Key[]): Reply {
  const ending = keys.filter(({ expiresAtMs }) => expiresAtMs !== undefined);
  for (const key of ending) key.expire("never");
  return ending.length > 0 ? ONE : ZERO;
}

/** Redisson asks whether the server is a cluster by reading two keys in one script; any answer will do. */
const probe: Script = () => NULL;

const SCRIPTS: ReadonlyMap<string, Script> = new Map<string, Script>([
  [UNLOCK_SHA, unlock],
  // pexpire with a condition, and as it was before there were conditions; pexpireat alike.
  ["3fd750e0b43af99dbd223e5523718f18cded3664", expireAll(false)],
  ["3adcab8843f28538b47f67950913e2a88189dddd", expireAll(false)],
  ["71dee1cdc1c23a6aa34dd4a3bbfb2b6dfb3f72cb", expireAll(true)],
  ["54484c7fdba50e06e5d89f6f23fe261a74d742c5", expireAll(true)],
  ["3e87b23af056c9bbfa98cb959044b3cb917003b9", persistAll],
  ["444506ed6079843ae4590ff6caf5f677dae3a35f", probe],
]);

function shaOf(text: Buffer | undefined): string {
  return createHash("sha1")
    .update(text ?? "")
    .digest("hex");
}

function run(sha: string, args: Args, { context, unknown }: Running): Outcome {
  const count = parseInteger(args[2]);
  if (count === undefined) return NOT_AN_INTEGER;
  if (count > BigInt(args.length - 3)) {
    return error("ERR Number of keys can't be greater than number of args");
  }
  if (count < 0n) return error("ERR Number of keys can't be negative");
  const script = SCRIPTS.get(sha);
  const { scripts } = context.keyspace;
  if (!script || (unknown === NO_SCRIPT && !scripts.has(sha))) return unknown;
  scripts.add(sha);
  const end = 3 + Number(count);
  return context.keyspace.many(context, args.slice(3, end), (keys) =>
    script(keys, args.slice(end)),
  );
}

interface Running {
  readonly context: ConnectionContext;
  readonly unknown: Reply;
}

function load(args: Args, { keyspace }: ConnectionContext): Reply {
  const sha = shaOf(args[2]);
  if (!SCRIPTS.has(sha)) return UNKNOWN_SCRIPT;
  keyspace.scripts.add(sha);
  return bulk(sha);
}

function exists(args: Args, { keyspace }: ConnectionContext): Reply {
  const isLoaded = (sha: Buffer): boolean =>
    keyspace.scripts.has(sha.toString("latin1").toLowerCase());
  return array(args.slice(2).map((sha) => (isLoaded(sha) ? ONE : ZERO)));
}

function flush(args: Args, { keyspace }: ConnectionContext): Reply {
  const mode = args[2]?.toString("latin1").toUpperCase();
  if (args.length > 3 || (mode !== undefined && mode !== "SYNC" && mode !== "ASYNC")) {
    return error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  }
  keyspace.scripts.clear();
  return OK;
}

/** The commands. */
export const scriptCommands: readonly Command[] = [
  command("eval", -3, {
    flags: ["write"],
    run: (args, context) => run(shaOf(args[1]), args, { context, unknown: UNKNOWN_SCRIPT }),
  }),
  command("evalsha", -3, {
    flags: ["write"],
    run: (args, context) => {
      const sha = (args[1] as Buffer).toString("latin1").toLowerCase();
      return run(sha, args, { context, unknown: NO_SCRIPT });
    },
  }),
  container("script", [
    command("script|load", 3, { flags: ["fast"], run: load }),
    command("script|exists", -3, { flags: ["fast"], run: exists }),
    command("script|flush", -2, { flags: ["fast"], run: flush }),
  ]),
  container("function", [
    // Test suites forget all functions before they begin; there are none here.
    command("function|flush", -2, { flags: ["write"], run: () => OK }),
  ]),
];
