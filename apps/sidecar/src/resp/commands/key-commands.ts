/**
 * Commands about keys, whatever they hold.
 *
 * Not here: ends (expiry-commands.ts), and going through all keys (scan-commands.ts).
 */
import type { Key } from "../../keyspace/key.js";
import {
  type Command,
  command,
  type CommandFlag,
  type ConnectionContext,
  type Outcome,
} from "../command.js";
import { integer, simple } from "../reply.js";

/** Counts the keys that `is` true of, those named twice twice. */
function counting(name: string, flags: readonly CommandFlag[], is: (key: Key) => boolean): Command {
  const run = (args: readonly Buffer[], context: ConnectionContext): Outcome =>
    context.keyspace.many(context, args.slice(1), (keys) => integer(keys.filter(is).length));
  return command(name, -2, { flags, keys: [1, -1, 1], run });
}

const isThere = (key: Key): boolean => key.type !== "none";

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
];
