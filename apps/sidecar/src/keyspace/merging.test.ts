/** What two sidecars that wrote at the same time agree on, law by law. */
import { describe, expect, test, vi } from "vitest";
import { type Client, createRig, type Rig } from "./model/rig.suite.js";

interface Pair {
  readonly rig: Rig;
  readonly a: Client;
  readonly b: Client;
}

async function pair(options: Parameters<typeof createRig>[1] = {}): Promise<Pair> {
  const rig = await createRig(2, options);
  return { rig, a: rig.client(0), b: rig.client(1) };
}

/** Both answer a question alike, and with this. */
async function both({ a, b }: Pair, ...args: readonly (string | number)[]) {
  return {
    are: (expected: unknown) =>
      vi.waitFor(async () => {
        expect([await a(...args), await b(...args)]).toEqual([expected, expected]);
      }),
  };
}

/** Lets each side write what the other does not hear of, one a little later than the other; and meet. */
async function apart({ rig }: Pair, ...writes: readonly (() => unknown)[]): Promise<void> {
  await rig.cut();
  for (const write of writes) {
    await write();
    const writtenAtMs = Date.now();
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(writtenAtMs + 1), { interval: 1 });
  }
  await rig.heal();
}

describe("hashes", () => {
  test("M1: two fields set at once both stay", async () => {
    const it = await pair();
    await apart(
      it,
      () => it.a("HSET", "h", "x", 1),
      () => it.b("HSET", "h", "y", 2),
    );
    await (await both(it, "HGETALL", "h")).are(["x", "1", "y", "2"]);
  });

  test("M2, M3: of one field the later write stays, a deletion as well", async () => {
    const it = await pair();
    await it.a("HSET", "h", "x", 0, "y", 0, "z", 0);
    await apart(
      it,
      () => it.a("HSET", "h", "x", "early", "y", "early"),
      () => it.b("HSET", "h", "x", "late"),
      () => it.b("HDEL", "h", "y"),
    );
    await (await both(it, "HGETALL", "h")).are(["x", "late", "z", "0"]);
  });

  test("M3: a field that was set to nothing is empty and there, and does not come back", async () => {
    const it = await pair();
    await it.a("HMSET", "s", "creationTime", "1", "sessionAttr:cart", "goods");
    await apart(
      it,
      () => it.a("HMSET", "s", "sessionAttr:name", "Ada"),
      () => it.b("HMSET", "s", "sessionAttr:cart", ""),
    );
    const fields = ["creationTime", "1", "sessionAttr:cart", "", "sessionAttr:name", "Ada"];
    await (await both(it, "HGETALL", "s")).are(fields);
  });
});

describe("numbers", () => {
  test("M8: increments of a string and of a field add up", async () => {
    const it = await pair();
    await it.a("SET", "n", 10);
    await it.a("HSET", "h", "n", 5);
    await apart(
      it,
      () => it.a("INCRBY", "n", 5),
      () => it.b("DECR", "n"),
      () => it.a("HINCRBY", "h", "n", 2),
      () => it.b("HINCRBY", "h", "n", 3),
      () => it.a("INCR", "fresh"),
      () => it.b("INCRBY", "fresh", 41),
    );
    await (await both(it, "MGET", "n", "fresh")).are(["14", "42"]);
    await (await both(it, "HGET", "h", "n")).are("10");
  });

  test("M8: who sets the number replaces the sum that he saw", async () => {
    const it = await pair();
    await it.a("INCRBY", "n", 7);
    await it.b("SET", "n", 100);
    expect(await it.a("INCR", "n")).toBe(101);
    await apart(
      it,
      () => it.a("SET", "n", 3),
      () => it.b("INCR", "n"),
    );
    await (await both(it, "GET", "n")).are("3");
  });

  test("beyond what can be counted exactly the result is a register", async () => {
    const it = await pair();
    await it.a("SET", "n", "9223372036854775800");
    expect(await it.b("INCRBY", "n", 7)).toBe(9223372036854775807n);
    await (await both(it, "GET", "n")).are("9223372036854775807");
  });
});

describe("destroying", () => {
  test("M9, P3: what was deleted on one side takes along what the other wrote to it", async () => {
    const it = await pair();
    await it.a("HSET", "s", "user", "ada");
    await apart(
      it,
      () => it.a("DEL", "s"),
      () => it.b("HSET", "s", "cart", "goods"),
      () => it.b("EXPIRE", "s", 1000),
    );
    await (await both(it, "HGETALL", "s")).are([]);
    await (await both(it, "EXISTS", "s")).are(0);
    expect(await it.b("HSET", "s", "user", "eve")).toBe(1);
    await (await both(it, "HGETALL", "s")).are(["user", "eve"]);
  });

  test("P3: a key written anew after a deletion is another instance, whoever writes it", async () => {
    const it = await pair();
    for (let i = 0; i < 20; i++) {
      expect(await it.a("SET", "k", `v${i}`)).toBe("OK");
      expect(await it.b("DEL", "k")).toBe(1);
      expect(await it.a("GET", "k")).toBeNull();
    }
    await apart(
      it,
      () => it.a("SET", "k", "a"),
      () => it.b("SET", "k", "b"),
    );
    await (await both(it, "GET", "k")).are("b");
  });

  test("P9: a key that is not held here is asked of the peers, its deletions as well", async () => {
    const it = await pair();
    await it.rig.cut();
    await it.a("SET", "k", "old");
    await it.a("DEL", "k");
    await it.a("SET", "k", "v");
    expect(await it.b("GET", "k")).toBeNull();
    await it.rig.heal();
    expect(await it.b("GET", "k")).toBe("v");
  });
});

