/**
 * Nodes that find each other by one DNS name, as pods behind a headless service do: same port, an
 * address each, and records that come and go.
 */
import type { Mesh, MeshOptions } from "session-mesh";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Discovery } from "../../packages/session-mesh/src/discovery.js";
import { createNameLookup } from "../../packages/session-mesh/src/discovery-lookup.js";
import { createAuthority } from "../security/certificates.js";
import { allLinked, closeNodes, linkedOf, SECRET, startNode } from "../security/nodes.js";
import { DnsServer } from "./dns-server.js";

let dns: DnsServer;
let port: number;

beforeEach(async () => {
  dns = await new DnsServer().start();
  port = 0;
});
afterEach(async () => {
  await closeNodes();
  await dns.stop();
});

/** A pod: of the loopback network each has an address of its own, and all the same port. */
async function startPod(host: string, options: MeshOptions = {}): Promise<Mesh> {
  const node = await startNode({
    node: host,
    secret: SECRET,
    listen: { host, port },
    seeds: port === 0 ? [] : [`dns:mesh.test:${port}`],
    discovery: { servers: [dns.address], intervalMs: 100 },
    ...options,
  });
  port = Number(new URL(node.address).port);
  return node;
}

/** Takes a port that all pods can have, and gives it back. */
async function choosePort(): Promise<void> {
  await startPod("127.0.0.1");
  await closeNodes();
}

