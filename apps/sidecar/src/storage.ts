/**
 * Storage in a directory, where the package `lmdb` is installed beside this one.
 *
 * Not here: what is stored (session-mesh/lmdb).
 */
import type { SessionStorage } from "session-mesh";
import { ConfigError } from "./config/config-error.js";

/** Storage in `dataDir`. Rejects with a ConfigError where `lmdb` is missing. */
export async function openStorage(dataDir: string): Promise<SessionStorage> {
  try {
    const { createLmdbStorage } = await import("session-mesh/lmdb");
    return createLmdbStorage({ dataDir });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new ConfigError([
      "`storage` needs the package `lmdb`, which is not installed: npm install lmdb",
    ]);
  }
}
