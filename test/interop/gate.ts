/**
 * A gate where requests wait in the middle of their work, session read and not yet written, until a
 * test lets them through: how requests overlap without anyone sleeping.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A closed gate. */
export interface Gate {
  /** What an application fetches, and gets its answer when the gate is open. */
  readonly url: string;
  /** Waits until `count` requests stand before the gate. */
  arrived(count: number): Promise<void>;
  open(): void;
  close(): Promise<void>;
}

const PATIENCE_MS = 15_000;

/** Puts up a gate on loopback. */
export async function startGate(): Promise<Gate> {
  const standing: ServerResponse[] = [];
  let isOpen = false;
  let tell: () => void = () => {};
  const server = createServer((_request, response) => {
    if (isOpen) return void response.end("through");
    standing.push(response);
    tell();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const arrived = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const late = (): void =>
        reject(new Error(`${standing.length} of ${count} requests reached the gate`));
      const timer = setTimeout(late, PATIENCE_MS);
      tell = () => {
        if (standing.length < count) return;
        clearTimeout(timer);
        resolve();
      };
      tell();
    });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    arrived,
    open: () => {
      isOpen = true;
      for (const response of standing.splice(0)) response.end("through");
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
