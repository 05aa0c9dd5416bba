/** Starts nodes in processes of their own, so that a peer costs what a peer costs. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createMesh, type Mesh } from "session-mesh";
import { freePort } from "./redis.js";

/** A mesh in this process and its peers in others. */
export interface Nodes {
  readonly mesh: Mesh;
  readonly peers: readonly ChildProcess[];
  stop(): Promise<void>;
}

/** A mesh of `count` nodes, one of them here. */
export async function startNodes(count: number): Promise<Nodes> {
  const port = await freePort();
  const mesh = await createMesh({ listen: { port }, node: "here" });
  const peers: ChildProcess[] = [];
  for (let index = 1; index < count; index++) {
    const script = fileURLToPath(new URL("./peer-node.ts", import.meta.url));
    const peer = fork(script, [String(await freePort()), `127.0.0.1:${port}`]);
    await once(peer, "message");
    peers.push(peer);
  }
  const isJoined = (): boolean =>
    mesh.status().members.filter((member) => member.isLinked).length === count - 1;
  while (!isJoined()) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    mesh,
    peers,
    stop: async () => {
      await mesh.close({ drain: false });
      for (const peer of peers) {
        const exit = once(peer, "exit");
        peer.disconnect();
        await exit;
      }
    },
  };
}
