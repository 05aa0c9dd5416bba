/** A mesh with storage: what it takes back, what it refuses, and what it does when the disk fails. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createMemoryStorage,
  createMesh,
  type Event,
  type Mesh,
  type MeshOptions,
  type SessionStorage,
} from "session-mesh";
import { createLmdbStorage } from "session-mesh/lmdb";
import { describe, expect, test } from "vitest";
import { whenOver } from "../express/cluster.js";

async function start(options: MeshOptions): Promise<Mesh> {
  const mesh = await createMesh({ log: () => {}, ...options });
  whenOver(() => mesh.close({ drain: false }));
  return mesh;
}

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "session-mesh-"));
  whenOver(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function write(mesh: Mesh, value: Record<string, unknown>) {
  const session = mesh.sessions.create();
  Object.assign(session.value, value);
  const outcome = await session.commit();
  return { id: session.id, ...outcome };
}

function valueOf(mesh: Mesh, id: string): unknown {
  const opened = mesh.sessions.open(id);
  return opened.status === "found" ? opened.session.value : opened.status;
}

/** Storage whose writes fail while `problem` is set. */
function fragile(): { storage: SessionStorage; problem: string | undefined } {
  const inner = createMemoryStorage();
  const fragileOne = {
    problem: undefined as string | undefined,
    storage: {
      place: "a fragile place",
      open: async () => {
        const open = await inner.open();
        return {
          ...open,
          write: async (batch: Parameters<typeof open.write>[0]) => {
            if (fragileOne.problem !== undefined) throw new Error(fragileOne.problem);
            await open.write(batch);
          },
        };
      },
    },
  };
  return fragileOne;
}

describe("P10", () => {
  test("a node that is alone has what it committed when it comes back, from the first moment", async () => {
    const storage = createMemoryStorage();
    const first = await start({ storage });
    const { id } = await write(first, { user: "ada" });
    await first.close({ drain: false });
    expect(valueOf(await start({ storage }), id)).toEqual({ user: "ada" });
  });

  test("with `memory` the disk follows, and has everything when the mesh was closed", async () => {
    const storage = createMemoryStorage();
    const first = await start({ storage, durability: "memory", limits: { persistDelayMs: 5_000 } });
    const { id } = await write(first, { user: "ada" });
    await first.close({ drain: false });
    expect(valueOf(await start({ storage }), id)).toEqual({ user: "ada" });
  });

  test("P3, P13: a logout, and one everywhere, hold on what comes back from the disk", async () => {
    const storage = createMemoryStorage();
    const options = { storage, userAttribute: "user" };
    const first = await start(options);
    const [gone, here] = [await write(first, { user: "ada" }), await write(first, { user: "bob" })];
    await first.sessions.destroy(gone.id);
    await first.close({ drain: false });
    const second = await start(options);
    expect(valueOf(second, gone.id)).toBe("destroyed");
    expect(second.sessions.ofUser("bob").length).toBe(1);
    expect(await second.sessions.revoke({ user: "bob" })).toMatchObject({ destroyedCount: 1 });
    await second.close({ drain: false });
    expect(valueOf(await start(options), here.id)).toBe("destroyed");
  });
});

describe("a disk that fails", () => {
  test("P1: commits are degraded and stand; one line says so, and one when it is over", async () => {
    const place = fragile();
    const lines: string[] = [];
    const limits = { persistRetryMs: 50, ackDeadlineMs: 1_000 };
    const mesh = await start({
      ...{ storage: place.storage, log: (line) => lines.push(line), limits },
      ...{ acks: 0 },
    });
    expect(await write(mesh, { n: 1 })).toMatchObject({ status: "committed", degraded: false });
    place.problem = "no space left on device";
    const failed = await write(mesh, { n: 2 });
    expect(failed).toMatchObject({ status: "committed", degraded: true });
    expect(valueOf(mesh, failed.id)).toEqual({ n: 2 });
    expect(mesh.readiness()).toMatchObject({ ready: true });
    place.problem = undefined;
    await expect.poll(() => mesh.status().storage.isFailing).toBe(false);
    expect(await write(mesh, { n: 3 })).toMatchObject({ degraded: false });
    expect(lines).toEqual([
      expect.stringMatching(/a fragile place cannot be written \(no space left on device\)/),
      expect.stringMatching(/a fragile place can be written again/),
    ]);
  });

  test("events tell of it, and what came back", async () => {
    const place = fragile();
    const events: Event[] = [];
    const onEvent = (event: Event): void => void events.push(event);
    const first = await start({ storage: place.storage, onEvent });
    await write(first, { n: 1 });
    await first.close({ drain: false });
    await start({ storage: place.storage, onEvent });
    const of = (type: Event["type"]): Event[] => events.filter((event) => event.type === type);
    expect(of("persisted").length).toBeGreaterThan(0);
    expect(of("restored")).toEqual([
      expect.objectContaining({ sessions: 1, tombstones: 0, damaged: 0, newer: 0 }),
    ]);
  });
});

describe("storage that is not for this node is refused, and left as it is", () => {
  test.each([
    [{ cluster: "other" }, /holds sessions of the cluster "default", and this node is of "other"/],
    [{ idKey: "another key of ids" }, /was written under another `idKey`/],
  ])("that of %j", async (options, remedy) => {
    const storage = createMemoryStorage();
    const first = await start({ storage });
    const { id } = await write(first, { n: 1 });
    await first.close({ drain: false });
    await expect(createMesh({ storage, ...options })).rejects.toThrow(remedy);
    expect(valueOf(await start({ storage }), id)).toEqual({ n: 1 });
  });

  test("that of a later format, or of somebody else", async () => {
    const storage = createMemoryStorage();
    const open = await storage.open();
    const later = { format: 2, cluster: "default", key: "?" };
    await open.setManifest(new TextEncoder().encode(JSON.stringify(later)));
    await open.close();
    await expect(createMesh({ storage })).rejects.toThrow(
      /in format 2, and this one knows format 1/,
    );
    await (await storage.open()).setManifest(new TextEncoder().encode("{}"));
    await open.close();
    await expect(createMesh({ storage })).rejects.toThrow(/was not written by session-mesh/);
  });

  test("two nodes of one process cannot share a place", async () => {
    const dataDir = await temporary();
    await start({ storage: createLmdbStorage({ dataDir }) });
    await expect(createMesh({ storage: createLmdbStorage({ dataDir }) })).rejects.toMatchObject({
      code: "storage",
      message: expect.stringContaining("is in use by another process"),
    });
  });
});

test("a node that cannot start lets go of its storage", async () => {
  const storage = createMemoryStorage();
  const port = Number(new URL((await start({})).address).port);
  await expect(createMesh({ storage, listen: { port } })).rejects.toMatchObject({ code: "listen" });
  await start({ storage });
});

test("P12: no raw id reaches the disk", async () => {
  const dataDir = await temporary();
  const mesh = await start({ storage: createLmdbStorage({ dataDir }) });
  const { id } = await write(mesh, { user: "ada" });
  await mesh.close({ drain: false });
  const stored = await readFile(join(dataDir, "sessions.mdb"), "latin1");
  expect(stored).toContain("ada");
  expect(stored).not.toContain(id);
});

test("`durability` without storage is refused", async () => {
  await expect(createMesh({ durability: "disk" })).rejects.toThrow(/give `storage` too/);
});
