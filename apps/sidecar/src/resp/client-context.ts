/**
 * What commands about connections and the server see, beyond what data commands do.
 *
 * Not here: the connection that implements it (connection.ts), and the server (server.ts).
 */
import type { CommandTable, ConnectionContext } from "./command.js";
import type { RedisSettings } from "./redis-settings.js";

/** A connection as the commands CLIENT, HELLO, AUTH, RESET and QUIT see it. */
export interface ClientContext extends ConnectionContext {
  /** What all connections share. */
  readonly door: RedisDoor;
  /** Whether the client may send anything but AUTH and HELLO. */
  isAuthenticated: boolean;
  /** Who it authenticated as. */
  user: string;
  /** What CLIENT SETINFO gave. */
  libraryName: string;
  libraryVersion: string;
  /** What CLIENT NO-EVICT and NO-TOUCH set; both are remembered and shown, neither changes anything. */
  isNoEvict: boolean;
  isNoTouch: boolean;
  /** Where it comes from and where it came in, as `host:port` or `path:0`. */
  readonly remote: string;
  readonly local: string;
  /** When it connected, in `Date.now()` milliseconds. */
  readonly connectedAt: number;
  /** When its last command came, and which one. */
  readonly lastCommandAt: number;
  readonly lastCommandName: string;
  /** Bytes received that are no whole command yet, and replies that wait to be sent. */
  readonly receivedBytes: number;
  readonly backlogBytes: number;
  /** Closes after the reply to the command that is running. */
  closeAfterReply(): void;
}

/** What the connections of one front door share. */
export interface RedisDoor {
  readonly settings: RedisSettings;
  /** Every command there is. */
  readonly table: CommandTable<ClientContext>;
  /** The connections that are open. */
  readonly clients: ReadonlyMap<number, ClientContext>;
  /** Counted since the start, for INFO and metrics. */
  readonly counts: DoorCounts;
  /** Counted since the start, or since `forgetCounts`. */
  recentCounts(): DoorCounts;
  /** CONFIG RESETSTAT; metrics go on counting. */
  forgetCounts(): void;
  /** The first TCP port it listens on; 0 without. */
  readonly port: number;
  /** The node's name, and when it started in `Date.now()` milliseconds. */
  readonly node: string;
  readonly startedAt: number;
}

/** Why a connection was closed by us, by the name of the bound. */
export type Bound =
  | "clientsMax"
  | "handshakeDeadlineMs"
  | "frameDeadlineMs"
  | "clientsBytesMax"
  | "frame";

/** What a front door has counted since it started. */
export interface DoorCounts {
  connectionCount: number;
  commandCount: number;
  errorReplyCount: number;
  readonly closedByBound: Record<Bound, number>;
}
