/**
 * CLIENT: what a connection is called, and who else is connected.
 *
 * Not here: closing other connections, tracking and pausing, which no session module asks for.
 */
import type { ClientContext } from "./client-context.js";
import { type Command, command, type CommandFlag, container } from "./command.js";
import { BAD_NAME, isName } from "./connection-commands.js";
import { bulkOrNull, error, integer, OK, type Reply, SYNTAX_ERROR } from "./reply.js";

const PLAIN: readonly CommandFlag[] = ["noscript", "loading", "stale"];
const ADMIN: readonly CommandFlag[] = ["admin", "noscript", "loading", "stale"];

/** CLIENT and its subcommands. */
export const clientCommands: readonly Command<ClientContext>[] = [
  container("client", [
    command("client|id", 2, { flags: PLAIN, run: (_args, { clientId }) => integer(clientId) }),
    command("client|getname", 2, { flags: PLAIN, run: getName }),
    command("client|setname", 3, { flags: PLAIN, run: setName }),
    command("client|setinfo", 4, { flags: PLAIN, run: setInfo }),
    command("client|info", 2, { flags: PLAIN, run: (_args, context) => lines([context]) }),
    command("client|list", -2, { flags: ADMIN, run: list }),
    command("client|no-evict", 3, { flags: ADMIN, run: noEvict }),
    command("client|no-touch", 3, { flags: PLAIN, run: noTouch }),
    command("client|maint_notifications", -3, { flags: PLAIN, run: maintenanceNotifications }),
  ]),
];

function textOf(argument: Buffer | undefined): string {
  return argument?.toString("latin1") ?? "";
}

function getName(_args: readonly Buffer[], { name }: ClientContext): Reply {
  return bulkOrNull(name === "" ? undefined : Buffer.from(name, "latin1"));
}

function setName(args: readonly Buffer[], context: ClientContext): Reply {
  const name = textOf(args[2]);
  if (!isName(name)) return BAD_NAME;
  context.name = name;
  return OK;
}

function setInfo(args: readonly Buffer[], context: ClientContext): Reply {
  const attribute = textOf(args[2]).toLowerCase();
  const value = textOf(args[3]);
  if (attribute !== "lib-name" && attribute !== "lib-ver") {
    return error(`ERR Unrecognized option '${textOf(args[2])}'`);
  }
  if (!isName(value)) {
    return error(`ERR ${attribute} cannot contain spaces, newlines or special characters.`);
  }
  if (attribute === "lib-name") context.libraryName = value;
  else context.libraryVersion = value;
  return OK;
}

function noEvict(args: readonly Buffer[], context: ClientContext): Reply {
  const isOn = switchOf(args[2]);
  if (isOn === undefined) return SYNTAX_ERROR;
  context.isNoEvict = isOn;
  return OK;
}

function noTouch(args: readonly Buffer[], context: ClientContext): Reply {
  const isOn = switchOf(args[2]);
  if (isOn === undefined) return SYNTAX_ERROR;
  context.isNoTouch = isOn;
  return OK;
}

/** Nobody is told of maintenance here, so only who does not want to be told is obeyed. */
function maintenanceNotifications(args: readonly Buffer[]): Reply {
  const isOn = switchOf(args[2]);
  if (isOn === undefined) return SYNTAX_ERROR;
  return isOn ? error("ERR maintenance notifications are not sent by session-mesh") : OK;
}

function switchOf(argument: Buffer | undefined): boolean | undefined {
  const text = textOf(argument).toLowerCase();
  if (text === "on") return true;
  return text === "off" ? false : undefined;
}

function list(args: readonly Buffer[], { door }: ClientContext): Reply {
  const all = [...door.clients.values()];
  if (args.length === 2) return lines(all);
  const option = textOf(args[2]).toLowerCase();
  if (option === "type" && args.length === 4) return listOfType(textOf(args[3]), all);
  if (option !== "id" || args.length < 4) return SYNTAX_ERROR;
  const ids = args.slice(3).map(textOf);
  if (ids.some((id) => !/^[1-9]\d{0,15}$/.test(id))) return error("ERR Invalid client ID");
  return lines(ids.flatMap((id) => door.clients.get(Number(id)) ?? []));
}

function listOfType(type: string, all: readonly ClientContext[]): Reply {
  if (/^normal$/i.test(type)) return lines(all);
  if (/^(master|slave|replica|pubsub)$/i.test(type)) return lines([]);
  return error(`ERR Unknown client type '${type}'`);
}

function lines(clients: readonly ClientContext[]): Reply {
  const text = clients.map((client) => `${describe(client)}\n`).join("");
  return { kind: "verbatim", text };
}

/** One line as Redis prints it; what does not exist here is 0. */
function describe(client: ClientContext): string {
  const now = Date.now();
  const seconds = (since: number): number => Math.max(0, Math.floor((now - since) / 1_000));
  const flags = `${client.isNoEvict ? "e" : ""}${client.isNoTouch ? "T" : ""}` || "N";
  return [
    `id=${client.clientId} addr=${client.remote} laddr=${client.local} fd=-1 name=${client.name}`,
    `age=${seconds(client.connectedAt)} idle=${seconds(client.lastCommandAt)} flags=${flags}`,
    `db=${client.db} sub=0 psub=0 ssub=0 multi=-1 qbuf=${client.receivedBytes} qbuf-free=0`,
    `argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=${client.backlogBytes}`,
    `tot-mem=${client.receivedBytes + client.backlogBytes} events=r cmd=${client.lastCommandName}`,
    `user=${client.user || "default"} redir=-1 resp=${client.protocol}`,
    `lib-name=${client.libraryName} lib-ver=${client.libraryVersion}`,
  ].join(" ");
}
