/**
 * P12: what someone sees who captures all traffic between nodes, while sessions are written, read
 * from other nodes, repaired and destroyed.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Mesh } from "session-mesh";
import { deriveNamingKeys, hashRawId } from "../../packages/session-mesh/src/session-ids.js";
import { freePort } from "../processes/tcp-link.js";
import { allLinked, closeNodes, SECRET, startNode } from "./nodes.js";
import { WireTap } from "./wire-tap.js";

const CLUSTER = "a cluster to capture";

const taps: WireTap[] = [];

afterEach(async () => {
  await closeNodes();
  for (const tap of taps.splice(0)) tap.close();
});

/** A node that others reach through a tap alone. */
async function startTapped(name: string, secret: string | undefined): Promise<Mesh> {
  const port = await freePort();
  const tap = await WireTap.open(port);
  const seeds = taps.map((other) => `127.0.0.1:${other.port}`);
  taps.push(tap);
  return startNode({
    node: name,
    cluster: CLUSTER,
    listen: { port },
    advertise: `127.0.0.1:${tap.port}`,
    seeds,
    ...(secret === undefined ? {} : { secret }),
  });
}

/** Has sessions live a life in which every kind of message travels; returns what must stay hidden. */
async function liveAndTell(secret: string | undefined): Promise<Record<string, string[]>> {
  const hidden: Record<string, string[]> = { ids: [], hashes: [], values: [], attributes: [] };
  const a = await startTapped("a", secret);
  const b = await startTapped("b", secret);
  await allLinked(a, b);
  const { idKey } = deriveNamingKeys(CLUSTER, undefined);
  for (let i = 0; i < 20; i++) {
    const session = a.sessions.create();
    const value = `a value that nobody may see, number ${i}`;
    session.value["attributeName"] = { nested: [value] };
    await session.commit({ acks: "all" });
    const found = await b.sessions.load(session.id);
    if (found.status !== "found") throw new Error(`session ${i} is ${found.status} on b`);
    found.session.value["attributeName"] = { nested: [value, `${value} from b`] };
    await found.session.commit({ acks: "all" });
    if (i % 5 === 0) await a.sessions.destroy(session.id);
    hidden["ids"]?.push(session.id);
    hidden["hashes"]?.push(hashRawId(session.id, idKey));
    hidden["values"]?.push(value);
  }
  hidden["attributes"]?.push("attributeName");
  // A third node comes late: what it lacks travels whole.
  const c = await startTapped("c", secret);
  await allLinked(a, b, c);
  await vi.waitFor(() => expect(c.status().fingerprint).toBe(a.status().fingerprint), 10_000);
  return hidden;
}

/** How many of these appear in the traffic, as text or as the bytes that the text stands for. */
function seen(traffic: Buffer, hidden: readonly string[]): number {
  return hidden.filter((text) => {
    const bytes = Buffer.from(text, "base64url");
    const isIdLike = /^[\w-]{22,}$/.test(text);
    return traffic.includes(text) || (isIdLike && traffic.includes(bytes));
  }).length;
}

describe("P12: a capture of the traffic between nodes", () => {
  test("shows with a secret neither ids, their hashes, values, names of attributes nor the secret", async () => {
    const hidden = await liveAndTell(SECRET);
    for (const traffic of [Buffer.concat(taps.map((tap) => tap.raw())), payloads()]) {
      expect(traffic.length).toBeGreaterThan(10_000);
      for (const [kind, texts] of Object.entries(hidden)) {
        expect({ kind, seen: seen(traffic, texts) }).toEqual({ kind, seen: 0 });
      }
      expect(traffic.includes(SECRET)).toBe(false);
      expect(traffic.includes("session-mesh secret")).toBe(false);
    }
  });

  test("shows without one, on loopback, everything but raw ids: the search above does find things", async () => {
    const hidden = await liveAndTell(undefined);
    const found = Object.entries(hidden).map(([kind, texts]) => [kind, seen(payloads(), texts)]);
    expect(Object.fromEntries(found)).toEqual({ ids: 0, hashes: 20, values: 20, attributes: 1 });
  });
});

function payloads(): Buffer {
  return Buffer.concat(taps.map((tap) => tap.payloads()));
}
