/**
 * The keys of the configuration, one by one: what each is called in a file, as a flag and as a
 * variable, found by walking the schema.
 *
 * Not here: values (load.ts).
 */
import { z } from "zod";
import { configSchema, type KeyNotes } from "./schema.js";

/** One key that holds a value, not further keys. */
export interface ConfigKey {
  /** As in `redis.clientsMax`; the flag is `--redis.clientsMax`. */
  readonly name: string;
  readonly path: readonly string[];
  /** As in `SESSION_MESH_REDIS_CLIENTS_MAX`. */
  readonly variable: string;
  readonly description: string;
  /** Refused as a flag: any user of the machine can read command lines. */
  readonly isSecret: boolean;
  /** What holds where nothing is given; undefined: nothing does. */
  readonly defaultValue: unknown;
  /** The value that a text of a flag or variable stands for; the schema judges it. */
  fromText(text: string): unknown;
}

/** Every key, in the order of the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = walk(configSchema, []);

function walk(schema: z.core.$ZodType, path: readonly string[]): ConfigKey[] {
  const { inner, defaultValue } = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape).flatMap(([name, child]) => walk(child, [...path, name]));
  }
  // What has a place and no meaning yet.
  if (inner instanceof z.ZodUndefined) return [];
  const noted = z.globalRegistry.get(schema) as Partial<KeyNotes> | undefined;
  const { description = "", isSecret = false } = noted ?? {};
  return [
    {
      name: path.join("."),
      path,
      variable: `SESSION_MESH_${path.map(upperSnake).join("_")}`,
      ...{ description, isSecret, defaultValue },
      fromText: (text) => valueOf(text, inner),
    },
  ];
}

function unwrap(schema: z.core.$ZodType): { inner: z.core.$ZodType; defaultValue: unknown } {
  let inner = schema;
  let defaultValue: unknown;
  for (;;) {
    if (inner instanceof z.ZodDefault) {
      defaultValue = inner.def.defaultValue;
      inner = inner.unwrap();
    } else if (inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault) {
      inner = inner.unwrap();
    } else return { inner, defaultValue };
  }
}

function upperSnake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}

/** Text where text is wanted; else JSON, or a list with commas, or the text after all. */
function valueOf(text: string, schema: z.core.$ZodType): unknown {
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return schema instanceof z.ZodArray || text.includes(",") ? text.split(",") : text;
  }
}
