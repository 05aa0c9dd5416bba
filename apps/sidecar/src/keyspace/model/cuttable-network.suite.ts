/**
 * A network in memory whose links can all be cut, and opened again.
 *
 * Not here: faults of single links or frames; those are the simulator's.
 */
import { type Connection, createMemoryNetwork, type Transport } from "session-mesh";

/** See the file's comment. */
export interface CuttableNetwork {
  transport(name: string): Transport;
  cut(): void;
  heal(): void;
}

/** Creates a network of its own. */
export function createCuttableNetwork(): CuttableNetwork {
  const network = createMemoryNetwork();
  const connections = new Set<Connection>();
  let isCut = false;
  const kept = (connection: Connection): Connection => {
    connections.add(connection);
    return connection;
  };
  const wrap = (inner: Transport): Transport => ({
    isLoopback: inner.isLoopback,
    listen: (accepted) => inner.listen((connection) => accepted(kept(connection))),
    dial: (address, dial) => {
      if (isCut) setImmediate(() => dial.failed("the network is cut"));
      else inner.dial(address, { ...dial, opened: (connection) => dial.opened(kept(connection)) });
    },
    close: () => inner.close(),
  });
  return {
    transport: (name) => wrap(network.transport(name)),
    cut: () => {
      isCut = true;
      for (const connection of connections) connection.close("the network is cut");
      connections.clear();
    },
    heal: () => {
      isCut = false;
    },
  };
}