describe("seeds by DNS name", () => {
  test("every record is a seed: nodes that start together find one another", async () => {
    await choosePort();
    const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
    dns.set("mesh.test", ...hosts);
    const pods = await Promise.all(hosts.map((host) => startPod(host)));
    await allLinked(...pods);
  });

  test("a host name does as well as dns:, beside seeds that are addresses", async () => {
    await choosePort();
    dns.set("mesh.test", "127.0.0.2");
    const a = await startPod("127.0.0.1", { seeds: [] });
    const b = await startPod("127.0.0.2", { seeds: [] });
    const seeds = [a.address, `mesh.test:${port}`];
    const c = await startPod("127.0.0.3", { seeds });
    await allLinked(a, b, c);
  });

  test("the name is looked up again: a node that came later is found, one that went is left", async () => {
    await choosePort();
    const dialled = new Set<string>();
    const onEvent: MeshOptions["onEvent"] = (event) => {
      if (event.type === "link-opened") dialled.add(event.address);
    };
    dns.set("mesh.test", "127.0.0.1");
    const a = await startPod("127.0.0.1", { onEvent });
    await vi.waitFor(() => expect(dns.questionsAbout("mesh.test")).toBeGreaterThan(4));
    // It knows no name: only who looks up again finds it.
    const b = await startPod("127.0.0.2", { seeds: [] });
    expect(linkedOf(a)).toEqual([]);
    dns.set("mesh.test", "127.0.0.1", "127.0.0.2");
    await allLinked(a, b);
    expect([...dialled]).toEqual([b.address]);
  });

  test("AAAA records count beside A records, each with the port and the path of the seed", async () => {
    dns.set("mesh.test", "127.0.0.1", "::1", "127.0.0.2");
    const lookup = createNameLookup([dns.address]);
    const seed = "wss://mesh.test:7946/other";
    const discovery = new Discovery([seed], { lookup, intervalMs: 60_000, log: () => {} });
    expect(discovery.seeds()).toEqual([seed]);
    const found = await new Promise((resolve) => {
      discovery.start("wss://127.0.0.2:7946/other", resolve);
    });
    discovery.stop();
    const addresses = ["wss://127.0.0.1:7946/other", "wss://[::1]:7946/other"];
    expect(found).toEqual(addresses);
    expect(discovery.seeds()).toEqual(addresses);
    expect(discovery.nameOf("wss://[::1]:7946/other")).toBe("mesh.test");
    expect(discovery.nameOf("wss://127.0.0.9:7946/other")).toBeUndefined();
  });

  test("the machine's own resolver finds names of its hosts file", async () => {
    expect(await createNameLookup(undefined).addressesOf("localhost")).toContain("127.0.0.1");
  });

  test("while DNS fails the last known addresses stay, and an operator is told once", async () => {
    await choosePort();
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    dns.set("mesh.test", "127.0.0.1", "127.0.0.2");
    const a = await startPod("127.0.0.1", { log });
    const b = await startPod("127.0.0.2");
    await allLinked(a, b);
    dns.isFailing = true;
    const asked = dns.questionsAbout("mesh.test");
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    await vi.waitFor(
      () => expect(dns.questionsAbout("mesh.test")).toBeGreaterThan(asked + 8),
      5_000,
    );
    expect(lines).toEqual([
      "[session-mesh] 127.0.0.1: mesh.test cannot be looked up (ESERVFAIL); keeping the addresses it had",
    ]);
    // Without its seed the node would not look for a peer that it has forgotten.
    await b.close({ drain: false });
    const again = await startPod("127.0.0.2", { seeds: [] });
    await allLinked(a, again);
    dns.isFailing = false;
    await vi.waitFor(() => expect(lines.at(-1)).toMatch(/mesh.test is found again$/), 5_000);
    expect(lines).toHaveLength(2);
  });

  test("a name without records is tried again, and is a reason to wait with being ready", async () => {
    await choosePort();
    const a = await startPod("127.0.0.1", { joinGraceMs: 60_000 });
    await vi.waitFor(() => expect(dns.questionsAbout("mesh.test")).toBeGreaterThan(3));
    expect(a.readiness().reasons).toEqual([expect.stringMatching(/^no seed was reached yet/)]);
    const b = await startPod("127.0.0.2", { seeds: [] });
    dns.set("mesh.test", "127.0.0.2");
    await allLinked(a, b);
    // A link opens before the list of members that comes over it.
    await vi.waitFor(() => expect(a.readiness()).toEqual({ ready: true, reasons: [] }), 5_000);
  });

  test("a node that finds nobody but itself is alone, and ready", async () => {
    await choosePort();
    dns.set("mesh.test", "127.0.0.1");
    const a = await startPod("127.0.0.1", { joinGraceMs: 60_000 });
    await vi.waitFor(() => expect(a.readiness()).toEqual({ ready: true, reasons: [] }));
    expect(linkedOf(a)).toEqual([]);
  });

  test("a node that is advertised by name knows its own addresses, and its own name among the seeds", async () => {
    dns.set("mesh.test", "127.0.0.1", "127.0.0.2");
    dns.set("app-0.mesh.test", "127.0.0.1");
    const lookup = createNameLookup([dns.address]);
    const named = ["ws://mesh.test:7946", "ws://app-0.mesh.test:7946"];
    const discovery = new Discovery(named, { lookup, intervalMs: 60_000, log: () => {} });
    const found = await new Promise((resolve) => {
      discovery.start("ws://app-0.mesh.test:7946", resolve);
    });
    discovery.stop();
    expect(found).toEqual(["ws://127.0.0.2:7946"]);
  });

  test("P12: with TLS a node found by a name must have a certificate for that name", async () => {
    const authority = createAuthority("mesh authority");
    const ca = authority.cert;
    const named = { tls: { ...authority.issue("mesh.test"), ca } };
    const a = await startPod("127.0.0.1", { listen: { host: "127.0.0.1", port: 0, ...named } });
    const astray = await startPod("127.0.0.2", {
      seeds: [],
      listen: { host: "127.0.0.2", port, tls: { ...authority.issue("other.test"), ca } },
    });
    dns.set("mesh.test", "127.0.0.1", "127.0.0.2");
    const b = await startPod("127.0.0.3", { listen: { host: "127.0.0.3", port, ...named } });
    await allLinked(a, b);
    expect(linkedOf(astray)).toEqual([]);
  });

  test("closing ends the lookups", async () => {
    await choosePort();
    const a = await startPod("127.0.0.1");
    await vi.waitFor(() => expect(dns.questionsAbout("mesh.test")).toBeGreaterThan(2));
    await a.close();
    const asked = dns.questionsAbout("mesh.test");
    await startPod("127.0.0.2", { seeds: [`dns:clock.test:${port}`] });
    await vi.waitFor(() => expect(dns.questionsAbout("clock.test")).toBeGreaterThan(8), 5_000);
    expect(dns.questionsAbout("mesh.test")).toBe(asked);
  });
});
