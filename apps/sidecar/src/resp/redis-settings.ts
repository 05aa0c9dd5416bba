/**
 * The bounds of the Redis front door, with their defaults.
 *
 * Not here: where they are read from (config.ts), and where it listens.
 */

/** Who may come in, and how much of everything there may be. */
export interface RedisSettings {
  /** The user that AUTH must name. @default "default" */
  readonly user: string;
  /** What AUTH must say; without, everyone is let in. */
  readonly password?: string;
  /** How many namespaces SELECT knows. @default 16 */
  readonly databasesMax: number;
  /** Connections at once; a further one is told so and closed. @default 10_000 */
  readonly clientsMax: number;
  /** The longest value a client may send; beyond, the connection is closed. @default 16 MiB */
  readonly bulkBytesMax: number;
  /** The most arguments of one command; beyond, the connection is closed. @default 1_048_576 */
  readonly argumentsMax: number;
  /** Replies that a client has not read; beyond, nothing more of it is read. @default 1 MiB */
  readonly replyBacklogBytesMax: number;
  /** Commands of one connection whose replies wait; beyond, no further one starts. @default 1_024 */
  readonly repliesWaitingMax: number;
  /** What all connections hold, in and out; beyond, the largest is closed. @default 256 MiB */
  readonly clientsBytesMax: number;
  /** From connecting to the first whole command, and to AUTH where needed. @default 5_000 */
  readonly handshakeDeadlineMs: number;
  /** From the first byte of a command to its last. @default 5_000 */
  readonly frameDeadlineMs: number;
}

const MEBIBYTE = 1024 * 1024;

/** What holds where nothing is configured. */
export const DEFAULT_REDIS_SETTINGS: RedisSettings = {
  user: "default",
  databasesMax: 16,
  clientsMax: 10_000,
  bulkBytesMax: 16 * MEBIBYTE,
  argumentsMax: 1_048_576,
  replyBacklogBytesMax: MEBIBYTE,
  repliesWaitingMax: 1_024,
  clientsBytesMax: 256 * MEBIBYTE,
  handshakeDeadlineMs: 5_000,
  frameDeadlineMs: 5_000,
};
