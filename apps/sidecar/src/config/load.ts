/**
 * The configuration from its three sources: a file, variables over it, flags over both.
 *
 * Every problem says which key, where it was given, and the remedy; all of them at once.
 * Not here: what a key may be (schema.ts), and what must hold between keys (placement.ts).
 */
import { readFileSync } from "node:fs";
import type { z } from "zod";
import type { Config } from "./config.js";
import { ConfigError } from "./config-error.js";
import { CONFIG_KEYS } from "./keys.js";
import { checkPlacement } from "./placement.js";
import { configSchema } from "./schema.js";
import { readSecretFiles } from "./secret-files.js";

/** What the configuration is made of. */
export interface ConfigSources {
  /** A JSON file. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** By key: `{ "redis.clientsMax": "5000" }`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
}

/** A configuration, and what should be said about it although it can be used. */
export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

type Tree = { [name: string]: unknown };

/** Reads and checks everything. Throws a ConfigError; nothing was opened. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const tree = sources.file === undefined ? {} : readTree(sources.file);
  const origins = new Map<string, string>();
  for (const { name, path, variable, fromText } of CONFIG_KEYS) {
    for (const [origin, text] of [
      [variable, sources.environment[variable]],
      [`--${name}`, sources.flags[name]],
    ] as const) {
      if (text === undefined) continue;
      setAt(tree, path, fromText(text));
      origins.set(name, origin);
    }
  }
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) {
    const describe = (issue: z.core.$ZodIssue): string[] => describeIssue(issue, origins, sources);
    throw new ConfigError([...new Set(parsed.error.issues.flatMap(describe))]);
  }
  const config = readSecretFiles(parsed.data);
  checkPlacement(config);
  return { config, warnings: unknownVariables(sources.environment) };
}

function readTree(file: string): Tree {
  let tree: unknown;
  try {
    tree = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const remedy = isMissing ? "give the path of a JSON file with --config" : "it must be JSON";
    throw new ConfigError([`${file}: ${(error as Error).message}; ${remedy}`]);
  }
  if (typeof tree === "object" && tree !== null && !Array.isArray(tree)) return tree as Tree;
  throw new ConfigError([`${file}: must hold one object, as { "redis": {} }`]);
}

function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree;
  for (const name of path.slice(0, -1)) {
    at[name] ??= {};
    const next = at[name];
    // What is no object there is said by the schema.
    if (typeof next !== "object" || next === null) return;
    at = next as Tree;
  }
  at[path.at(-1) ?? ""] = value;
}

function describeIssue(
  issue: z.core.$ZodIssue,
  origins: ReadonlyMap<string, string>,
  sources: ConfigSources,
): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => describeUnknown([...issue.path.map(String), name], sources));
  }
  const name = issue.path.join(".");
  const key = CONFIG_KEYS.find((each) => name === each.name || name.startsWith(`${each.name}.`));
  const origin = origins.get(key?.name ?? name) ?? sources.file;
  const where = origin === undefined ? "" : ` (${origin})`;
  return [`\`${name}\`${where} ${issue.message}`];
}

function describeUnknown(path: readonly string[], { file }: ConfigSources): string {
  const parent = path.slice(0, -1);
  const known = CONFIG_KEYS.map((key) => key.path)
    .filter((other) => parent.every((name, index) => other[index] === name))
    .map((other) => other[parent.length] ?? "");
  const where = file === undefined ? "" : ` (${file})`;
  return `\`${path.join(".")}\`${where} is no key; there are: ${[...new Set(known)].join(", ")}`;
}

/** A variable that is misspelt would else be found out the hard way. */
function unknownVariables(environment: ConfigSources["environment"]): string[] {
  const known = new Set(CONFIG_KEYS.map(({ variable }) => variable));
  return Object.keys(environment)
    .filter((name) => name.startsWith("SESSION_MESH_") && !known.has(name))
    .filter((name) => name !== "SESSION_MESH_CONFIG")
    .map((name) => `${name} names no key of the configuration, and is not read`);
}
