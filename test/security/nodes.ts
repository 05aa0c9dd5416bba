/**
 * Nodes for the tests of this folder: started with what every test needs, and all closed at its end.
 *
 * Not here: what a test asks of them.
 */
import { createMesh, type Mesh, type MeshOptions } from "session-mesh";
import { vi } from "vitest";

/** What proves membership in the tests. */
export const SECRET = "a secret of the tests, long enough";

const open = new Set<Mesh>();

/** Starts a node that keeps its log to itself. */
export async function startNode(options: MeshOptions): Promise<Mesh> {
  const mesh = await createMesh({ log: () => {}, ...options });
  open.add(mesh);
  return mesh;
}

/** Waits until every node is linked to every other. */
export function allLinked(...nodes: Mesh[]): Promise<void> {
  return vi.waitFor(
    () => {
      for (const node of nodes) {
        const linked = linkedOf(node).length;
        if (linked !== nodes.length - 1) throw new Error(`${node.node} has ${linked} links`);
      }
    },
    { timeout: 10_000, interval: 20 },
  );
}

/** The members that a node has a link to. */
export function linkedOf(node: Mesh): string[] {
  const members = node.status().members.filter(({ isLinked }) => isLinked);
  return members.map((member) => member.node).sort();
}

/** Closes every node that is still open, without a farewell that anyone would wait for. */
export async function closeNodes(): Promise<void> {
  await Promise.all([...open].map((mesh) => mesh.close({ drain: false })));
  open.clear();
}
