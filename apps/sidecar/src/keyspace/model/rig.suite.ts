/**
 * Sidecars without sockets, for tests: keyspaces over real meshes on a network in memory, and clients
 * that send them commands and read plain values.
 *
 * Not here: frames (the front door's tests).
 */
import { createMemoryNetwork, createMesh, type Mesh, type MeshOptions } from "session-mesh";
import { afterEach, vi } from "vitest";
import { CommandTable, type ConnectionContext } from "../../resp/command.js";
import { dataCommands } from "../../resp/commands/data-commands.js";
import type { Reply } from "../../resp/reply.js";
import { Keyspace, type KeyspaceOptions } from "../keyspace.js";

const table = new CommandTable(dataCommands);

/** An error reply. */
export class ErrorReply {
  constructor(readonly text: string) {}
}

/** A client of one sidecar: every connection is one. */
export type Client = (...args: readonly (string | Buffer | number)[]) => Promise<unknown>;

/** What tests hold. */
export interface Rig {
  readonly meshes: readonly Mesh[];
  readonly keyspaces: readonly Keyspace[];
  /** A new connection to the sidecar of that number. */
  client(sidecar?: number, context?: Partial<ConnectionContext>): Client;
}

const open: Mesh[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((mesh) => mesh.close({ drain: false })));
});

let clientIds = 0;

/** Sidecars that know each other. */
export async function createRig(
  count: number,
  options: KeyspaceOptions & { readonly mesh?: MeshOptions } = {},
): Promise<Rig> {
  const network = createMemoryNetwork();
  const { mesh: meshOptions, ...keyspaceOptions } = options;
  const meshes: Mesh[] = [];
  for (let i = 0; i < count; i++) {
    const seeds = meshes.map(({ address }) => address);
    const transport = network.transport(`node-${i}`);
    const mesh = await createMesh({
      ...{ transport, seeds, secret: "s".repeat(32), idKey: "k".repeat(32), node: `node-${i}` },
      ...meshOptions,
    });
    meshes.push(mesh);
    open.push(mesh);
  }
  await vi.waitFor(() => {
    for (const mesh of meshes) {
      const linked = mesh.status().members.filter(({ isLinked }) => isLinked);
      if (linked.length < count - 1) throw new Error("not linked yet");
    }
  });
  const keyspaces = meshes.map((mesh) => new Keyspace(mesh, keyspaceOptions));
  return {
    meshes,
    keyspaces,
    client: (sidecar = 0, context = {}) => {
      const keyspace = keyspaces[sidecar] as Keyspace;
      return clientOf({
        clientId: ++clientIds,
        db: 0,
        name: "",
        protocol: 2,
        keyspace,
        ...context,
      });
    },
  };
}

function clientOf(context: ConnectionContext): Client {
  return async (...args) => {
    const bytes = args.map((arg) => (Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg))));
    const found = table.lookUp(bytes);
    if ("kind" in found) return plain(found);
    const outcome = await found.run(bytes, context);
    return plain(outcome.kind === "deferred" ? await outcome.reply : outcome);
  };
}

/** A reply as a test wants to see it; bytes as latin1 text. */
function plain(reply: Reply): unknown {
  switch (reply.kind) {
    case "error":
      return new ErrorReply(reply.text);
    case "simple":
    case "verbatim":
      return reply.text;
    case "null":
    case "null-array":
      return null;
    case "bulk":
      return typeof reply.value === "string"
        ? reply.value
        : Buffer.from(reply.value).toString("latin1");
    case "array":
    case "set":
    case "push":
    case "map":
      return reply.items.map(plain);
    default:
      return reply.value;
  }
}
