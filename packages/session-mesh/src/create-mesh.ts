/**
 * Starts a node in one call: checks the options, derives the keys, opens the port.
 *
 * Not here: what a running node does (mesh.ts).
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { NodeId, WriterId } from "@session-mesh/core";
import { Discovery } from "./discovery.js";
import { createNameLookup } from "./discovery-lookup.js";
import { Mesh } from "./mesh.js";
import { type CheckedOptions, checkOptions, type MeshOptions } from "./options.js";
import { checkPlacement } from "./placement.js";
import { deriveNamingKeys } from "./session-ids.js";
import { createCredentials } from "./transports/handshake.js";
import { SEAL_BYTES } from "./transports/seal.js";
import { createWebSocketTransport } from "./transports/ws.js";

/** What is kept of the machine's name in a node's. */
const HOST_NAME_LENGTH_MAX = 48;

/**
 * Starts a node. Resolves when it listens; joining goes on behind, see {@link Mesh.readiness}.
 * Rejects with a MeshError that names the remedy; nothing is open then.
 */
export async function createMesh(options: MeshOptions = {}): Promise<Mesh> {
  const checked = checkOptions(options);
  checkPlacement(checked);
  const { cluster, limits, seeds, durability } = checked;
  const { idKey, digestKey } = deriveNamingKeys(cluster, checked.idKey);
  const node = (checked.node ?? createNodeName()) as NodeId;
  const discovery = createDiscovery(checked, node);
  const mesh = new Mesh({
    options: checked,
    config: { cluster, node, writer: createWriter(), seeds, digestKey, limits, durability },
    credentials: createCredentials(cluster, checked.secrets),
    idKey,
    discovery,
    transport:
      checked.transport ??
      createWebSocketTransport(checked.listen, {
        frameBytesMax: limits.frameBytesMax + SEAL_BYTES,
        tls: checked.tls,
        nameOf: (address) => discovery.nameOf(address),
      }),
  });
  await mesh.start();
  return mesh;
}

function createDiscovery({ seeds, discovery, log }: CheckedOptions, node: string): Discovery {
  return new Discovery(seeds, {
    lookup: createNameLookup(discovery.servers),
    intervalMs: discovery.intervalMs,
    log: (line) => log(`[session-mesh] ${node}: ${line}`),
  });
}

function createNodeName(): string {
  return `${hostname().slice(0, HOST_NAME_LENGTH_MAX)}-${randomBytes(4).toString("hex")}`;
}

/** Drawn anew by every process, from all the randomness there is: two equal ones lose data. */
function createWriter(): WriterId {
  const bits = randomBytes(8).readBigUInt64BE() >> 11n;
  return (Number(bits) || 1) as WriterId;
}
