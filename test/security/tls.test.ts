/** P12: TLS between nodes, with an authority of one's own and certificates on both sides. */
import { createServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { DialTls } from "../../packages/session-mesh/src/tls-options.js";
import { createWebSocketTransport } from "../../packages/session-mesh/src/transports/ws.js";
import { createAuthority } from "./certificates.js";
import { allLinked, closeNodes, linkedOf, SECRET, startNode } from "./nodes.js";

const authority = createAuthority("mesh authority");
const stranger = createAuthority("another authority");
const ca = authority.cert;

afterEach(closeNodes);

/** Why a dial with these TLS options fails; "opened" when it does not. */
async function dialOutcome(address: string, tls: DialTls): Promise<string> {
  const place = { host: "127.0.0.1", port: 0 };
  const transport = createWebSocketTransport(place, { frameBytesMax: 1_000, tls });
  try {
    return await new Promise((resolve) => {
      transport.dial(address, {
        opened: () => {
          resolve("opened");
          return { received() {}, closed() {} };
        },
        failed: resolve,
      });
    });
  } finally {
    await transport.close();
  }
}

describe("P12: nodes that speak TLS", () => {
  test("find each other by addresses without a scheme, and know each other's as wss://", async () => {
    const listen = { tls: { ...authority.issue("127.0.0.1"), ca } };
    const a = await startNode({ node: "a", secret: SECRET, listen });
    expect(a.address).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/);
    const seed = a.address.replace("wss://", "");
    const b = await startNode({ node: "b", secret: SECRET, listen, seeds: [seed] });
    const c = await startNode({ node: "c", secret: SECRET, listen, seeds: [seed] });
    await allLinked(a, b, c);
    const known = c.status().members.map(({ address }) => address);
    expect(known.sort()).toEqual([a.address, b.address, c.address].sort());
  });

  test("with certificates asked of those who dial, only nodes of the authority get in", async () => {
    const own = (): { key: string; cert: string } => authority.issue("127.0.0.1");
    const listen = { tls: { ...own(), ca, requestCert: true } };
    const a = await startNode({ node: "a", secret: SECRET, listen });
    const b = await startNode({ node: "b", secret: SECRET, listen, seeds: [a.address] });
    await allLinked(a, b);
    expect(await dialOutcome(a.address, { ca, ...own() })).toBe("opened");
    expect(await dialOutcome(a.address, { ca })).toMatch(/certificate required|hang up|RESET/);
    const foreign = { ca, ...stranger.issue("127.0.0.1") };
    expect(await dialOutcome(a.address, foreign)).toMatch(/unknown ca|hang up|RESET/);
    expect(linkedOf(a)).toEqual(["b"]);
  });

  test.each([
    ["of another authority", stranger.issue("127.0.0.1"), /certificate/],
    ["for another address", authority.issue("10.0.0.1"), /does not match certificate's altnames/],
    ["for a name only", authority.issue("mesh.test"), /does not match certificate's altnames/],
  ])("a node with a certificate %s is not talked to", async (_name, identity, reason) => {
    const a = await startNode({ secret: SECRET, listen: { tls: identity } });
    expect(await dialOutcome(a.address, { ca })).toMatch(reason);
  });

  test("one name for all certificates does where nodes are dialled by address", async () => {
    const listen = { tls: { ...authority.issue("mesh.test"), ca } };
    const a = await startNode({ node: "a", secret: SECRET, listen });
    const tls = { ca, servername: "mesh.test" };
    const b = await startNode({ node: "b", secret: SECRET, listen, tls, seeds: [a.address] });
    await allLinked(a, b);
  });

  test("on an app's own TLS server too", async () => {
    const server = createServer(authority.issue("127.0.0.1"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const a = await startNode({ node: "a", secret: SECRET, listen: { server }, tls: { ca } });
      expect(a.address).toBe(`wss://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const seeds = [a.address];
      const b = await startNode({ node: "b", secret: SECRET, tls: { ca }, seeds });
      await allLinked(a, b);
    } finally {
      await closeNodes();
      server.close();
      server.closeAllConnections();
    }
  });

  test("TLS does not stand in for the secret", async () => {
    const listen = { tls: { ...authority.issue("127.0.0.1"), ca } };
    const a = await startNode({ node: "a", secret: SECRET, listen });
    const wrong = "another secret, long enough";
    const b = await startNode({ node: "b", secret: wrong, listen, seeds: [a.address] });
    const refusal = { address: a.address, code: "proof", byPeer: true };
    await vi.waitFor(() => expect(b.status().refusals).toMatchObject([refusal]));
    expect(linkedOf(a)).toEqual([]);
  });

  test("someone who speaks no TLS, or begins and goes silent, keeps nobody out", async () => {
    const listen = { tls: { ...authority.issue("127.0.0.1"), ca } };
    const a = await startNode({ node: "a", secret: SECRET, listen });
    const { hostname, port } = new URL(a.address);
    const silent = Array.from({ length: 50 }, () => connect(Number(port), hostname));
    for (const socket of silent.slice(25)) socket.write(Buffer.from("16030102000100", "hex"));
    try {
      expect(await dialOutcome(`ws://${hostname}:${port}`, {})).toMatch(/hang up|RESET/);
      const b = await startNode({ node: "b", secret: SECRET, listen, seeds: [a.address] });
      await allLinked(a, b);
    } finally {
      for (const socket of silent) socket.destroy();
    }
  });
});
