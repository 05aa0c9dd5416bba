/** What two sidecars make of the same keys: what is seen where, and what stays destroyed. */
import { describe, expect, test } from "vitest";
import { createRig } from "./model/rig.suite.js";

test("P9: a node that has just started asks those it is to meet before it says that there is nothing", async () => {
  const rig = await createRig(1);
  await rig.client(0)("SET", "k", "v");
  const late = await rig.add();
  expect(await late("GET", "k")).toBe("v");
});

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
    expect(await a("MESH.LOAD", "s")).toEqual(["absent", 0, [], 0, 0, "", 0]);
    const saved = (await a("MESH.SAVE", "s", 60_000, "create", "SET", 1, "f", "1")) as unknown[];
    expect([saved[0], saved[3], saved[4]]).toEqual(["committed", 1, 0]);
    expect(((await b("MESH.LOAD", "s")) as unknown[]).slice(0, 4)).toEqual([
      "found",
      60_000,
      ["f", "1"],
      0,
    ]);
    const args = ["MESH.SAVE", "s", 60_000, "update", "SET", 1, "g", "2", "DEL", 1, "f"];
    expect(((await b(...args)) as unknown[])[0]).toBe("committed");
    expect(((await b(...args)) as unknown[])[0]).toBe("unchanged");
    expect(((await a("MESH.LOAD", "s")) as unknown[]).slice(0, 4)).toEqual([
      "found",
      60_000,
      ["g", "2"],
      0,
    ]);
    expect(await a("MESH.DESTROY", "s")).toEqual([1, 0]);
    expect(await b("MESH.LOAD", "s")).toEqual(["destroyed", 0, [], 0, 0, "", 0]);
    expect(((await b(...args)) as unknown[])[0]).toBe("gone");
  });

  test("MESH.LOAD sends nothing to who has that version, and the whole to who has another", async () => {
    const rig = await createRig(2);
    const [a, b] = [rig.client(0), rig.client(1)];
    const made = (await a("MESH.SAVE", "s", 0, "create", "SET", 1, "f", "1")) as string[];
    const version = made.at(-1) as string;
    const load = async (...more: (string | number)[]): Promise<unknown[]> =>
      (await a("MESH.LOAD", "s", ...more)) as unknown[];
    expect(await load("VERSION", version)).toEqual(["found", 0, null, 0, 0, version, 0]);
    const more = (await b("MESH.SAVE", "s", 0, "update", "SET", 1, "g", "2")) as string[];
    expect(more.at(-1)).toBe("");
    expect((await load("NOTOUCH", "VERSION", version))[2]).toEqual(["f", "1", "g", "2"]);
    const changed = (await load())[5] as string;
    const args = ["MESH.SAVE", "s", 0, "update", "NOTOKEN", "VERSION", changed, "DEL", 1, "f"];
    const after = ((await a(...args)) as string[]).at(-1) as string;
    expect(after).not.toBe("");
    expect((await load("VERSION", after))[2]).toBeNull();
  });

  test("P3: of a session that nobody holds no part is written, but the whole; not if it was destroyed", async () => {
    const rig = await createRig(2);
    const [a, b] = [rig.client(0), rig.client(1)];
    const save = async (mode: string): Promise<unknown> =>
      ((await a("MESH.SAVE", "s", 60_000, mode, "SET", 1, "f", "1")) as unknown[])[0];
    expect(await save("update")).toBe("absent");
    expect(((await b("MESH.LOAD", "s")) as unknown[])[0]).toBe("absent");
    expect(await save("restore")).toBe("committed");
    expect(await b("MESH.DESTROY", "s")).toEqual([1, 0]);
    expect(await save("restore")).toBe("gone");
  });

  test("M13: a regenerated id is unknown for a while, and takes no writes", async () => {
    const rig = await createRig(2);
    const [a, b] = [rig.client(0), rig.client(1)];
    await a("MESH.SAVE", "s", 60_000, "create", "SET", 1, "f", "1");
    expect(await a("MESH.DESTROY", "s", "REGENERATED")).toEqual([1, 0]);
    expect(((await b("MESH.LOAD", "s")) as unknown[])[0]).toBe("unknown");
    const late = await b("MESH.SAVE", "s", 60_000, "update", "SET", 1, "f", "2");
    expect((late as unknown[])[0]).toBe("gone");
  });
});
