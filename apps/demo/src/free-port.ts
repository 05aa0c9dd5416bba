/**
 * Listening on a port that may be taken: the next free one is as good. And ports that nobody has.
 *
 * Not here: ports that are agreed upon.
 */
import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";

/** Ports tried before giving up. */
const PORTS_MAX = 200;

/** Listens on loopback, on the first free port from `port` on; resolves to that port. */
export async function listenFrom(server: Server, port: number): Promise<number> {
  for (let offset = 0; offset < PORTS_MAX; offset += 1) {
    if (await isListening(server, port + offset)) return (server.address() as AddressInfo).port;
  }
  throw new Error(`no free port from ${port} to ${port + PORTS_MAX - 1}`);
}

/** A port of loopback that is free now: for programs that must be told where to listen. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

function isListening(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    };
    server.once("error", onError);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", onError);
      resolve(true);
    });
  });
}
