/**
 * The Redis front door's commands: all lists in one table.
 *
 * Not here: the commands, and the server (resp/).
 */
import type { ClientContext } from "./resp/client-context.js";
import { clientCommands } from "./resp/client-commands.js";
import { commandCommands } from "./resp/command-command.js";
import { CommandTable } from "./resp/command.js";
import { dataCommands } from "./resp/commands/data-commands.js";
import { configCommands } from "./resp/config-command.js";
import { connectionCommands } from "./resp/connection-commands.js";
import { infoCommands } from "./resp/info-command.js";

/** Every command that a Redis client can call. */
export function createCommandTable(): CommandTable<ClientContext> {
  return new CommandTable<ClientContext>(
    connectionCommands,
    clientCommands,
    commandCommands,
    configCommands,
    infoCommands,
    dataCommands,
  );
}
