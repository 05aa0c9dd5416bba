/** What front doors of other languages are given: sessions by name and by reference, at once. */
import { expect, test, vi } from "vitest";
import { createMesh } from "./create-mesh.js";
import type { Mesh } from "./mesh.js";
import { fieldKey, type Operation } from "./records.js";
import { createMemoryNetwork } from "./transports/memory.js";

async function twoMeshes(): Promise<[Mesh, Mesh]> {
  const network = createMemoryNetwork();
  const open = (node: string, seeds: string[]): Promise<Mesh> =>
    createMesh({ node, seeds, transport: network.transport(node), idKey: "k".repeat(32) });
  const a = await open("a", []);
  const b = await open("b", [a.address]);
  await vi.waitFor(() => {
    expect([a, b].map((mesh) => mesh.records.isAlone)).toEqual([false, false]);
    expect(a.status().members.filter(({ isLinked }) => isLinked)).toHaveLength(1);
  });
  return [a, b];
}

function setting(name: string, value: Uint8Array): Operation {
  return { kind: "set", key: fieldKey("", name), content: { kind: "scalar", value } };
}

test("a record is written at once, acknowledged, and read by reference on another node", async () => {
  const [a, b] = await twoMeshes();
  const name = a.records.nameOf("some key");
  expect(name).toBe(b.sessions.nameOf("some key"));
  const absoluteExpiresAtMs = a.records.nowMs() + 86_400_000;
  const change = {
    operations: [setting("v", Uint8Array.of(1, 2))],
    birth: { absoluteExpiresAtMs },
  };
  const result = a.records.commit(name, change);
  if (result.status !== "committed") throw new Error(result.status);
  expect(await a.records.awaitAcks({ seq: result.seq, acks: "all" })).toMatchObject({ acks: 1 });
  expect(a.records.settledAcks({ seq: result.seq, acks: "all" })).toMatchObject({ acks: 1 });
  const looks = [b.records.look(name), b.records.look(name)];
  const [first, second] = looks.map((look) => (look.status === "held" ? look : undefined));
  expect(first).toMatchObject({ lifetime: "live", absoluteExpiresAtMs });
  expect(first?.root?.fields.get("v")?.own).toEqual({ kind: "scalar", value: Uint8Array.of(1, 2) });
  expect(second?.root).toBe(first?.root);
  expect(b.records.describe(name)?.absoluteExpiresAtMs).toBe(absoluteExpiresAtMs);
  await Promise.all([a.close({ drain: false }), b.close({ drain: false })]);
});

test("P3: what is not held can be destroyed until the moment at which it would end", async () => {
  const [a, b] = await twoMeshes();
  const name = a.records.nameOf("gone");
  const destroyed = a.records.destroy(name, { absoluteExpiresAtMs: a.records.nowMs() + 1e9 });
  if (destroyed.status !== "committed") throw new Error(destroyed.status);
  await a.records.awaitAcks({ seq: destroyed.seq, acks: "all" });
  expect(b.records.look(name).status).toBe("destroyed");
  expect(b.records.commit(name, { operations: [], birth: {} }).status).toBe("gone");
  await Promise.all([a.close({ drain: false }), b.close({ drain: false })]);
});

test("P9: a miss is asked of peers, and absent when all have said so", async () => {
  const [a, b] = await twoMeshes();
  expect(await a.records.pull(a.records.nameOf("nowhere"))).toBe("absent");
  await Promise.all([a.close({ drain: false }), b.close({ drain: false })]);
});

test("P12: keys that are derived are the cluster's, and differ by purpose and by idKey", async () => {
  const network = createMemoryNetwork();
  const open = (node: string, idKey: string): Promise<Mesh> =>
    createMesh({ node, transport: network.transport(node), idKey });
  const [a, b, c] = await Promise.all([
    open("a", "k".repeat(32)),
    open("b", "k".repeat(32)),
    open("c", "l".repeat(32)),
  ]);
  const keyOf = (mesh: Mesh, purpose: string): string =>
    Buffer.from(mesh.records.deriveKey(purpose, 32)).toString("hex");
  expect(keyOf(a, "x")).toBe(keyOf(b, "x"));
  expect(new Set([keyOf(a, "x"), keyOf(a, "y"), keyOf(c, "x")]).size).toBe(3);
  await Promise.all([a, b, c].map((mesh) => mesh.close({ drain: false })));
});
