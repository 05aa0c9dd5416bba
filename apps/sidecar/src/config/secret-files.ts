/**
 * Secrets that stand in files of their own (systemd's credentials, mounted secrets).
 *
 * Not here: whether a secret is long enough (schema.ts, and createMesh).
 */
import { readFileSync } from "node:fs";
import type { Config } from "./config.js";
import { ConfigError } from "./config-error.js";

/** Puts what the `…File` keys name into the keys they stand for. Throws a ConfigError. */
export function readSecretFiles(config: Config): Config {
  const { redis, admin } = config;
  const secret = readList("secret", config.secret, config.secretFile);
  const idKey = readOne("idKey", config.idKey, config.idKeyFile);
  const password = readOne("redis.password", redis.password, redis.passwordFile);
  const token = readOne("admin.token", admin?.token, admin?.tokenFile);
  return {
    ...config,
    ...{ secret, idKey },
    redis: { ...redis, password },
    admin: admin && { ...admin, token },
  };
}

function readOne(
  key: string,
  value: string | undefined,
  file: string | undefined,
): string | undefined {
  const read = readList(key, value, file);
  if (!Array.isArray(read)) return read as string | undefined;
  if (read.length === 1) return read[0] as string;
  throw new ConfigError([`\`${key}File\` (${file ?? ""}) must hold one line`]);
}

function readList(
  key: string,
  value: string | readonly string[] | undefined,
  file: string | undefined,
): string | readonly string[] | undefined {
  if (file === undefined) return value;
  if (value !== undefined) {
    throw new ConfigError([`\`${key}\` and \`${key}File\` exclude each other; take one away`]);
  }
  const lines = readText(key, file).split(/\r?\n/).filter(Boolean);
  if (lines.length > 0) return lines;
  throw new ConfigError([`\`${key}File\` (${file}) is empty; put the secret into it`]);
}

function readText(key: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError([
      `\`${key}File\` cannot be read (${(error as Error).message}); give a file that this user may read`,
    ]);
  }
}
