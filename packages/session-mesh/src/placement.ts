/**
 * Whether a node may stand where its options put it: reachable for its peers, closed to strangers.
 *
 * Not here: what is wrong with one option by itself (options.ts).
 */
import cluster from "node:cluster";
import { isLoopbackAddress, isLoopbackHost, isWildcardHost } from "./addresses.js";
import { MeshError } from "./mesh-error.js";
import type { CheckedOptions } from "./options.js";

/** Throws a MeshError that says what to change; nothing is opened. */
export function checkPlacement(options: CheckedOptions): void {
  if (options.transport === undefined) {
    checkSharedServer(options);
    checkReachable(options);
  }
  checkSecret(options);
}

function checkSharedServer({ listen }: CheckedOptions): void {
  if (!("server" in listen) || !cluster.isWorker) return;
  throw new MeshError(
    "option",
    "`listen.server` cannot be used under node:cluster: its workers share one port, so a peer that " +
      "dials reaches any of them. Give each worker a port of its own: " +
      "listen: { port: 7946 + cluster.worker.id }",
  );
}

function checkReachable({ listen, advertise }: CheckedOptions): void {
  if (advertise !== undefined) return;
  const host = listenHost(listen);
  if (host === undefined) {
    throw new MeshError(
      "option",
      "`advertise` is needed, since `listen.server` does not listen yet: give the address at which " +
        'peers reach it, as "10.0.0.5:3000", or await its listening first',
    );
  }
  if (isWildcardHost(host)) {
    throw new MeshError(
      "option",
      `\`advertise\` is needed, since the node listens on every interface (${host || "::"}): give ` +
        'the address at which peers reach this machine, as "10.0.0.5:7946"',
    );
  }
}

function checkSecret({ secrets, listen, advertise, seeds, transport }: CheckedOptions): void {
  if (secrets.length > 0) return;
  const isPlaceLoopback =
    transport === undefined ? isLoopbackHost(listenHost(listen) ?? "") : transport.isLoopback;
  const dialled = advertise === undefined ? seeds : [advertise, ...seeds];
  const outside = dialled.find((address) => !isLoopbackAddress(address));
  if (isPlaceLoopback && outside === undefined) return;
  const where = outside ?? (listenHost(listen) || "every interface");
  throw new MeshError(
    "option",
    `\`secret\` is required, since ${where} is not loopback: give every node the same, at least 16 ` +
      "characters, for example from `openssl rand -hex 32`",
  );
}

/** Undefined for a server that does not listen yet. */
function listenHost(listen: CheckedOptions["listen"]): string | undefined {
  if ("host" in listen) return listen.host;
  const bound = listen.server.address();
  return bound === null || typeof bound === "string" ? undefined : bound.address;
}
