/** Every MeshStore does what express-session asks of a store; so does the store it comes with. */
import session from "express-session";
import { createMesh, type Mesh } from "session-mesh";
import { MeshStore, type MeshStoreOptions } from "session-mesh/express-session";
import { untilLinked, whenOver } from "../express/cluster.js";
import { type FullStore, storeContract } from "./store.suite.js";

async function startMesh(seeds: string[] = []): Promise<Mesh> {
  const mesh = await createMesh({ seeds });
  whenOver(() => mesh.close({ drain: false }));
  return mesh;
}

async function startPair(options: MeshStoreOptions): Promise<FullStore> {
  const first = await startMesh();
  const second = await startMesh([first.address]);
  await Promise.all([untilLinked(first, 1), untilLinked(second, 1)]);
  return new MeshStore(second, options);
}

storeContract("express-session's MemoryStore", async () => new session.MemoryStore());
storeContract("MeshStore alone", async () => new MeshStore(await startMesh()));
storeContract("MeshStore with a peer", () => startPair({}));
storeContract("MeshStore with fresh reads", () => startPair({ freshReads: true, acks: "all" }));
