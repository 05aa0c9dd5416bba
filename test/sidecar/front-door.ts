/**
 * A Redis front door over a node of its own, in this process.
 *
 * Not here: the process `session-mesh serve` (serving.ts).
 */
import { createMesh, createMemoryNetwork, type Mesh } from "session-mesh";
import { Keyspace } from "../../apps/sidecar/src/keyspace/keyspace.js";
import { createCommandTable } from "../../apps/sidecar/src/redis-door.js";
import type { ClientContext } from "../../apps/sidecar/src/resp/client-context.js";
import { type Command, CommandTable } from "../../apps/sidecar/src/resp/command.js";
import {
  DEFAULT_REDIS_SETTINGS,
  type RedisSettings,
} from "../../apps/sidecar/src/resp/redis-settings.js";
import { RedisServer } from "../../apps/sidecar/src/resp/server.js";

/** An open front door. */
export interface FrontDoor {
  readonly port: number;
  readonly server: RedisServer;
  readonly mesh: Mesh;
  /** What commands threw. */
  readonly failures: unknown[];
  close(): Promise<void>;
}

/** Opens a door with these bounds; `extra` commands stand in its table, before all others. */
export async function openDoor(
  settings: Partial<RedisSettings> = {},
  extra: readonly Command<ClientContext>[] = [],
): Promise<FrontDoor> {
  const mesh = await createMesh({ transport: createMemoryNetwork().transport("a"), node: "a" });
  const failures: unknown[] = [];
  const all = createCommandTable();
  const others = all.names.flatMap((name) => all.find(name) ?? []);
  const server = new RedisServer({
    settings: { ...DEFAULT_REDIS_SETTINGS, ...settings },
    table: new CommandTable(others, extra),
    keyspace: new Keyspace(mesh),
    node: mesh.node,
    onFailure: (failure) => failures.push(failure),
  });
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    ...{ port, server, mesh, failures },
    close: async () => {
      await server.close(0);
      await mesh.close({ drain: false });
    },
  };
}
