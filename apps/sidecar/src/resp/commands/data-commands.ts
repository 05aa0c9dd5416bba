/**
 * All commands about data, in one list for the command table.
 *
 * Not here: commands about connections and the server (connection-commands.ts and others).
 */
import type { Command } from "../command.js";
import { expiryCommands } from "./expiry-commands.js";
import { hashCommands } from "./hash-commands.js";
import { keyCommands } from "./key-commands.js";
import { meshCommands } from "./mesh-commands.js";
import { numberCommands } from "./number-commands.js";
import { scanCommands } from "./scan-commands.js";
import { scriptCommands } from "./script-commands.js";
import { stringCommands } from "./string-commands.js";

/** The commands. */
export const dataCommands: readonly Command[] = [
  ...stringCommands,
  ...expiryCommands,
  ...hashCommands,
  ...keyCommands,
  ...numberCommands,
  ...scanCommands,
  ...scriptCommands,
  ...meshCommands,
];
