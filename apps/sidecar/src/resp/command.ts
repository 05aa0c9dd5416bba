/**
 * What a command is, what it sees of its connection, and the table that finds it.
 *
 * Commands of one connection start in the order in which they came, and their replies leave in that
 * order. What `run` returns says when the next one may start:
 *
 *   Reply                 done
 *   Deferred              its effect is done, here; only the reply waits (for acknowledgements):
 *                         the next command starts now
 *   Promise               its effect is still to come (a miss that asks peers): the next one waits.
 *                         It may end as a Deferred
 *
 * Not here: the commands, and reading or writing bytes (connection.ts).
 */
import type { Keyspace } from "../keyspace/keyspace.js";
import { error, type Protocol, type Reply } from "./reply.js";

/** A command whose effect has happened on this node, and whose reply waits for something else. */
export interface Deferred {
  readonly kind: "deferred";
  readonly reply: Promise<Reply>;
}

/** What running a command gives; see the head of this file. */
export type Outcome = Reply | Deferred | Promise<Reply | Deferred>;

/** What a command sees of the connection that sent it. */
export interface ConnectionContext {
  /** Growing, from 1; never used again in this process. */
  readonly clientId: number;
  /** What SELECT chose. */
  db: number;
  /** What CLIENT SETNAME or HELLO … SETNAME gave; empty without. */
  name: string;
  /** Which encoding the replies have, from the next reply on. */
  protocol: Protocol;
  /** Where the keys are. */
  readonly keyspace: Keyspace;
}

/** Redis' flags of a command that matter to its clients (COMMAND INFO). */
export type CommandFlag =
  | "write"
  | "readonly"
  | "denyoom"
  | "admin"
  | "noscript"
  | "loading"
  | "stale"
  | "fast"
  | "no_auth";

/** One command; some see more of their connection than the context that all get. */
export interface Command<Context extends ConnectionContext = ConnectionContext> {
  /** Lower case; a subcommand is named `client|id`. */
  readonly name: string;
  /** How many arguments, the name included; negative: at least as many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** Where keys stand among the arguments (0: none); a negative last counts from the end. */
  readonly firstKey: number;
  readonly lastKey: number;
  readonly step: number;
  /** A container (CLIENT, OBJECT): its first argument chooses among these, and `run` is not called. */
  readonly subcommands?: CommandTable<Context>;
  /**
   * Runs it. `args` has the command's name at 0; each is a view of the bytes received, so what is
   * kept is copied. It throws only where an invariant of ours is broken; all else is an error reply.
   */
  run(args: readonly Buffer[], context: Context): Outcome;
}

/** What `command` takes beside name and arity. */
export interface CommandOptions<Context extends ConnectionContext> {
  readonly flags: readonly CommandFlag[];
  /** First, last, step; no keys by default. */
  readonly keys?: readonly [first: number, last: number, step: number];
  run(args: readonly Buffer[], context: Context): Outcome;
}

/** Makes an entry of the table. */
export function command<Context extends ConnectionContext = ConnectionContext>(
  name: string,
  arity: number,
  options: CommandOptions<Context>,
): Command<Context> {
  const [firstKey, lastKey, step] = options.keys ?? [0, 0, 0];
  return { name, arity, flags: options.flags, firstKey, lastKey, step, run: options.run };
}

/** Makes a container of subcommands, which are named `client|id`. */
export function container<Context extends ConnectionContext = ConnectionContext>(
  name: string,
  subcommands: readonly Command<Context>[],
): Command<Context> {
  const entry = command<Context>(name, -2, { flags: [], run: () => wrongArity(name) });
  return { ...entry, subcommands: new CommandTable(subcommands) };
}

/** Finds commands by name, whatever its case. */
export class CommandTable<Context extends ConnectionContext = ConnectionContext> {
  readonly #byName = new Map<string, Command<Context>>();
  readonly #names: readonly string[];

  constructor(...lists: readonly (readonly Command<Context>[])[]) {
    for (const entry of lists.flat()) {
      this.#byName.set(entry.name, entry);
      this.#byName.set(entry.name.toUpperCase(), entry);
    }
    this.#names = lists.flat().map(({ name }) => name);
  }

  /** The names of all commands, in the order in which they were given. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** The command of that name. */
  find(name: string): Command<Context> | undefined {
    return this.#byName.get(name) ?? this.#byName.get(name.toLowerCase());
  }

  /** The command that these arguments call, or the error that Redis answers. */
  lookUp(args: readonly Buffer[]): Command<Context> | Reply {
    let found = this.find(args[0]?.toString("latin1") ?? "");
    if (found === undefined) return unknownCommand(args);
    if (found.subcommands !== undefined && args.length > 1) {
      const { name, subcommands } = found;
      found = subcommands.find(`${name}|${args[1]?.toString("latin1") ?? ""}`);
      if (found === undefined) return unknownSubcommand(name, args[1]);
    }
    const isWrong = found.arity > 0 ? args.length !== found.arity : args.length < -found.arity;
    return isWrong ? wrongArity(found.name) : found;
  }
}

/** The error for a wrong number of arguments. */
export function wrongArity(name: string): Reply {
  return error(`ERR wrong number of arguments for '${name}' command`);
}

const SHOWN_BYTES_MAX = 128;

function unknownCommand(args: readonly Buffer[]): Reply {
  let shown = "";
  for (let index = 1; index < args.length && shown.length < SHOWN_BYTES_MAX; index++) {
    shown += `'${beginning(args[index], SHOWN_BYTES_MAX - shown.length)}' `;
  }
  const name = beginning(args[0], SHOWN_BYTES_MAX);
  return error(`ERR unknown command '${name}', with args beginning with: ${shown}`);
}

function unknownSubcommand(name: string, sub: Buffer | undefined): Reply {
  const shown = beginning(sub, SHOWN_BYTES_MAX);
  return error(`ERR unknown subcommand '${shown}'. Try ${name.toUpperCase()} HELP.`);
}

/** As C prints a string: up to its first zero byte, at most so many bytes. */
function beginning(bytes: Buffer | undefined, bytesMax: number): string {
  const text = bytes?.toString("latin1", 0, bytesMax) ?? "";
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}
