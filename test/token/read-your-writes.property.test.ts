/**
 * P5 on three nodes with random delays, and with cuts: readers that roam with what they were given to
 * take along never see less than before, unless it is said, and it is said only when nobody who could
 * be asked had it.
 */
import { beyond, createPrng, type Prng, type VersionVector } from "@session-mesh/core";
import { scenario, type Scenario } from "@session-mesh/sim";
import { expect, test } from "vitest";
import { Reader, revisionsOn, waitFor } from "./reader.js";

const NODES = ["n1", "n2", "n3"] as const;
const SEEDS = 40;
const STEPS = 60;

/** What happened over all seeds, so that a test that tests nothing fails. */
interface Counts {
  writes: number;
  waits: number;
  stale: number;
  crossings: number;
}

function start(seed: number, random: Prng): Scenario {
  const network = { latencyMs: random.range(0, 20), jitterMs: random.range(1, 40) };
  return scenario({ nodes: 3, seed, network });
}

/** A request of a reader: waits for what he takes along, reads or writes, and is answered. */
function request(mesh: Scenario, random: Prng, reader: Reader, counts: Counts): boolean {
  const node = random.pick(NODES);
  let isStale = false;
  const { token: revisions } = reader;
  if (beyond(revisions, revisionsOn(mesh, node, "s")).length > 0) {
    const reachable = heldAround(mesh, node);
    const waited = waitFor(mesh, node, { session: "s", revisions });
    counts.waits += 1;
    isStale = waited.status === "stale";
    for (const held of reachable) expect(beyond(waited.missing, held)).toEqual(waited.missing);
  }
  if (!isStale) expect(reader.missingOn(mesh, node, "s")).toEqual([]);
  if (isStale) counts.stale += 1;
  if (random.chance(0.4)) {
    counts.writes += 1;
    mesh.write(node, "s", { [`k${random.range(0, 5)}`]: counts.writes });
    if (random.chance(0.5)) mesh.acks(node, 1);
  }
  reader.shown(mesh, node, "s");
  return isStale;
}

/** What those hold whom `node` can ask. */
function heldAround(mesh: Scenario, node: string): VersionVector[] {
  const run = mesh.cluster.runOn(node);
  return mesh.status(node).members.flatMap(({ node: name, isLinked }) => {
    const other = mesh.cluster.runOn(name);
    const isCut =
      run && other && (mesh.network.isCut(run, other) || mesh.network.isCut(other, run));
    return isLinked && !isCut ? [revisionsOn(mesh, name, "s")] : [];
  });
}

test("P5: with nothing cut, no read is stale, declared or not, at any delay", () => {
  const counts: Counts = { writes: 0, waits: 0, stale: 0, crossings: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = createPrng(seed);
    const mesh = start(seed, random).write("n1", "s", {}).settle();
    const readers = [new Reader(), new Reader()];
    for (let step = 0; step < STEPS; step++) {
      expect(request(mesh, random, random.pick(readers), counts)).toBe(false);
      if (random.chance(0.3)) mesh.run(`${random.range(1, 20)}ms`);
    }
  }
  expect(counts.waits).toBeGreaterThan(SEEDS);
});

test("P5: with cuts, what is stale is said, and only where nobody reachable had it", () => {
  const counts: Counts = { writes: 0, waits: 0, stale: 0, crossings: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = createPrng(seed);
    const mesh = start(seed, random).write("n1", "s", {}).settle();
    const reader = new Reader();
    for (let step = 0; step < STEPS; step++) {
      request(mesh, random, reader, counts);
      if (random.chance(0.1)) {
        const alone = random.pick(NODES);
        mesh.partition(
          [alone],
          NODES.filter((node) => node !== alone),
        );
        counts.crossings += 1;
      }
      if (random.chance(0.1)) mesh.heal();
      mesh.run(`${random.range(1, random.chance(0.2) ? 8_000 : 50)}ms`);
    }
  }
  expect(counts.stale).toBeGreaterThan(SEEDS / 2);
  expect(counts.crossings).toBeGreaterThan(SEEDS);
});
