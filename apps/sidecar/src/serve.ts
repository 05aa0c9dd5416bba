/**
 * `session-mesh serve`: a mesh node with front doors, until it is told to go.
 *
 * Not here: reading the configuration (config.ts), and the protocols.
 */
import { createMesh } from "session-mesh";
import { Keyspace } from "./keyspace/keyspace.js";
import { CommandTable } from "./resp/command.js";
import { connectionCommands } from "./resp/connection-commands.js";
import { DEFAULT_REDIS_SETTINGS } from "./resp/redis-settings.js";
import { RedisServer } from "./resp/server.js";

/** Serves. */
export async function serve(args: readonly string[]): Promise<void> {
  const mesh = await createMesh({});
  const server = new RedisServer({
    settings: DEFAULT_REDIS_SETTINGS,
    table: new CommandTable(connectionCommands),
    keyspace: new Keyspace(mesh),
    node: mesh.node,
    onFailure: (failure) => console.error(failure),
  });
  const port = await server.listen({ host: "127.0.0.1", port: Number(args[0] ?? 6379) });
  console.error(`listening on 127.0.0.1:${port}`);
}
