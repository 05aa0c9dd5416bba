/**
 * WebSockets on which a node of the made-up next version speaks: its frames are translated once the
 * proof of the secret is over.
 *
 * Only for nodes on loopback without a secret: sealed frames cannot be translated on their way.
 */
import type { Dialect } from "@session-mesh/sim";
import type { Connection, ConnectionListener, Transport } from "session-mesh";
import { createWebSocketTransport } from "../../packages/session-mesh/src/transports/ws.js";

/** A transport on 127.0.0.1 for a node that speaks so. */
export function createTranslatedTransport(port: number, dialect: Dialect): Transport {
  const inner = createWebSocketTransport({ host: "127.0.0.1", port }, { frameBytesMax: 1 << 24 });
  const translated =
    (open: (connection: Connection) => ConnectionListener) =>
    (connection: Connection): ConnectionListener =>
      heardIn(open(spokenIn(connection, dialect)), dialect);
  return {
    isLoopback: inner.isLoopback,
    listen: (accepted) => inner.listen(translated(accepted)),
    dial: (address, dial) => {
      const opened = translated((connection) => dial.opened(connection));
      inner.dial(address, { opened, failed: (detail) => dial.failed(detail) });
    },
    close: () => inner.close(),
  };
}

function spokenIn(connection: Connection, dialect: Dialect): Connection {
  return {
    remote: connection.remote,
    get bufferedBytes() {
      return connection.bufferedBytes;
    },
    send: (frame) => {
      for (const said of isMessage(frame) ? dialect.said(frame) : [frame]) connection.send(said);
    },
    trust: () => connection.trust(),
    close: (reason) => connection.close(reason),
  };
}

function heardIn(listener: ConnectionListener, dialect: Dialect): ConnectionListener {
  return {
    received: (frame) => listener.received(isMessage(frame) ? dialect.heard(frame) : frame),
    closed: (closing) => listener.closed(closing),
  };
}

/** Frames of the proof begin with their kind, a small number; messages are arrays. */
function isMessage(frame: Uint8Array): boolean {
  return Number(frame[0]) >= 0x80;
}
