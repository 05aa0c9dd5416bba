#!/usr/bin/env node
/**
 * The binary `session-mesh`: its verbs, and how it ends.
 *
 * commander, because it prints a verb's help from what it parses and has no dependencies.
 * Exit codes: of `serve` 0 and 1 as P7 says (session-mesh's drain-on-signal); 78 where the
 * configuration is wrong, which no restart mends; 1 for everything else.
 *
 * Not here: what a verb does.
 */
import { Command, CommanderError, Option } from "commander";
import { MeshError } from "session-mesh";
import { ConfigError } from "./config/config-error.js";
import { CONFIG_KEYS } from "./config/keys.js";
import { loadConfig } from "./config/load.js";
import { openFilesWarning, readLimits } from "./open-files.js";
import { serve } from "./serve.js";
import { tomcatJarVerb } from "./tomcat-jar.js";

/** `EX_CONFIG` of sysexits.h. */
const WRONG_CONFIGURATION = 78;

const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const program = new Command("session-mesh").description(
  "Sessions shared by app servers without a server to run: a node for servers of any language",
);
program.exitOverride().addCommand(serveVerb()).addCommand(tomcatJarVerb(log).exitOverride());
await program.parseAsync().catch(fail);

function serveVerb(): Command {
  const verb = new Command("serve").description(
    "runs a node that speaks Redis' protocol, until SIGTERM",
  );
  const file = new Option("-c, --config <file>", "JSON file; flags and variables go over it");
  verb.addOption(file.env("SESSION_MESH_CONFIG"));
  for (const { name, variable, description, isSecret } of CONFIG_KEYS) {
    const option = new Option(`--${name} <value>`, `${description} [${variable}]`);
    if (isSecret) option.argParser(() => refuseSecret(name, variable));
    verb.addOption(option.hideHelp(isSecret || name.startsWith("limits.")));
  }
  verb.exitOverride();
  return verb.action(async ({ config: path, ...flags }: Record<string, string>) => {
    const { config, warnings } = loadConfig({ file: path, environment: process.env, flags });
    const files = openFilesWarning(config.redis.clientsMax, readLimits());
    for (const warning of [...warnings, ...(files === undefined ? [] : [files])]) {
      log(`session-mesh: ${warning}`);
    }
    const places = await serve(config, log);
    process.stdout.write(`${JSON.stringify(places)}\n`);
  });
}

function refuseSecret(name: string, variable: string): never {
  throw new ConfigError([
    `--${name} is refused, since any user of this machine can read command lines; ` +
      `give it as ${variable}, or in the file that \`${name}File\` names`,
  ]);
}

function fail(error: unknown): void {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) log(`session-mesh: ${problem}`);
    process.exitCode = WRONG_CONFIGURATION;
    return;
  }
  // Its help or its complaint was printed already.
  if (error instanceof CommanderError) {
    process.exitCode =
      error.exitCode === 0 || error.code === "commander.help" ? 0 : WRONG_CONFIGURATION;
    return;
  }
  log(
    error instanceof MeshError ? error.message : `session-mesh: ${String((error as Error).stack)}`,
  );
  process.exitCode =
    error instanceof MeshError && error.code === "option" ? WRONG_CONFIGURATION : 1;
}
