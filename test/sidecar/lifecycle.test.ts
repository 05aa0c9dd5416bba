/** `session-mesh serve` as a process: how it starts, what it refuses, and how it leaves (P7). */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RawClient } from "./raw-client.js";
import { ask, placeOf, Serving, type Start } from "./serving.js";

const PATIENCE = { timeout: 60_000 };
const ANY = { redis: { listen: "127.0.0.1:0" } };
const NO_DELAY = { drain: { readinessDelayMs: 0 } };

let directory: string;
let started: Serving[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "session-mesh-serve-"));
});

afterEach(async () => {
  for (const serving of started) await serving.end("SIGKILL");
  started = [];
  rmSync(directory, { recursive: true, force: true });
});

function serve(start: Omit<Start, "directory">): Serving {
  const serving = new Serving({ directory, ...start });
  started.push(serving);
  return serving;
}

describe("starting", PATIENCE, () => {
  test("it listens where it is told, on TCP and on a unix socket with the mode asked for", async () => {
    const path = join(directory, "redis.sock");
    const serving = serve({
      config: { redis: { listen: ["127.0.0.1:0", { path, mode: "0660" }] }, admin: { port: 0 } },
    });
    const { redis, admin, node } = await serving.places();
    expect(await ask(placeOf(redis[0]), "PING")).toBe("+PONG\r\n");
    expect(await ask(placeOf(redis[1]), "PING")).toBe("+PONG\r\n");
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect((await fetch(`${admin}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${admin}/metrics`)).text();
    expect(metrics).toMatch(/^session_mesh_redis_commands_total 4$/m);
    expect(metrics).toContain(`session_mesh_info{node="${node}"`);
  });

  test("flags go over variables, and variables over the file", async () => {
    const serving = serve({
      config: { ...ANY, node: "of-the-file", cluster: "of-the-file" },
      environment: {
        SESSION_MESH_NODE: "of-the-environment",
        SESSION_MESH_CLUSTER: "of-the-environment",
        SESSION_MESH_REDIS_PASSWORD: "sesame-open-sesame",
        SESSION_MESH_REDIS_DATABASESMAX: "1",
      },
      flags: ["--node", "of-the-flags", "--redis.databasesMax", "3"],
    });
    const { node, redis } = await serving.places();
    expect(node).toBe("of-the-flags");
    expect(serving.said).toContain("SESSION_MESH_REDIS_DATABASESMAX names no key");
    const client = await RawClient.open(placeOf(redis[0]));
    client.send("SELECT 2\r\nAUTH sesame-open-sesame\r\nSELECT 2\r\nSELECT 3\r\nQUIT\r\n");
    expect((await client.untilClosed()).split("\r\n")).toEqual([
      "-NOAUTH Authentication required.",
      "+OK",
      "+OK",
      "-ERR DB index is out of range",
      "+OK",
      "",
    ]);
  });

  test("a socket that a killed process left behind is no obstacle; one that lives is", async () => {
    const path = join(directory, "redis.sock");
    const first = serve({ config: { redis: { listen: path } } });
    await first.places();
    const second = serve({ config: { redis: { listen: path } } });
    expect(await second.exited).toBe(1);
    expect(second.said).toMatch(/`redis.listen`: cannot listen on .*redis.sock .*choose another/);
    await first.end("SIGKILL");
    const { redis } = await serve({ config: { redis: { listen: path } } }).places();
    expect(await ask(placeOf(redis[0]), "PING")).toBe("+PONG\r\n");
  });
});

describe(
  "refusing: exit 78, every problem with its key and its remedy, nothing opened",
  PATIENCE,
  () => {
    test("in the file", async () => {
      const serving = serve({ config: { redis: { clientsMax: 0, listen: "nowhere" }, foo: 1 } });
      expect(await serving.exited).toBe(78);
      expect(serving.said.split("\n").filter(Boolean)).toEqual([
        expect.stringMatching(/^session-mesh: `redis.listen` \(.*json\) must be "127.0.0.1:6379"/),
        expect.stringMatching(
          /^session-mesh: `redis.clientsMax` .* must be a whole number from 1 on$/,
        ),
        expect.stringMatching(/^session-mesh: `foo` .* is no key; there are: node, cluster/),
      ]);
    });

    test("of the mesh and the admin", async () => {
      const serving = serve({ config: { ...ANY, admin: { host: "0.0.0.0", port: 0 } } });
      expect(await serving.exited).toBe(78);
      expect(serving.said).toContain("the admin does not listen on 0.0.0.0 without a token: set");
    });

    test("a secret on the command line, where everybody can read it", async () => {
      const serving = serve({ flags: ["--redis.password", "sesame"] });
      expect(await serving.exited).toBe(78);
      expect(serving.said).toMatch(/give it as SESSION_MESH_REDIS_PASSWORD, or in the file that/);
    });

    test("an unknown flag or verb", async () => {
      const serving = serve({ flags: ["--redis.pasword", "sesame"] });
      expect(await serving.exited).toBe(78);
      expect(serving.said).toContain("unknown option '--redis.pasword'");
    });
  },
);

describe("leaving on SIGTERM", PATIENCE, () => {
  test("P7: what it alone held is at its peer when it exits 0; its clients got every answer", async () => {
    const staying = serve({ config: { ...ANY } });
    const stays = await staying.places();
    const leaving = serve({
      config: { ...ANY, ...NO_DELAY, seeds: [stays.mesh], admin: { port: 0 } },
    });
    const leaves = await leaving.places();
    await vi.waitFor(async () => expect(await membersOf(leaves.admin)).toBe(2));
    const client = await RawClient.open(placeOf(leaves.redis[0]));
    client.send("SET greeting hello\r\nGET greeting\r\n");
    expect(await client.until("hello\r\n")).toBe("+OK\r\n$5\r\nhello\r\n");
    expect(await leaving.end("SIGTERM")).toBe(0);
    expect(client.received).toBe("+OK\r\n$5\r\nhello\r\n");
    expect(await ask(placeOf(stays.redis[0]), "GET", "greeting")).toBe("$5\r\nhello\r\n");
  });

  test("P7: alone with a key it exits 1 and says so; alone with nothing it exits 0", async () => {
    const holding = serve({ config: { ...ANY, ...NO_DELAY } });
    await ask(placeOf((await holding.places()).redis[0]), "SET", "k", "v");
    expect(await holding.end("SIGTERM")).toBe(1);
    expect(holding.said).toContain("it alone held 1 session");
    const empty = serve({ config: { ...ANY, ...NO_DELAY } });
    await empty.places();
    expect(await empty.end("SIGTERM")).toBe(0);
  });

  test("while a balancer is given time it is not ready, and serves", async () => {
    const other = serve({ config: ANY });
    const serving = serve({
      config: {
        ...{ ...ANY, seeds: [(await other.places()).mesh], admin: { port: 0 } },
        drain: { readinessDelayMs: 60_000, deadlineMs: 90_000 },
      },
    });
    const { admin, redis } = await serving.places();
    await vi.waitFor(async () => expect((await fetch(`${admin}/readyz`)).status).toBe(200));
    await vi.waitFor(async () => expect(await membersOf(admin)).toBe(2));
    serving.child.kill("SIGTERM");
    await vi.waitFor(async () => expect((await fetch(`${admin}/readyz`)).status).toBe(503));
    expect(await ask(placeOf(redis[0]), "PING")).toBe("+PONG\r\n");
    serving.child.kill("SIGTERM");
    expect(await serving.exited).toBe(1);
    expect(serving.said).toContain("SIGTERM again, exiting at once");
  });

  test("P10: with storage a node that was killed alone has its keys again", async () => {
    const config = { ...ANY, node: "a", storage: { dataDir: join(directory, "data") } };
    const first = serve({ config });
    const place = placeOf((await first.places()).redis[0]);
    expect(await ask(place, "SET", "k", "v")).toBe("+OK\r\n");
    await first.end("SIGKILL");
    const { redis } = await serve({ config }).places();
    expect(await ask(placeOf(redis[0]), "GET", "k")).toBe("$1\r\nv\r\n");
  });
});

test("secrets may stand in files", PATIENCE, async () => {
  const [passwordFile, idKeyFile] = [join(directory, "password"), join(directory, "id-key")];
  writeFileSync(passwordFile, "sesame-open-sesame\n");
  writeFileSync(idKeyFile, "a-key-of-a-cluster\n");
  const config = { redis: { listen: "127.0.0.1:0", passwordFile }, idKeyFile };
  const { redis } = await serve({ config }).places();
  expect(await ask(placeOf(redis[0]), "AUTH", "sesame-open-sesame")).toBe("+OK\r\n");
  expect(await ask(placeOf(redis[0]), "AUTH", "sesame")).toMatch(/^-WRONGPASS/);
});

async function membersOf(admin: string | undefined): Promise<number> {
  const status = (await (await fetch(`${admin}/members`)).json()) as {
    members: { isLinked: boolean }[];
  };
  return status.members.filter((member) => member.isLinked).length + 1;
}
