/**
 * The seam between a node and whatever carries its frames: WebSockets, memory, later WebRTC.
 *
 * A transport opens connections and moves frames; it neither knows who is at the other end nor looks
 * into a frame. Frames on one connection arrive whole and in order, or the connection closes.
 * test/compliance/transport.suite.ts says what every transport must do.
 *
 * Not here: the proof of the secret (handshake.ts), and what becomes of a connection once it is
 * proved (links.ts).
 */

/** How a connection ended. */
export interface Closing {
  /** Why, for logs. */
  readonly reason: string;
  /** The other end sent what no peer of ours sends: too large, not binary, not of the protocol. */
  readonly isPeerFault: boolean;
}

/** Who hears of what happens on a connection. Never called from inside a call on the connection. */
export interface ConnectionListener {
  /** A frame arrived. Its bytes may be a view of a larger buffer. */
  received(frame: Uint8Array): void;
  /** The connection is over, whoever closed it; said once, and nothing follows. */
  closed(closing: Closing): void;
}

/** An open connection to a peer that has proved nothing yet. */
export interface Connection {
  /** Where the other end is, for logs. */
  readonly remote: string;
  /** Bytes that were sent and are still held here. */
  readonly bufferedBytes: number;
  /** Queues a frame; without effect when the connection is closing. The bytes must not change after. */
  send(frame: Uint8Array): void;
  /**
   * The other end has proved itself: from now on it may send frames up to `frameBytesMax`. Before,
   * an accepted connection that sends more than {@link UNPROVEN_BYTES_MAX} in all is closed.
   */
  trust(): void;
  /** Flushes what was sent, closes, and tells the other end why. No frame is received from then on. */
  close(reason: string): void;
}

/** How an attempt to connect ends: exactly one of the two is called, never from inside `dial`. */
export interface Dial {
  opened(connection: Connection): ConnectionListener;
  failed(detail: string): void;
}

/** Moves frames between nodes. */
export interface Transport {
  /** Whether frames can leave this machine, so that a secret is required. */
  readonly isLoopback: boolean;
  /**
   * Starts to accept connections, and tells where peers can dial this node.
   * Rejects with a MeshError when that place is taken; nothing is left open then.
   */
  listen(accepted: (connection: Connection) => ConnectionListener): Promise<string>;
  /** Tries to connect. An address comes from options or from peers, so a bad one fails as any other. */
  dial(address: string, dial: Dial): void;
  /** Stops accepting, and closes what is open. Resolves when nothing is. */
  close(): Promise<void>;
}

/** What the unproven end of an accepted connection may send in all: a handshake takes 460 bytes. */
export const UNPROVEN_BYTES_MAX = 4_096;
