/**
 * The configuration as the rest of the program sees it: checked, and with its defaults.
 *
 * Not here: what each key means and which default it has (schema.ts), and reading it (load.ts).
 */
import type { Limits } from "session-mesh";
import type { KeyspaceOptions } from "../keyspace/keyspace.js";
import type { RedisSettings } from "../resp/redis-settings.js";
import type { RedisAddress } from "../resp/server.js";

/** Files of TLS between nodes. */
export interface TlsFiles {
  readonly keyFile: string;
  readonly certFile: string;
  readonly caFile?: string | undefined;
  readonly requestCert: boolean;
  readonly servername?: string | undefined;
}

/** How this node is set up. Secrets that came from files are in their own keys by now. */
export interface Config {
  readonly node?: string | undefined;
  readonly cluster: string;
  readonly listen: {
    readonly host: string;
    readonly port: number;
    readonly tls?: TlsFiles | undefined;
  };
  readonly advertise?: string | undefined;
  readonly seeds: readonly string[];
  readonly discovery: {
    readonly servers?: readonly string[] | undefined;
    readonly intervalMs: number;
  };
  readonly secret?: string | readonly string[] | undefined;
  readonly secretFile?: string | undefined;
  readonly idKey?: string | undefined;
  readonly idKeyFile?: string | undefined;
  readonly ackDeadlineMs?: number | undefined;
  readonly joinGraceMs: number;
  readonly requirePeers: boolean;
  readonly limits: { readonly [Name in keyof Limits]?: number | undefined };
  readonly storage?:
    | { readonly dataDir: string; readonly durability: "disk" | "memory" }
    | undefined;
  readonly admin?: AdminConfig | undefined;
  readonly redis: RedisConfig;
  readonly keys: Required<KeyspaceOptions>;
  readonly drain: { readonly readinessDelayMs: number; readonly deadlineMs: number };
}

/** Where the admin listens, and who may read. */
export interface AdminConfig {
  readonly host: string;
  readonly port: number;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly hosts?: readonly string[] | undefined;
  readonly origins?: readonly string[] | undefined;
}

/** The Redis front door: where it listens, who may come in, and its bounds. */
export interface RedisConfig extends Omit<RedisSettings, "password"> {
  readonly listen: readonly RedisAddress[];
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly allowUnauthenticated: boolean;
}
