/** Every wrong option is refused with its name and a remedy, before anything is opened. */
import cluster from "node:cluster";
import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { createMesh } from "./create-mesh.js";
import { MeshError } from "./mesh-error.js";
import { checkOptions, type MeshOptions } from "./options.js";
import { checkPlacement } from "./placement.js";

const SECRET = "a secret for the tests";

const refusal = (options: object): string => {
  try {
    checkPlacement(checkOptions(options as MeshOptions));
  } catch (error) {
    expect(error).toBeInstanceOf(MeshError);
    expect((error as MeshError).code).toBe("option");
    return (error as MeshError).message;
  }
  return "accepted";
};

describe("one option by itself", () => {
  test.each<[object, RegExp]>([
    [{ secrets: SECRET }, /no option `secrets` of createMesh. There are: .*secret/],
    [{ secret: "short" }, /`secret` must have at least 16 characters; .*openssl rand/],
    [{ secret: undefined, seeds: ["10.0.0.6:7946"] }, /`secret` is required/],
    [{ secret: null }, /`secret` must be a string; .*environment/],
    [{ secret: [] }, /`secret` must hold 1 to 8 secrets/],
    [{ secret: [SECRET, "short"] }, /`secret` must have at least 16/],
    [{ idKey: "short" }, /`idKey` must have at least 16/],
    [{ cluster: "" }, /`cluster` must be a string of 1 to 64/],
    [{ node: "x".repeat(65) }, /`node` must be a string of 1 to 64/],
    [{ seeds: "10.0.0.6:7946" }, /`seeds` must be an array of addresses/],
    [{ seeds: ["10.0.0.6"] }, /`seeds` "10.0.0.6" names no port; write "10.0.0.6:7946"/],
    [{ seeds: ["http://10.0.0.6:7946"] }, /starts with http:\/\/ instead of ws:\/\/ or wss:\/\//],
    [{ seeds: ["wss://10.0.0.6"] }, /names no port/],
    [{ seeds: ["dns:mesh.test"] }, /names no port/],
    [{ seeds: ["dns://mesh.test:7946"] }, /starts with dns:\/\//],
    [{ discovery: 5 }, /`discovery` must be an object/],
    [{ discovery: { interval: 5 } }, /`discovery` has no interval; give servers, intervalMs/],
    [{ discovery: { intervalMs: 0 } }, /`discovery` has a wrong `intervalMs`: it must be a finite/],
    [{ discovery: { servers: [] } }, /`discovery` needs as `servers` IP addresses/],
    [{ discovery: { servers: ["ns.test"] } }, /`discovery` needs as `servers` IP addresses/],
    [{ tls: true }, /`tls` must be an object/],
    [{ tls: { requestCert: true } }, /`tls` has requestCert, which belongs to `listen.tls`/],
    [{ tls: { ca: "/etc/ssl/ca.pem" } }, /`tls` cannot be used .*contents of PEM files/],
    [{ listen: { tls: {} } }, /`listen` has a `tls` that needs `key` and `cert`/],
    [{ listen: { tls: { key: "x", cert: "y" } } }, /`tls` that cannot be used .*PEM/],
    [{ seeds: ["ws://me:pass@10.0.0.6:7946"] }, /more than a host, a port and a path/],
    [{ seeds: ["10.0.0.6:99999"] }, /is neither host:port nor/],
    [{ seeds: [7946] }, /is not a string/],
    [{ advertise: "0.0.0.0:7946" }, /`advertise` is a wildcard/],
    [{ advertise: "[::]:7946" }, /`advertise` is a wildcard/],
    [{ listen: 7946 }, /`listen` must be an object/],
    [{ listen: { port: "7946" } }, /`listen` needs a `port`.* as a number/],
    [{ listen: { port: 70_000 } }, /`listen` needs a `port`/],
    [{ listen: { hostname: "x" } }, /`listen` has no hostname/],
    [{ listen: { server: {} } }, /needs as `server` what http.createServer/],
    [{ listen: { server: createServer(), path: "mesh" } }, /`path` that begins with a slash/],
    [{ listen: { server: createServer(), port: 1 } }, /takes only `path` beside `server`/],
    [{ idleMs: 0 }, /`idleMs` must be a finite number/],
    [{ idleMs: Number.NaN }, /`idleMs` must be a finite number/],
    [{ absoluteMs: Number.POSITIVE_INFINITY }, /`absoluteMs` must be finite, .*logout/],
    [{ idleMs: 2_000, absoluteMs: 1_000 }, /`idleMs` is above `absoluteMs`/],
    [{ acks: -1 }, /`acks` must be "all" or a whole number/],
    [{ acks: 1.5 }, /`acks` must be "all" or a whole number/],
    [{ acks: "some" }, /`acks` must be "all"/],
    [{ ackDeadlineMs: "100" }, /`ackDeadlineMs` must be a finite number/],
    [{ joinGraceMs: -1 }, /`joinGraceMs` must be a finite number of milliseconds from 0/],
    [{ requirePeers: "yes" }, /`requirePeers` must be true or false/],
    [{ onEvent: {} }, /`onEvent` must be a function/],
    [{ log: console }, /`log` must be a function/],
    [{ transport: {} }, /`transport` must be a transport/],
    [{ limits: 5 }, /`limits` must be an object/],
    [{ limits: { sessionMax: 1 } }, /`limits` has no `sessionMax`; there are: .*sessionsMax/],
    [{ limits: { sessionsMax: 1.5 } }, /wrong `sessionsMax`: give a whole number/],
    [{ limits: { sessionsMax: 0 } }, /wrong `sessionsMax`: give a number above 0/],
    [{ limits: { suspicionMs: Number.POSITIVE_INFINITY } }, /give a finite number/],
    [{ limits: { frameBytesMax: 1_000 } }, /`frameBytesMax` \(1000\) at least as large as/],
    [{ limits: { suspectFloorMs: 10 } }, /`suspectFloorMs` .* `heartbeatIntervalMs`/],
  ])("%j is refused with the remedy", (options, message) => {
    expect(refusal(options)).toMatch(/^\[session-mesh\] /);
    expect(refusal(options)).toMatch(message);
  });

  test("nothing is opened for options that are refused", async () => {
    await expect(createMesh({ listen: { port: -1 } })).rejects.toThrow(MeshError);
  });

  test("undefined is as good as absent", () => {
    const options = { secret: undefined, seeds: undefined, node: undefined };
    expect(refusal(options)).toBe("accepted");
  });
});

describe("addresses get one spelling", () => {
  test.each([
    ["10.0.0.6:7946", "ws://10.0.0.6:7946"],
    ["ws://10.0.0.6:7946", "ws://10.0.0.6:7946"],
    ["ws://10.0.0.6:7946/", "ws://10.0.0.6:7946"],
    ["ws://10.0.0.6:7946/session-mesh", "ws://10.0.0.6:7946"],
    ["APP1:7946", "ws://app1:7946"],
    ["app1:80", "ws://app1:80"],
    ["[::1]:7946", "ws://[::1]:7946"],
    ["ws://app1:3000/other", "ws://app1:3000/other"],
    ["wss://App1:7946/", "wss://app1:7946"],
    ["wss://app1:443", "wss://app1:443"],
    ["dns:app1:7946", "ws://app1:7946"],
  ])("%s is %s", (given, canonical) => {
    expect(checkOptions({ seeds: [given] }).seeds).toEqual([canonical]);
  });

  test("where TLS is spoken, those without a scheme are wss://", () => {
    const { seeds, advertise } = checkOptions({
      tls: {},
      seeds: ["a:1", "ws://b:1"],
      advertise: "c:1",
    });
    expect(seeds).toEqual(["wss://a:1", "ws://b:1"]);
    expect(advertise).toBe("wss://c:1");
  });

  test("the same seed twice is one seed", () => {
    expect(checkOptions({ seeds: ["a:1", "ws://a:1/", "A:1"] }).seeds).toEqual(["ws://a:1"]);
  });
});

describe("P12: a secret is required unless every address is loopback", () => {
  test.each([
    {},
    { listen: { host: "localhost", port: 0 } },
    { listen: { host: "::1" } },
    { listen: { host: "127.5.0.1" } },
    { seeds: ["localhost:1", "127.0.0.1:2", "[::1]:3", "app.localhost:4"] },
    { advertise: "127.0.0.1:7946" },
    { listen: { host: "0.0.0.0" }, advertise: "10.0.0.5:7946", secret: SECRET },
  ])("%j is accepted", (options) => {
    expect(refusal(options)).toBe("accepted");
  });

  test.each([
    [{ listen: { host: "10.0.0.5" } }, "10.0.0.5"],
    [{ listen: { host: "0.0.0.0" }, advertise: "127.0.0.1:1" }, "0.0.0.0"],
    [{ seeds: ["127.0.0.1:1", "10.0.0.6:7946"] }, "ws://10.0.0.6:7946"],
    [{ seeds: ["127.0.0.1.evil.example:1"] }, "127.0.0.1.evil.example"],
    [{ seeds: ["app1:7946"] }, "ws://app1:7946"],
    [{ advertise: "10.0.0.5:7946" }, "ws://10.0.0.5:7946"],
  ])("%j is refused, naming the address", (options, address) => {
    expect(refusal(options)).toContain("`secret` is required");
    expect(refusal(options)).toContain(address);
  });

  test("a server that does not listen yet may be anywhere", async () => {
    const listen = { server: createServer() };
    expect(refusal({ listen })).toMatch(/`advertise` is needed.*does not listen yet/);
    expect(refusal({ listen, advertise: "127.0.0.1:3000" })).toMatch(/`secret` is required/);
    expect(refusal({ listen, advertise: "127.0.0.1:3000", secret: SECRET })).toBe("accepted");
  });

  test("a server on every interface needs an address for peers", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
    expect(refusal({ listen: { server }, secret: SECRET })).toMatch(
      /`advertise` is needed.*every interface \(0.0.0.0\)/,
    );
    server.close();
  });
});

test("a shared server is refused under node:cluster, a port of its own is not", () => {
  const before = Object.getOwnPropertyDescriptor(cluster, "isWorker");
  Object.defineProperty(cluster, "isWorker", { value: true, configurable: true });
  try {
    const shared = { listen: { server: createServer() }, advertise: "10.0.0.5:1", secret: SECRET };
    expect(refusal(shared)).toMatch(/node:cluster.*listen: \{ port: 7946 \+ cluster.worker.id \}/);
    expect(refusal({ listen: { port: 0 } })).toBe("accepted");
  } finally {
    Object.defineProperty(cluster, "isWorker", before as PropertyDescriptor);
  }
});
