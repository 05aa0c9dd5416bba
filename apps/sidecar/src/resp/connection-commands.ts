/**
 * The commands with which a connection begins and ends: HELLO, AUTH, SELECT, PING, ECHO, RESET, QUIT.
 *
 * Not here: CLIENT (client-commands.ts), and what is about the server (server-commands.ts).
 */
import { isAdmitted } from "./authentication.js";
import type { ClientContext } from "./client-context.js";
import { type Command, command, type CommandFlag, wrongArity } from "./command.js";
import {
  bulk,
  EMPTY_ARRAY,
  error,
  integer,
  map,
  NOT_AN_INTEGER,
  OK,
  type Reply,
  simple,
} from "./reply.js";

/** The version of Redis whose replies are given. */
export const REDIS_VERSION = "7.0.15";

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const NOT_AN_INT = error(`ERR value is out of range, value must between ${INT_MIN} and ${INT_MAX}`);
const PONG = simple("PONG");
const WRONG_PASSWORD = error("WRONGPASS invalid username-password pair or user is disabled.");
const NO_PASSWORD = error(
  "ERR AUTH <password> called without any password configured for the default user. " +
    "Are you sure your configuration is correct?",
);
const STRANGER = error(
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> " +
    "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol " +
    "version at the same time",
);

const STRANGERS_TOO: readonly CommandFlag[] = ["noscript", "loading", "stale", "fast", "no_auth"];

/** The commands of this file. */
export const connectionCommands: readonly Command<ClientContext>[] = [
  command("ping", -1, { flags: ["fast"], run: ping }),
  command("echo", 2, { flags: ["fast"], run: (args) => bulk(args[1] ?? "") }),
  command("hello", -1, { flags: STRANGERS_TOO, run: hello }),
  command("auth", -2, { flags: STRANGERS_TOO, run: auth }),
  command("select", 2, { flags: ["loading", "stale", "fast"], run: select }),
  command("reset", 1, { flags: STRANGERS_TOO, run: reset }),
  command("quit", -1, { flags: STRANGERS_TOO, run: quit }),
];

function ping(args: readonly Buffer[]): Reply {
  const [, message] = args;
  if (args.length > 2) return wrongArity("ping");
  return message === undefined ? PONG : bulk(message);
}

function quit(_args: readonly Buffer[], context: ClientContext): Reply {
  context.closeAfterReply();
  return OK;
}

function reset(_args: readonly Buffer[], context: ClientContext): Reply {
  context.db = 0;
  context.name = "";
  context.protocol = 2;
  context.user = "";
  context.isNoEvict = false;
  context.isNoTouch = false;
  context.isAuthenticated = context.door.settings.password === undefined;
  return simple("RESET");
}

function select(args: readonly Buffer[], context: ClientContext): Reply {
  const text = args[1]?.toString("latin1") ?? "";
  if (!/^(0|-?[1-9]\d{0,17})$/.test(text)) return NOT_AN_INTEGER;
  const db = Number(text);
  if (db < INT_MIN || db > INT_MAX) return NOT_AN_INT;
  if (db < 0 || db >= context.door.settings.databasesMax) {
    return error("ERR DB index is out of range");
  }
  context.db = db;
  return OK;
}

function auth(args: readonly Buffer[], context: ClientContext): Reply {
  if (args.length > 3) return error("ERR syntax error");
  const { settings } = context.door;
  if (args.length === 2 && settings.password === undefined) return NO_PASSWORD;
  const user = args.length === 2 ? settings.user : (args[1]?.toString("latin1") ?? "");
  return admit(context, user, args.at(-1)?.toString("latin1") ?? "") ? OK : WRONG_PASSWORD;
}

function admit(context: ClientContext, user: string, password: string): boolean {
  if (!isAdmitted(context.door.settings, user, password)) return false;
  context.isAuthenticated = true;
  context.user = user;
  return true;
}

function hello(args: readonly Buffer[], context: ClientContext): Reply {
  const version = args[1]?.toString("latin1");
  if (version !== undefined && !/^(0|-?[1-9]\d{0,17})$/.test(version)) {
    return error("ERR Protocol version is not an integer or out of range");
  }
  if (version !== undefined && version !== "2" && version !== "3") {
    return error("NOPROTO unsupported protocol version");
  }
  const options = readOptions(args);
  if ("kind" in options) return options;
  const { user, password, name } = options;
  if (user !== undefined && !admit(context, user, password ?? "")) return WRONG_PASSWORD;
  if (!context.isAuthenticated) return STRANGER;
  if (name !== undefined) {
    if (!isName(name)) return BAD_NAME;
    context.name = name;
  }
  if (version !== undefined) context.protocol = version === "3" ? 3 : 2;
  return greeting(context);
}

interface HelloOptions {
  readonly user?: string;
  readonly password?: string;
  readonly name?: string;
}

function readOptions(args: readonly Buffer[]): HelloOptions | Reply {
  let options: HelloOptions = {};
  for (let at = 2; at < args.length; at++) {
    const option = args[at]?.toString("latin1") ?? "";
    const [first, second] = [args[at + 1]?.toString("latin1"), args[at + 2]?.toString("latin1")];
    if (/^auth$/i.test(option) && first !== undefined && second !== undefined) {
      options = { ...options, user: first, password: second };
      at += 2;
    } else if (/^setname$/i.test(option) && first !== undefined) {
      options = { ...options, name: first };
      at += 1;
    } else return error(`ERR Syntax error in HELLO option '${option}'`);
  }
  return options;
}

function greeting(context: ClientContext): Reply {
  const fields: Readonly<Record<string, Reply>> = {
    server: bulk("redis"),
    version: bulk(REDIS_VERSION),
    proto: integer(context.protocol),
    id: integer(context.clientId),
    mode: bulk("standalone"),
    role: bulk("master"),
    modules: EMPTY_ARRAY,
  };
  return map(Object.entries(fields).flatMap(([name, value]) => [bulk(name), value]));
}

/** What is said to a name that CLIENT LIST could not show. */
export const BAD_NAME: Reply = error(
  "ERR Client names cannot contain spaces, newlines or special characters.",
);

/** Whether CLIENT LIST can show this name. */
export function isName(name: string): boolean {
  return /^[!-~]*$/.test(name);
}
