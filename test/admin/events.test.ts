/** The event stream of real meshes: in order, redacted, and never waiting for a reader. */
import { once } from "node:events";
import { connect } from "node:net";
import { createMesh, type Mesh } from "session-mesh";
import { describe, expect, test } from "vitest";
import { startCluster, until, whenOver } from "../express/cluster.js";
import { ask, follow, samples, startAdmin } from "./reader.js";

async function alone(): Promise<Mesh> {
  const mesh = await createMesh();
  whenOver(() => mesh.close({ drain: false }));
  return mesh;
}

/** Each is one event, and work for nobody. */
async function makeEvents(mesh: Mesh, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await mesh.sessions.load("an-id-that-nobody-has");
}

/** A reader that asks for the stream and then reads nothing any more. */
async function readNothing(origin: string): Promise<{ isCutOff: () => boolean }> {
  const { port } = new URL(origin);
  const socket = connect(Number(port), "127.0.0.1");
  whenOver(() => socket.destroy());
  let isCutOff = false;
  socket.on("error", () => (isCutOff = true));
  socket.on("close", () => (isCutOff = true));
  socket.write(`GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await once(socket, "data");
  socket.pause();
  return {
    isCutOff: () => {
      socket.resume();
      return isCutOff;
    },
  };
}

test("begins with the status, then every event in order, ids without a gap", async () => {
  const mesh = await alone();
  const { origin } = await startAdmin(mesh);
  await makeEvents(mesh, 3);
  const events: string[] = [];
  mesh.on("event", ({ type }) => events.push(type));
  const { frames, answer } = await follow(origin);
  expect(answer.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  expect(answer.headers["cache-control"]).toBe("no-store, no-transform");
  const session = mesh.sessions.create();
  session.value.n = 1;
  await session.commit();
  await session.destroy();
  await until("all came", () => frames.length === events.length + 1);
  expect(frames[0]).toMatchObject({ kind: "status", id: 3, data: { node: mesh.node } });
  expect(frames.slice(1).map(({ data }) => data.type)).toEqual(events);
  expect(frames.map(({ id }) => id)).toEqual(frames.map((_, index) => index + 3));
});

test("P12: shows hashes, sizes, clocks and fingerprints, and neither raw ids nor values", async () => {
  const [a, b] = await startCluster({ nodes: 2 });
  const readers = await Promise.all(
    [a!, b!].map(async ({ mesh }) => follow((await startAdmin(mesh)).origin)),
  );
  const session = a!.mesh.sessions.create();
  session.value["plaintext-key"] = "plaintext-value";
  await session.commit();
  session.value["plaintext-key"] = "another plaintext-value";
  await session.commit();
  await b!.mesh.sessions.load(`${session.id}x`);
  await b!.mesh.sessions.destroy(session.id);
  const ends = (frames: readonly { data: { type?: unknown } }[]): boolean =>
    frames.some(({ data }) => data.type === "session-destroyed");
  await until("both heard the end", () => readers.every(({ frames }) => ends(frames)));
  for (const { text } of readers) {
    expect(text()).not.toContain("plaintext");
    expect(text()).not.toContain(session.id);
  }
  const committed = readers[0]!.frames.find(({ data }) => data.type === "session-committed");
  expect(committed?.data).toEqual({
    atMs: expect.any(Number),
    type: "session-committed",
    session: expect.stringMatching(/^[\w-]{22}$/),
    stamp: { hlc: expect.any(Number), writer: a!.mesh.status().writer },
    rev: 1,
    operationCount: 1,
    deltaBytes: expect.any(Number),
  });
  expect(readers[0]!.frames[0]?.data.fingerprint).toMatch(/^[0-9a-f]{16}$/);
});

describe("readers", () => {
  test("one that reads nothing is cut off; the others miss nothing, and the node waits for nobody", async () => {
    const mesh = await alone();
    const { origin } = await startAdmin(mesh, { streamBytesMax: 256 * 1_024 });
    const slow = await readNothing(origin);
    const { frames } = await follow(origin);
    let made = 0;
    let slowestMs = 0;
    // The kernel takes some megabytes before anything waits in this process.
    while ((await samples(origin)).get("event_streams_dropped_total") === 0) {
      const startedAtMs = performance.now();
      await makeEvents(mesh, 500);
      slowestMs = Math.max(slowestMs, performance.now() - startedAtMs);
      made += 500;
      if (made > 500_000) throw new Error("the slow reader is never cut off");
    }
    expect(slowestMs).toBeLessThan(2_000);
    await makeEvents(mesh, 10);
    await until("the other has all", () => frames.length === made + 10 + 1);
    expect(frames.at(-1)?.id).toBe(made + 10);
    await until("the slow one notices", slow.isCutOff);
    expect((await samples(origin)).get("event_streams_fill_ratio")).toBe(1 / 16);
  });

  test("a further one than there may be is told to come back; one that goes makes room", async () => {
    const { origin } = await startAdmin(await alone());
    const readers = await Promise.all(Array.from({ length: 16 }, () => follow(origin)));
    await until("all are in", async () => {
      return (await samples(origin)).get("event_streams_fill_ratio") === 1;
    });
    const refused = await ask(`${origin}/events`);
    expect(refused.status).toBe(503);
    expect(refused.headers["retry-after"]).toBe("5");
    readers[0]?.answer.destroy();
    await until("there is room", async () => {
      return ((await samples(origin)).get("event_streams_fill_ratio") ?? 1) < 1;
    });
    expect((await follow(origin)).answer.statusCode).toBe(200);
  });

  test("all end when the admin closes", async () => {
    const { admin, origin } = await startAdmin(await alone());
    const { answer } = await follow(origin);
    const ended = once(answer, "close");
    await admin.close();
    await ended;
  });
});
