/** Which session a key is: across deletions, and across the windows in which it can live. */
import { describe, expect, test, vi } from "vitest";
import { createRig, type Rig } from "./model/rig.suite.js";

const LIFETIME_MS = 4_000;
const limits = { clockMarginMs: 1, redialDelayMsMax: 100, auditIntervalMs: 300 };

function windowOf(rig: Rig): number {
  return Math.floor((rig.keyspaces[0]?.nowMs() ?? 0) / LIFETIME_MS);
}

/** Waits for a later window than `window`. */
async function later(rig: Rig, window: number): Promise<void> {
  await vi.waitFor(() => expect(windowOf(rig)).toBeGreaterThan(window), { interval: 5 });
}

describe("windows", () => {
  test("P4: a key lives on in the next one, and a whole write takes it along", async () => {
    const rig = await createRig(2, { lifetimeMs: LIFETIME_MS, mesh: { limits } });
    const [a, b] = [rig.client(0), rig.client(1)];
    await later(rig, windowOf(rig));
    const window = windowOf(rig);
    await a("SET", "string", "v");
    await a("SET", "kept", "v");
    await a("HSET", "hash", "f", "v");
    await later(rig, window);
    expect(await b("MGET", "string", "kept")).toEqual(["v", "v"]);
    expect(await b("HSET", "hash", "g", "w")).toBe(1);
    expect(await b("SET", "string", "w")).toBe("OK");
    expect(await a("HGETALL", "hash")).toEqual(["f", "v", "g", "w"]);
    expect(await a("KEYS", "*")).toHaveLength(3);
    expect(await a("DEL", "kept")).toBe(1);
    expect(await b("GET", "kept")).toBeNull();
    await later(rig, window + 1);
    expect(await a("EXISTS", "hash", "kept")).toBe(0);
    expect(await a("GET", "string")).toBe("w");
    expect(await b("DBSIZE")).toBe(1);
  }, 40_000);

  test("a time to live beyond the last one is shortened to it, and said so", async () => {
    const rig = await createRig(1, { lifetimeMs: LIFETIME_MS, mesh: { limits } });
    const client = rig.client();
    await client("SET", "k", "v", "EX", 1_000);
    expect(await client("PTTL", "k")).toBeLessThanOrEqual(2 * LIFETIME_MS);
    expect(await client("PTTL", "k")).toBeGreaterThan(0);
  });
});

describe("deletions", () => {
  test("many of one key leave the way to the next instance short, for a node that forgot it too", async () => {
    const rig = await createRig(1);
    const client = rig.client();
    for (let i = 0; i < 300; i++) {
      await client("SET", "k", i);
      await client("DEL", "k");
    }
    await client("SET", "k", "last");
    const { Keyspace } = await import("./keyspace.js");
    const mesh = rig.meshes[0];
    if (!mesh) throw new Error("no mesh");
    const fresh = rig.client(0, { keyspace: new Keyspace(mesh) });
    const look = vi.spyOn(mesh.records, "look");
    expect(await fresh("GET", "k")).toBe("last");
    expect(look.mock.calls.length).toBeLessThan(40);
  });
});
