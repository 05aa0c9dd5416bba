import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Config } from "./config.js";
import { ConfigError } from "./config-error.js";
import { CONFIG_KEYS } from "./keys.js";
import { type ConfigSources, loadConfig } from "./load.js";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "session-mesh-config-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function file(content: object | string, name = "sidecar.json"): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function load(content: object | string, sources: Partial<ConfigSources> = {}): Config {
  return loadConfig({ file: file(content), environment: {}, flags: {}, ...sources }).config;
}

function problemsOf(content: object | string): readonly string[] {
  try {
    load(content);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const KEY = "a-key-of-a-cluster";

describe("what is not given has a default", () => {
  test("an empty file is a node of loopback that speaks Redis' protocol", () => {
    const config = load({});
    expect(config.redis.listen).toEqual([{ host: "127.0.0.1", port: 6379 }]);
    expect(config.redis.clientsMax).toBe(10_000);
    expect(config.redis.handshakeDeadlineMs).toBe(5_000);
    expect(config.listen).toEqual({ host: "127.0.0.1", port: 0 });
    expect(config.keys.localKeys).toEqual(["*_LOCK", "*.lock.*", "lock:*"]);
    expect(config.admin).toBeUndefined();
  });

  test("no file is needed", () => {
    expect(loadConfig({ environment: {}, flags: {} }).config.cluster).toBe("default");
  });
});

describe("flags and variables", () => {
  test("a flag goes over a variable, and a variable over the file, key by key", () => {
    const config = load(
      { node: "file", cluster: "file", redis: { user: "file" } },
      {
        environment: { SESSION_MESH_NODE: "variable", SESSION_MESH_CLUSTER: "variable" },
        flags: { node: "flag" },
      },
    );
    expect([config.node, config.cluster, config.redis.user]).toEqual(["flag", "variable", "file"]);
  });

  test("a text becomes what its key wants", () => {
    const { redis, seeds, requirePeers, keys } = load(
      {},
      {
        flags: {
          "redis.clientsMax": "12",
          "redis.user": "12",
          "redis.listen": "[::1]:0,/run/a.sock",
          "keys.acks": "2",
          seeds: "127.0.0.1:1,127.0.0.1:2",
          requirePeers: "true",
        },
      },
    );
    expect([redis.clientsMax, redis.user, requirePeers, keys.acks]).toEqual([12, "12", true, 2]);
    expect(redis.listen).toEqual([
      { host: "::1", port: 0 },
      { path: "/run/a.sock", mode: 0o600 },
    ]);
    expect(seeds).toEqual(["127.0.0.1:1", "127.0.0.1:2"]);
  });

  test("the variable in which a wrong value stood is named", () => {
    const environment = { SESSION_MESH_REDIS_CLIENTS_MAX: "many" };
    expect(() => load({}, { environment })).toThrow(
      "`redis.clientsMax` (SESSION_MESH_REDIS_CLIENTS_MAX) must be a whole number from 1 on",
    );
  });

  test("a variable that names no key is warned of", () => {
    const { warnings } = loadConfig({ environment: { SESSION_MESH_NOD: "a" }, flags: {} });
    expect(warnings).toEqual([expect.stringContaining("SESSION_MESH_NOD names no key")]);
  });

  test("no two keys have one variable", () => {
    const variables = CONFIG_KEYS.map(({ variable }) => variable);
    expect(new Set(variables).size).toBe(variables.length);
  });
});

describe("what is wrong is said with its key and its remedy", () => {
  test.each<[string, object | string, (string | RegExp)[]]>([
    ["no JSON", "{", [/sidecar.json: .*; it must be JSON/]],
    ["no object", "[]", [/must hold one object/]],
    ["a section that is none", { redis: 5 }, [/`redis` .* must be an object/]],
    [
      "a misspelt key",
      { redis: { clientMax: 1 } },
      [/`redis.clientMax` .* is no key; .*clientsMax/],
    ],
    ["what only prototypes have", '{"__proto__": {}}', [/is no key/]],
    ["a wrong port", { listen: { port: 70_000 } }, [/`listen.port` .* must be a port from 0/]],
    ["a limit below zero", { limits: { sessionsMax: -1 } }, [/`limits.sessionsMax` .* from 0 on/]],
    [
      "a wrong mode",
      { redis: { listen: { path: "/x", mode: "rw" } } },
      [/`redis.listen` .* must be/],
    ],
    ["a relative path", { redis: { listen: { path: "x" } } }, [/`redis.listen` .* must be/]],
    ["no place at all", { redis: { listen: [] } }, [/`redis.listen` .* must be/]],
    ["storage without a place", { storage: {} }, [/`storage.dataDir` .* must be a text/]],
    ["a short key", { idKey: "short" }, [/`idKey` .* at least 16 characters; make one with/]],
    ["what is still to come", { memcached: {} }, [/`memcached` .* is not there yet/]],
    ["a secret twice", { idKey: KEY, idKeyFile: "/x" }, [/exclude each other; take one away/]],
    [
      "a file that is not there",
      { idKeyFile: "/nowhere" },
      [/`idKeyFile` cannot be read .*; give/],
    ],
    ["a deadline that leaves no time", { drain: { deadlineMs: 6_000 } }, [/must leave time/]],
  ])("%s", (_name, content, problems) => {
    expect(problemsOf(content)).toEqual(problems.map((problem) => expect.stringMatching(problem)));
  });

  test("several problems are said at once", () => {
    expect(problemsOf({ node: "", cluster: 1, redis: { user: [] } })).toHaveLength(3);
  });
});

describe("P12: closed by default", () => {
  test.each(["0.0.0.0:6379", "10.0.0.5:6379", "[::]:6379", "sidecar.example.com:6379"])(
    "on %s Redis clients need a password",
    (listen) => {
      const [problem] = problemsOf({ redis: { listen } });
      expect(problem).toMatch(/needs `redis.password`.*Set one, listen on 127.0.0.1, or say/);
      expect(problemsOf({ redis: { listen, password: "x" } })).toEqual([]);
      expect(problemsOf({ redis: { listen, allowUnauthenticated: true } })).toEqual([]);
    },
  );

  test("loopback and unix sockets need none", () => {
    expect(problemsOf({ redis: { listen: ["127.0.0.1:1", "[::1]:1", "/run/x.sock"] } })).toEqual(
      [],
    );
  });

  test.each([
    { listen: { host: "10.0.0.5" } },
    { listen: { host: "0.0.0.0" }, advertise: "10.0.0.5:1" },
    { seeds: ["127.0.0.1:1", "mesh:7946"] },
    { advertise: "10.0.0.5:1" },
  ])("a node that others reach needs an `idKey`, since clients choose names: %j", (place) => {
    expect(problemsOf(place)).toEqual([expect.stringMatching(/^`idKey` is required, since/)]);
    expect(problemsOf({ ...place, idKey: KEY })).toEqual([]);
  });

  test("secrets come from files as well, a line each where there may be several", () => {
    const secretFile = file(`${KEY}-new\n${KEY}-old\n`, "secret");
    const tokenFile = file(`${KEY}\r\n`, "token");
    const config = load({ secretFile, admin: { tokenFile }, redis: { passwordFile: tokenFile } });
    expect(config.secret).toEqual([`${KEY}-new`, `${KEY}-old`]);
    expect([config.admin?.token, config.redis.password]).toEqual([KEY, KEY]);
    expect(problemsOf({ idKeyFile: secretFile })).toEqual([expect.stringMatching("one line")]);
    expect(problemsOf({ idKeyFile: file("", "none") })).toEqual([
      expect.stringMatching("is empty"),
    ]);
  });
});
