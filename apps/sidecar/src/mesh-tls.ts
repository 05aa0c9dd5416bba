/**
 * TLS between nodes from files: what the mesh listens and dials with.
 *
 * Not here: what the options mean (session-mesh's tls-options).
 */
import { readFileSync } from "node:fs";
import type { DialTls, ListenTls } from "session-mesh";
import { ConfigError } from "./config/config-error.js";
import type { TlsFiles } from "./config/config.js";

/** Reads the files. Throws a ConfigError that names the key of one that cannot be read. */
export function readTls(files: TlsFiles): { listen: ListenTls; dial: DialTls } {
  const context = {
    key: read("keyFile", files.keyFile),
    cert: read("certFile", files.certFile),
    ...(files.caFile === undefined ? {} : { ca: read("caFile", files.caFile) }),
  };
  const { servername, requestCert } = files;
  return {
    listen: { ...context, requestCert },
    dial: { ...context, ...(servername === undefined ? {} : { servername }) },
  };
}

function read(key: keyof TlsFiles, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError([
      `\`listen.tls.${key}\` cannot be read (${(error as Error).message}); give a PEM file`,
    ]);
  }
}
