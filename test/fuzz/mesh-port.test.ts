/**
 * P12: what arrives at the mesh port cannot crash a node nor make it grow: thousands of malformed
 * frames of strangers, and of members that know the secret and misuse it.
 *
 * A run is a function of its seed but for timing. Seeds that failed belong into seeds.txt.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createPrng } from "@session-mesh/core";
import type { Mesh } from "session-mesh";
import { afterEach, describe, expect, test, vi } from "vitest";
import { allLinked, closeNodes, SECRET, startNode } from "../security/nodes.js";
import { Saboteur } from "./saboteurs.js";
import { sendAsStrangers } from "./strangers.js";

const STRANGER_FRAMES = 5_000;
const SABOTEUR_FRAMES = 5_000;
const SABOTEURS = 4;

/** What a node may hold more afterwards: sessions that saboteurs made up are sessions (P14). */
const HEAP_GROWTH_BYTES_MAX = 32 * 1_024 * 1_024;

const HANDLE_GROWTH_MAX = 8;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const rejections: unknown[] = [];
const onRejection = (reason: unknown): void => void rejections.push(reason);

function seeds(): number[] {
  const path = fileURLToPath(new URL("seeds.txt", import.meta.url));
  const lines = readFileSync(path, "utf8").split("\n");
  const pinned = lines.filter((line) => /^\d/.test(line)).map((line) => Number.parseInt(line, 10));
  const { SESSION_MESH_FUZZ_SEED } = process.env;
  const fresh = SESSION_MESH_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32);
  return [...pinned, Number(fresh)];
}

function usage(): { heapBytes: number; handles: number } {
  collectGarbage();
  return {
    heapBytes: process.memoryUsage().heapUsed,
    handles: process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout").length,
  };
}

afterEach(async () => {
  process.off("unhandledRejection", onRejection);
  await closeNodes();
});

describe.each(seeds())("P12: malformed frames at the mesh port, seed %i:", (seed) => {
  test("the node lives, does not grow, and serves", { timeout: 180_000 }, async () => {
    rejections.length = 0;
    process.on("unhandledRejection", onRejection);
    const random = createPrng(seed);
    const log: string[] = [];
    const options = { secret: SECRET, log: (line: string) => void log.push(line) };
    const node = await startNode({ node: "node", ...options });
    const peer = await startNode({ node: "peer", ...options, seeds: [node.address] });
    await allLinked(node, peer);
    const ids = [await write(node, 0), await write(peer, 1)];
    const port = Number(new URL(node.address).port);

    await sendAsStrangers(port, random, 200);
    const before = usage();
    await sendAsStrangers(port, random, STRANGER_FRAMES);
    const saboteurs = Array.from(
      { length: SABOTEURS },
      (_, i) => new Saboteur(`saboteur-${i}`, node.address, { secret: SECRET, seed: seed + i + 1 }),
    );
    const each = SABOTEUR_FRAMES / SABOTEURS;
    await Promise.all(saboteurs.map((saboteur) => saboteur.send(each)));
    const last = saboteurs.map((saboteur) => Buffer.from(saboteur.last).toString("hex"));
    expect(node.isAlive, `${log.join("\n")}\nthe last frames were\n${last.join("\n")}`).toBe(true);
    expect(saboteurs.every(({ linkCount }) => linkCount > 100)).toBe(true);
    await Promise.all(saboteurs.map((saboteur) => saboteur.close()));

    // They are gone; what they said of the peer is refuted, and the two serve as if nothing had been.
    await allLinkedTo(node, "peer");
    await allLinkedTo(peer, "node");
    ids.push(await write(node, 2), await write(peer, 3));
    await vi.waitFor(() => {
      for (const mesh of [node, peer]) for (const [i, id] of ids.entries()) expectHeld(mesh, id, i);
    }, 10_000);
    await vi.waitFor(() => {
      const { heapBytes, handles } = usage();
      expect(handles - before.handles).toBeLessThanOrEqual(HANDLE_GROWTH_MAX);
      expect(heapBytes - before.heapBytes).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
    }, 10_000);
    expect(rejections).toEqual([]);
    expect(node.isAlive && peer.isAlive, log.join("\n")).toBe(true);
  });
});

async function write(mesh: Mesh, number: number): Promise<string> {
  const session = mesh.sessions.create();
  session.value["number"] = number;
  await session.commit({ acks: 1 });
  return session.id;
}

function expectHeld(mesh: Mesh, id: string, number: number): void {
  const found = mesh.sessions.open(id);
  expect(found).toMatchObject({ status: "found", session: { value: { number } } });
}

function allLinkedTo(mesh: Mesh, name: string): Promise<void> {
  return vi.waitFor(() => {
    const member = mesh.status().members.find(({ node }) => node === name);
    expect(member).toMatchObject({ isLinked: true, state: "alive" });
  }, 10_000);
}
