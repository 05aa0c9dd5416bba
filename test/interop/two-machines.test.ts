/**
 * What two sidecars make of writes that meet, and what one does when the other is gone, seen through
 * Redis clients only.
 *
 * Not here: one redis-server in their place, which merges nothing; application stacks.
 */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { RespConnection } from "./resp-connection.js";
import { type Sidecar, startSidecars } from "./sidecars.js";

vi.setConfig({ testTimeout: 60_000 });

/** How often two writes are made to meet. */
const ROUNDS = 50;

const started: Sidecar[] = [];
const opened: RespConnection[] = [];
let pair: RespConnection[] = [];

beforeAll(async () => {
  pair = await Promise.all((await start({ count: 2 })).map(client));
}, 60_000);

afterAll(async () => {
  for (const connection of opened) connection.close();
  for (const sidecar of started) await sidecar.stop();
});

async function start({ count, seeds }: { count: number; seeds?: string[] }): Promise<Sidecar[]> {
  const sidecars = await startSidecars(count, seeds && { seeds });
  started.push(...sidecars);
  return sidecars;
}

async function client(sidecar: Sidecar | undefined): Promise<RespConnection> {
  if (!sidecar) throw new Error("no such sidecar");
  const connection = await RespConnection.open(sidecar.address);
  opened.push(connection);
  return connection;
}

/** Two commands that are sent at the same moment, each on a machine of its own. */
function atOnce(...commands: readonly [readonly string[], readonly string[]]): Promise<unknown[]> {
  return Promise.all(commands.map((args, index) => pair[index]?.call(...args)));
}

test("M1, M3: fields of a hash that two machines set at once are both kept", async () => {
  const [one] = pair;
  for (let round = 0; round < ROUNDS; round++) {
    const key = `hash:${round}`;
    await one?.call("HSET", key, "user", "ada");
    await atOnce(["HSET", key, "a", "1"], ["HSET", key, "b", "2"]);
    for (const at of pair) {
      expect(await at.call("HMGET", key, "user", "a", "b")).toEqual(["ada", "1", "2"]);
    }
  }
});

test("M8: what two machines count at once is added up", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await atOnce(["INCR", "views"], ["INCRBY", "views", "2"]);
    await atOnce(["HINCRBY", "cart", "items", "1"], ["HINCRBY", "cart", "items", "1"]);
  }
  for (const at of pair) {
    expect(await at.call("GET", "views")).toBe(String(3 * ROUNDS));
    expect(await at.call("HGET", "cart", "items")).toBe(String(2 * ROUNDS));
  }
});

test("M2: of two values that were set at once both machines keep the same one", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const key = `value:${round}`;
    await atOnce(["SET", key, "from one"], ["SET", key, "from two"]);
    const [one, two] = await atOnce(["GET", key], ["GET", key]);
    expect(["from one", "from two"]).toContain(one);
    expect(two).toBe(one);
  }
});

test("P3, M9: a key that one machine deletes while the other writes a field of it is gone or anew", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const key = `gone:${round}`;
    await pair[0]?.call("HSET", key, "user", "ada");
    await atOnce(["DEL", key], ["HSET", key, "late", "1"]);
    const [one, two] = await atOnce(["HGETALL", key], ["HGETALL", key]);
    expect(two).toEqual(one);
    expect(one).not.toContain("ada");
  }
});

test("P6: a machine whose neighbour was killed carries on alone, with all that was acknowledged", async () => {
  const [first, second] = await start({ count: 2 });
  const [one, two] = [await client(first), await client(second)];
  const keys = Array.from({ length: 200 }, (_, index) => `kept:${index}`);
  await Promise.all(keys.map((key) => one.call("SET", key, key)));
  await first?.stop();
  expect(await two.call("MGET", ...keys)).toEqual(keys);
  await vi.waitFor(async () => expect(await peersOf(two)).toBe(0));
  expect(await two.call("SET", "alone", "yes")).toBe("OK");
  expect(await two.call("GET", "never written")).toBe(null);
  expect(await two.call("DEL", "alone")).toBe(1);
});

test("P9: a machine that joins later answers at once for what was there before", async () => {
  const [first] = await start({ count: 1 });
  const one = await client(first);
  const keys = Array.from({ length: 500 }, (_, index) => `old:${index}`);
  await Promise.all(keys.map((key) => one.call("HSET", key, "n", key)));
  const [late] = await start({ count: 1, seeds: [first?.mesh as string] });
  const two = await client(late);
  for (const key of keys.toReversed()) expect(await two.call("HGET", key, "n")).toBe(key);
});

async function peersOf(at: RespConnection): Promise<number> {
  const info = (await at.call("MESH.INFO")) as unknown[];
  return Number(info[info.indexOf("peers") + 1]);
}