describe("ends", () => {
  test("M10, P4: of two ends the later one said stays, and both sides agree", async () => {
    const it = await pair();
    await it.a("SET", "k", "v", "EX", 100);
    await apart(
      it,
      () => it.a("EXPIRE", "k", 50),
      () => it.b("EXPIRE", "k", 1000),
    );
    await (await both(it, "TTL", "k")).are(1000);
  });

  test("P4: what has ended starts from empty, on either side", async () => {
    const it = await pair();
    await it.a("HSET", "h", "old", 1);
    await it.a("PEXPIRE", "h", 30);
    await vi.waitFor(async () => expect(await it.b("EXISTS", "h")).toBe(0));
    expect(await it.b("HSET", "h", "new", 2)).toBe(1);
    await (await both(it, "HGETALL", "h")).are(["new", "2"]);
    await (await both(it, "TTL", "h")).are(-1);
  });

  test("P4: an end that is asked for again and again is no write each time", async () => {
    const it = await pair();
    let commits = 0;
    await it.a("SETEX", "k", 1000, "v");
    it.rig.meshes[0]?.on(
      "event",
      ({ type }) => void (commits += type === "session-committed" ? 1 : 0),
    );
    for (let i = 0; i < 50; i++) {
      expect(await it.a("EXPIRE", "k", 1000)).toBe(1);
      expect(await it.a("SETEX", "k", 1000, "v")).toBe("OK");
    }
    expect(commits).toBeLessThanOrEqual(1);
    expect(await it.b("TTL", "k")).toBe(1000);
  });
});

describe("local keys", () => {
  test("locks are held on one node, and never leave it", async () => {
    const it = await pair();
    const lock = ["SET", "PHPREDIS_SESSION:x_LOCK", "host|1", "NX", "PX", 10_000];
    expect(await it.a(...lock)).toBe("OK");
    expect(await it.rig.client(0)(...lock)).toBeNull();
    expect(await it.b(...lock)).toBe("OK");
    expect(it.rig.meshes.map((mesh) => mesh.status().sessions.hot)).toEqual([0, 0]);
  });
});

describe("blobs that are taken apart", () => {
  const merge = [
    { keys: "sess:*", format: "json" },
    { keys: "php:*", format: "php" },
  ] as const;

  test("M1: overlapping writes of different attributes both stay", async () => {
    const it = await pair({ merge });
    await it.a("SET", "sess:1", '{"cookie":{"path":"/"},"views":1}', "EX", 100);
    expect(await it.b("GET", "sess:1")).toBe('{"cookie":{"path":"/"},"views":1}');
    await it.a("GET", "sess:1");
    await it.a("SET", "sess:1", '{"cookie":{"path":"/"},"views":1,"user":"ada"}', "EX", 100);
    await it.b("SET", "sess:1", '{"cookie":{"path":"/"},"views":2}', "EX", 100);
    const merged = '{"cookie":{"path":"/"},"views":2,"user":"ada"}';
    await (await both(it, "GET", "sess:1")).are(merged);
    await apart(
      it,
      () => it.a("SET", "sess:1", merged.replace("2", "3")),
      () => it.b("SET", "sess:1", merged.replace("ada", "eve")),
    );
    await (await both(it, "GET", "sess:1")).are(merged.replace("2", "3").replace("ada", "eve"));
  });

  test("M1: two requests on one connection overlap as well", async () => {
    const it = await pair({ merge });
    await it.a("SET", "php:1", "n|i:1;");
    await it.a("GET", "php:1");
    await it.a("GET", "php:1");
    await it.a("SETEX", "php:1", 100, "n|i:1;a|i:1;");
    await it.a("SETEX", "php:1", 100, "n|i:1;b|i:2;");
    await (await both(it, "GET", "php:1")).are("n|i:1;b|i:2;a|i:1;");
  });

  test("what was read is the base of one write: the next one that reads nothing says all there is", async () => {
    const it = await pair({ merge });
    await it.a("SET", "sess:3", '{"x":1}');
    await it.a("GET", "sess:3");
    await it.a("SET", "sess:3", '{"x":1,"flash":"saved"}');
    await it.a("SET", "sess:3", '{"x":1}');
    await (await both(it, "GET", "sess:3")).are('{"x":1}');
  });

  test("who reads and writes alone gets his bytes back, and what he leaves out is gone", async () => {
    const it = await pair({ merge });
    const blobs = [
      '{"b":1,"a":2}',
      '{"a":2}',
      "{}",
      '{ "spaced": 1 }',
      '{"c":[1,{"d":"\\u00e9é"}]}',
    ];
    for (const blob of blobs) {
      expect(await it.a("SET", "sess:2", blob)).toBe("OK");
      await (await both(it, "GET", "sess:2")).are(Buffer.from(blob).toString("latin1"));
      expect(await it.b("STRLEN", "sess:2")).toBe(Buffer.byteLength(blob));
    }
  });
});
