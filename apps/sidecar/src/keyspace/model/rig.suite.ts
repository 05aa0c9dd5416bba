/**
 * Sidecars without sockets, for tests: keyspaces over real meshes on a network in memory, and clients
 * that send them commands and read plain values.
 *
 * Not here: frames (the front door's tests).
 */
import { createMesh, type Mesh, type MeshOptions } from "session-mesh";
import { afterEach, vi } from "vitest";
import { CommandTable, type ConnectionContext } from "../../resp/command.js";
import { dataCommands } from "../../resp/commands/data-commands.js";
import type { Reply } from "../../resp/reply.js";
import { Keyspace, type KeyspaceOptions } from "../keyspace.js";
import { createCuttableNetwork } from "./cuttable-network.suite.js";

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
  /** Starts another sidecar; a client of it, before it has met anyone. */
  add(): Promise<Client>;
  /** Cuts all sidecars off from each other; resolves when they know. */
  cut(): Promise<void>;
  /** Lets them meet again; resolves when they have. */
  heal(): Promise<void>;
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
  const network = createCuttableNetwork();
  const { mesh: meshOptions, ...keyspaceOptions } = options;
  const meshes: Mesh[] = [];
  const add = async (): Promise<Mesh> => {
    const node = `node-${meshes.length}`;
    const mesh = await createMesh({
      node,
      transport: network.transport(node),
      seeds: meshes.map(({ address }) => address),
      secret: "s".repeat(32),
      idKey: "k".repeat(32),
      limits: { redialDelayMsMax: 100, auditIntervalMs: 300 },
      log: () => undefined,
      ...meshOptions,
    });
    meshes.push(mesh);
    open.push(mesh);
    return mesh;
  };
  for (let i = 0; i < count; i++) await add();
  const linked = async (each: number): Promise<void> =>
    vi.waitFor(() => {
      for (const mesh of meshes) {
        const peers = mesh.status().members.filter(({ isLinked, isSelf }) => isLinked && !isSelf);
        if (peers.length !== each) throw new Error(`${mesh.node} has ${peers.length} peers`);
      }
    });
  await linked(count - 1);
  const keyspaces = meshes.map((mesh) => new Keyspace(mesh, keyspaceOptions));
  return {
    add: async () => {
      const keyspace = new Keyspace(await add(), keyspaceOptions);
      return clientOf({ clientId: ++clientIds, db: 0, name: "", protocol: 2, keyspace });
    },
    cut: () => {
      network.cut();
      return linked(0);
    },
    heal: () => {
      network.heal();
      return linked(count - 1);
    },
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
