/**
 * One WebSocket as a connection. ws sets TCP_NODELAY itself; compression is off at both ends.
 *
 * Not here: who may open one (ws.ts).
 */
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { type Connection, type ConnectionListener, UNPROVEN_BYTES_MAX } from "./transport.js";

/** The WebSocket close code of every close of ours; the reason says the rest. */
const CLOSE_CODE = 4_000;

/** What a close frame can carry of a reason. */
const REASON_BYTES_MAX = 123;

/** What is known of a WebSocket when it opens. */
export interface OpenSocket {
  readonly socket: WebSocket;
  readonly remote: string;
  /** The stream beneath an accepted one, to bound what the unproven may send. */
  readonly unproven?: Duplex;
}

/** Hands an open WebSocket over as a connection; to be called before its first message can arrive. */
export function adoptSocket(
  open: OpenSocket,
  opened: (connection: Connection) => ConnectionListener,
): void {
  const { socket, remote, unproven } = open;
  let ownReason: string | undefined;
  let fault: string | undefined;
  let unprovenBytes = 0;

  const cut = (reason: string): void => {
    fault ??= reason;
    socket.terminate();
  };
  const countUnproven = (chunk: Uint8Array): void => {
    unprovenBytes += chunk.length;
    if (unprovenBytes > UNPROVEN_BYTES_MAX) cut("too many bytes before the proof of the secret");
  };
  unproven?.on("data", countUnproven);

  const listener = opened({
    remote,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(frame) {
      if (socket.readyState === socket.OPEN) socket.send(frame, { binary: true });
    },
    trust() {
      unproven?.off("data", countUnproven);
    },
    close(reason) {
      ownReason ??= reason;
      socket.close(CLOSE_CODE, fitReason(reason));
    },
  });

  socket.on("message", (data: RawData, isBinary: boolean) => {
    if (fault !== undefined || ownReason !== undefined) return;
    if (isBinary) listener.received(data as Buffer);
    else cut("a text frame");
  });
  socket.on("error", (error: Error & { code?: string }) => {
    if (error.code?.startsWith("WS_ERR_") === true) fault ??= error.message;
  });
  socket.on("close", (_code: number, said: Buffer) => {
    unproven?.off("data", countUnproven);
    const peerReason = said.length > 0 ? printable(said) : "connection lost";
    listener.closed({
      reason: fault ?? ownReason ?? peerReason,
      isPeerFault: fault !== undefined,
    });
  });
}

function fitReason(reason: string): string {
  return Buffer.from(reason).subarray(0, REASON_BYTES_MAX).toString("latin1");
}

/** Peers choose these bytes and logs show them. */
function printable(bytes: Buffer): string {
  return bytes.toString("latin1").replace(/[^\x20-\x7e]/g, "?");
}
