/** What two sidecars make of the same keys: what is seen where, and what stays destroyed. */
import { describe, expect, test } from "vitest";
import { createRig } from "./model/rig.suite.js";

describe("two sidecars", () => {
  test("P5: what one has answered to, the other shows at once", async () => {
    const rig = await createRig(2);
    const [a, b] = [rig.client(0), rig.client(1)];
    expect(await a("SET", "k", "v", "EX", 100)).toBe("OK");
    expect(await b("GET", "k")).toBe("v");
    expect(await b("TTL", "k")).toBe(100);
    expect(await b("HSET", "h", "f", "1", "g", "2")).toBe(2);
    expect(await a("HGETALL", "h")).toEqual(["f", "1", "g", "2"]);
    expect(await a("EXPIRE", "h", 50)).toBe(1);
    expect(await b("TTL", "h")).toBe(50);
    expect(await b("EXISTS", "k", "h", "x", "k")).toBe(3);
    expect(await b("DEL", "k", "k", "x")).toBe(1);
    expect(await a("GET", "k")).toBeNull();
    expect(await a("SET", "k", "anew")).toBe("OK");
    expect(await b("GET", "k")).toBe("anew");
    expect(await b("TTL", "k")).toBe(-1);
  });

  test("MESH.* saves, loads and destroys a session", async () => {
    const rig = await createRig(2);
    const [a, b] = [rig.client(0), rig.client(1)];
    expect(await a("MESH.LOAD", "s")).toEqual(["absent", 0, [], 0]);
    const saved = (await a("MESH.SAVE", "s", 60_000, "create", "SET", 1, "f", "1")) as unknown[];
    expect([saved[0], saved[3], saved[4]]).toEqual(["committed", 1, 0]);
    expect(await b("MESH.LOAD", "s")).toEqual(["found", 60_000, ["f", "1"], 0]);
    const args = ["MESH.SAVE", "s", 60_000, "update", "SET", 1, "g", "2", "DEL", 1, "f"];
    expect(((await b(...args)) as unknown[])[0]).toBe("committed");
    expect(((await b(...args)) as unknown[])[0]).toBe("unchanged");
    expect(await a("MESH.LOAD", "s")).toEqual(["found", 60_000, ["g", "2"], 0]);
    expect(await a("MESH.DESTROY", "s")).toEqual([1, 0]);
    expect(await b("MESH.LOAD", "s")).toEqual(["destroyed", 0, [], 0]);
    expect(((await b(...args)) as unknown[])[0]).toBe("gone");
  });
});
