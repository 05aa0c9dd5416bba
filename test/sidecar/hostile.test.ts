/** P12: nothing that a client sends crashes the sidecar, or makes it grow without bound. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { command } from "../../apps/sidecar/src/resp/command.js";
import type { ClientContext } from "../../apps/sidecar/src/resp/client-context.js";
import { bulk, OK } from "../../apps/sidecar/src/resp/reply.js";
import { type FrontDoor, openDoor } from "./front-door.js";
import { frame, RawClient } from "./raw-client.js";

const MEBIBYTE = 1024 * 1024;

let door: FrontDoor;
let clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await door.close();
});

async function join(): Promise<RawClient> {
  const client = await RawClient.open({ port: door.port });
  clients.push(client);
  return client;
}

async function answers(): Promise<string> {
  const client = await join();
  client.send(frame("PING"));
  return client.until("+PONG\r\n");
}

describe("frames", () => {
  test("the header of 512 MB is refused before a byte of it is held", async () => {
    door = await openDoor();
    const client = await join();
    client.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n");
    expect(await client.untilClosed()).toBe("-ERR Protocol error: invalid bulk length\r\n");
    expect(door.server.counts.closedByBound.frame).toBe(1);
  });

  test("a list that announces a million arguments costs nothing until they come", async () => {
    door = await openDoor();
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < 100; count++) (await join()).send("*1048576\r\n$1\r\na\r\n");
    await vi.waitFor(() => expect(door.server.clients.size).toBe(100));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 * MEBIBYTE);
    expect(await answers()).toBe("+PONG\r\n");
  });

  test("thousands of mangled frames: every connection ends or goes on, and others are served", async () => {
    door = await openDoor({ clientsMax: 64 });
    const random = seeded(20_261_123);
    for (let round = 0; round < 300; round++) {
      const client = await join();
      client.send(mangled(random));
      client.socket.end();
      await client.untilClosed();
    }
    expect(door.failures).toEqual([]);
    await vi.waitFor(() => expect(door.server.clients.size).toBe(0));
    expect(await answers()).toBe("+PONG\r\n");
  });

  test("before AUTH not even a long value can be sent", async () => {
    door = await openDoor({ password: "sesame-open-sesame" });
    const client = await join();
    client.send("*2\r\n$4\r\nECHO\r\n$20000\r\n");
    expect(await client.untilClosed()).toBe("-ERR Protocol error: unauthenticated bulk length\r\n");
  });
});

describe("time", () => {
  test("who says nothing is closed after `handshakeDeadlineMs`", async () => {
    door = await openDoor({ handshakeDeadlineMs: 200 });
    const client = await join();
    expect(await client.untilClosed()).toBe("");
    expect(door.server.counts.closedByBound.handshakeDeadlineMs).toBe(1);
  });

  test("who does not authenticate is closed as well, whatever else he says", async () => {
    door = await openDoor({ handshakeDeadlineMs: 200, password: "sesame-open-sesame" });
    const client = await join();
    client.send(frame("PING"));
    expect(await client.untilClosed()).toBe("-NOAUTH Authentication required.\r\n");
    expect(door.server.counts.closedByBound.handshakeDeadlineMs).toBe(1);
  });

  test("half a command is closed after `frameDeadlineMs`, however slowly it goes on", async () => {
    door = await openDoor({ frameDeadlineMs: 300 });
    const client = await join();
    client.send(`${frame("PING")}*2\r\n$4\r\nECHO\r\n$1000\r\n`);
    const trickle = setInterval(() => client.send("x"), 50);
    expect(await client.untilClosed()).toBe("+PONG\r\n");
    clearInterval(trickle);
    expect(door.server.counts.closedByBound.frameDeadlineMs).toBe(1);
  });

  test("a stall of the sidecar's own costs nobody his place", async () => {
    door = await openDoor({ handshakeDeadlineMs: 200, frameDeadlineMs: 200 });
    const [first, second] = [await join(), await join()];
    second.send(frame("PING"));
    await second.until("+PONG\r\n");
    await vi.waitFor(() => expect(door.server.clients.size).toBe(2));
    first.send(frame("PING"));
    second.send("*1\r\n$4\r\nPI");
    await new Promise((resolve) => setImmediate(resolve));
    second.send("NG\r\n");
    for (const end = performance.now() + 1_500; performance.now() < end;);
    expect(await first.until("+PONG\r\n")).toBe("+PONG\r\n");
    expect(await second.until("+PONG\r\n+PONG\r\n")).toBe("+PONG\r\n+PONG\r\n");
  });

  test("who has said something and then nothing may stay", async () => {
    door = await openDoor({ frameDeadlineMs: 100, handshakeDeadlineMs: 100 });
    const idle = await join();
    idle.send(frame("PING"));
    // Two that are looked at and found wanting, one after the other.
    for (let round = 0; round < 2; round++) await (await join()).untilClosed();
    idle.send(frame("ECHO", "still here"));
    expect(await idle.until("still here\r\n")).toContain("still here");
  });
});

describe("clients that do not read", () => {
  const value = Buffer.alloc(64 * 1024, "v");
  const large = command<ClientContext>("large", 1, { flags: [], run: () => bulk(value) });

  test("no more is read of them, and no more is held than `replyBacklogBytesMax` and a reply", async () => {
    door = await openDoor({ replyBacklogBytesMax: MEBIBYTE }, [large]);
    const client = await join();
    client.socket.pause();
    client.send(frame("LARGE").repeat(20_000));
    const [seen] = [...door.server.clients.values()];
    await vi.waitFor(() => expect(seen?.backlogBytes).toBeGreaterThan(MEBIBYTE));
    expect(door.server.clientsBytes()).toBeLessThan(4 * MEBIBYTE);
    expect(await answers()).toBe("+PONG\r\n");
    const before = door.server.counts.commandCount;
    expect(before).toBeLessThan(2_000);
    client.socket.resume();
    await vi.waitFor(() => expect(door.server.counts.commandCount).toBeGreaterThan(before + 1_000));
  });

  test("where all together hold too much, who holds most is closed", async () => {
    door = await openDoor({ replyBacklogBytesMax: 4 * MEBIBYTE, clientsBytesMax: 8 * MEBIBYTE }, [
      large,
    ]);
    const readers = await Promise.all(Array.from({ length: 6 }, join));
    for (const reader of readers) {
      reader.socket.pause();
      reader.send(frame("LARGE").repeat(400));
    }
    await vi.waitFor(() =>
      expect(door.server.counts.closedByBound.clientsBytesMax).toBeGreaterThan(0),
    );
    await vi.waitFor(() => expect(door.server.clientsBytes()).toBeLessThan(8 * MEBIBYTE));
    expect(await answers()).toBe("+PONG\r\n");
  });

  test("`repliesWaitingMax`: who pipelines without end waits for what he asked first", async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow = command<ClientContext>("slow", 1, {
      flags: [],
      run: () => ({ kind: "deferred", reply: gate.then(() => OK) }),
    });
    door = await openDoor({ repliesWaitingMax: 10 }, [slow]);
    const client = await join();
    client.send(frame("SLOW").repeat(50));
    await vi.waitFor(() => expect(door.server.counts.commandCount).toBe(10));
    expect(await answers()).toBe("+PONG\r\n");
    release();
    expect(await client.until("+OK\r\n".repeat(50))).toBe("+OK\r\n".repeat(50));
  });
});

describe("clients that are waited for", () => {
  test("while a command asks peers, no more than a little is read of what comes after it", async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const asking = command<ClientContext>("asking", 1, {
      flags: [],
      run: () => gate.then(() => OK),
    });
    door = await openDoor({}, [asking]);
    const client = await join();
    client.send(frame("ASKING"));
    await vi.waitFor(() => expect(door.server.counts.commandCount).toBe(1));
    const [seen] = [...door.server.clients.values()];
    client.send(frame("PING").repeat(400_000));
    await vi.waitFor(() => expect(seen?.receivedBytes).toBeGreaterThan(256 * 1024));
    expect(await answers()).toBe("+PONG\r\n");
    expect(seen?.receivedBytes).toBeLessThan(2 * MEBIBYTE);
    release();
    await vi.waitFor(() => expect(door.server.counts.commandCount).toBe(400_002), 30_000);
  }, 60_000);

  test("replies that are ready and wait for one before them are bounded like those not read", async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow = command<ClientContext>("slow", 1, {
      flags: [],
      run: () => ({ kind: "deferred", reply: gate.then(() => OK) }),
    });
    const large = command<ClientContext>("large", 1, {
      flags: [],
      run: () => bulk(Buffer.alloc(64 * 1024)),
    });
    door = await openDoor({}, [slow, large]);
    const client = await join();
    client.send(frame("SLOW") + frame("LARGE").repeat(1_000));
    await vi.waitFor(() => expect(door.server.clientsBytes()).toBeGreaterThan(MEBIBYTE));
    expect(door.server.counts.commandCount).toBeLessThan(20);
    release();
    await vi.waitFor(() => expect(door.server.counts.commandCount).toBe(1_001));
  });
});

describe("`clientsMax`", () => {
  test("one client too many hears Redis' words; a place that is free again is given away", async () => {
    door = await openDoor({ clientsMax: 2 });
    const [first] = [await join(), await join()];
    await vi.waitFor(() => expect(door.server.clients.size).toBe(2));
    const third = await join();
    third.send(frame("SET", "k", "v".repeat(10_000)));
    expect(await third.untilClosed()).toBe("-ERR max number of clients reached\r\n");
    expect(door.server.counts.closedByBound.clientsMax).toBe(1);
    first.close();
    await vi.waitFor(() => expect(door.server.clients.size).toBe(1));
    expect(await answers()).toBe("+PONG\r\n");
  });

  test("5,000 connections are held at once, each is answered", { timeout: 60_000 }, async () => {
    door = await openDoor({ handshakeDeadlineMs: 60_000 });
    for (let batch = 0; batch < 50; batch++) await Promise.all(Array.from({ length: 100 }, join));
    await vi.waitFor(() => expect(door.server.clients.size).toBe(5_000));
    for (const client of clients) client.send(frame("PING"));
    await Promise.all(clients.map((client) => client.until("+PONG\r\n")));
    expect(clients.every(({ received }) => received === "+PONG\r\n")).toBe(true);
    expect(door.server.counts.closedByBound.clientsMax).toBe(0);
  });
});

test("a command that throws is answered with an error, and the next one is run", async () => {
  const broken = command<ClientContext>("broken", 1, {
    flags: [],
    run: () => {
      throw new Error("a bug");
    },
  });
  door = await openDoor({}, [broken]);
  const client = await join();
  client.send(frame("BROKEN") + frame("PING"));
  expect(await client.until("+PONG\r\n")).toMatch(/^-ERR internal error/);
  expect(door.failures).toHaveLength(1);
});

/** Commands with bytes changed, taken away and added, as a seed says. */
function mangled(random: () => number): Buffer {
  const words = ["SET", "GET", "HELLO", "3", "CLIENT", "LIST", "key", "EX", "", "\0\r\n", "CONFIG"];
  const pick = (): string => words[Math.floor(random() * words.length)] ?? "";
  const frames = Array.from({ length: 1 + Math.floor(random() * 8) }, () =>
    frame(...Array.from({ length: 1 + Math.floor(random() * 5) }, pick)),
  );
  const bytes = Buffer.from(frames.join(""), "latin1");
  for (let times = Math.floor(random() * 12); times > 0; times--) {
    const at = Math.floor(random() * bytes.length);
    if (random() < 0.5) bytes[at] = Math.floor(random() * 256);
    else bytes.copyWithin(at, Math.floor(random() * bytes.length));
  }
  return bytes;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
