/**
 * COMMAND: which commands there are, for clients that ask.
 *
 * Flags, arity and key positions are told as they are; what Redis knows beyond that for documentation
 * is left out. Not here: finding a command (command.ts).
 */
import type { ClientContext } from "./client-context.js";
import { type Command, command, type CommandFlag, container, wrongArity } from "./command.js";
import { matchesGlob } from "./glob.js";
import {
  array,
  bulk,
  EMPTY_ARRAY,
  integer,
  map,
  NULL,
  type Reply,
  simple,
  SYNTAX_ERROR,
} from "./reply.js";

type Entry = Command<ClientContext>;

const FLAGS: readonly CommandFlag[] = ["loading", "stale"];

const subcommands: readonly Entry[] = [
  command("command|count", 2, {
    flags: FLAGS,
    run: (_args, { door }) => integer(door.table.names.length),
  }),
  command("command|info", -2, { flags: FLAGS, run: (args, context) => info(args, context, 2) }),
  command("command|docs", -2, { flags: FLAGS, run: docs }),
  command("command|list", -2, { flags: FLAGS, run: list }),
];

/** COMMAND and its subcommands. */
export const commandCommands: readonly Entry[] = [
  {
    ...container("command", subcommands),
    arity: -1,
    run: (args, context) => info(args.slice(0, 1), context, 1),
  },
];

function named(args: readonly Buffer[], { door }: ClientContext, from: number): string[] {
  const asked = args.slice(from).map((name) => name.toString("latin1"));
  return asked.length > 0 ? asked : [...door.table.names];
}

function entryOf(name: string, { door }: ClientContext): Entry | undefined {
  const [container = "", sub] = name.toLowerCase().split("|");
  const found = door.table.find(container);
  return sub === undefined ? found : found?.subcommands?.find(name.toLowerCase());
}

function info(args: readonly Buffer[], context: ClientContext, from: number): Reply {
  return array(
    named(args, context, from).map((name) => {
      const entry = entryOf(name, context);
      return entry === undefined ? NULL : describe(entry);
    }),
  );
}

function describe(entry: Entry): Reply {
  const inner = entry.subcommands;
  return array([
    bulk(entry.name),
    integer(entry.arity),
    { kind: "set", items: entry.flags.map(simple) },
    integer(entry.firstKey),
    integer(entry.lastKey),
    integer(entry.step),
    { kind: "set", items: categoriesOf(entry).map((category) => simple(`@${category}`)) },
    EMPTY_ARRAY,
    EMPTY_ARRAY,
    array((inner?.names ?? []).flatMap((name) => inner?.find(name) ?? []).map(describe)),
  ]);
}

function categoriesOf({ flags }: Entry): string[] {
  const has = (flag: CommandFlag): boolean => flags.includes(flag);
  return [
    ...(has("write") ? ["write"] : []),
    ...(has("readonly") ? ["read"] : []),
    ...(has("admin") ? ["admin", "dangerous"] : []),
    has("fast") ? "fast" : "slow",
  ];
}

function docs(args: readonly Buffer[], context: ClientContext): Reply {
  return map(
    named(args, context, 2).flatMap((name) => {
      const entry = entryOf(name, context);
      if (entry === undefined) return [];
      const about = [bulk("summary"), bulk(""), bulk("since"), bulk("1.0.0")];
      return [bulk(entry.name), map([...about, bulk("group"), bulk("generic")])];
    }),
  );
}

function list(args: readonly Buffer[], { door }: ClientContext): Reply {
  const { names } = door.table;
  if (args.length === 2) return array(names.map(bulk));
  const [by = "", what = ""] = args.slice(3).map((text) => text.toString("latin1"));
  if (!/^filterby$/i.test(args[2]?.toString("latin1") ?? "") || args.length !== 5) {
    return args.length < 5 ? wrongArity("command|list") : SYNTAX_ERROR;
  }
  if (/^module$/i.test(by)) return EMPTY_ARRAY;
  const isKept = filterBy(by.toLowerCase(), what.toLowerCase());
  if (isKept === undefined) return SYNTAX_ERROR;
  return array(
    names
      .flatMap((name) => door.table.find(name) ?? [])
      .filter(isKept)
      .map(nameOf),
  );
}

function filterBy(by: string, what: string): ((entry: Entry) => boolean) | undefined {
  if (by === "aclcat") return (entry) => categoriesOf(entry).includes(what);
  if (by !== "pattern") return undefined;
  const pattern = Buffer.from(what, "latin1");
  return (entry) => matchesGlob(pattern, Buffer.from(entry.name));
}

function nameOf({ name }: Entry): Reply {
  return bulk(name);
}
