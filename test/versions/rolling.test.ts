/** P11: a next version is rolled through a cluster of this one, under load, and back again. */
import { CODES, NEXT_MESSAGE, nextVersion, scenario, type Scenario } from "@session-mesh/sim";
import { describe, expect, test } from "vitest";

import { Rollout } from "./rollout.js";

/** Few live documents: most sessions are bytes most of the time. */
const limits = { hotSessionsMax: 2, coldDeltasMax: 3 };

/** A cluster of this version that has served some requests. */
function startCluster(seed: number): { mesh: Scenario; rollout: Rollout } {
  const mesh = scenario({ nodes: 3, seed, limits });
  const rollout = new Rollout(mesh);
  for (let i = 0; i < 30; i++) rollout.request();
  return { mesh, rollout };
}

function expectNoLoss(mesh: Scenario, rollout: Rollout): void {
  rollout.expectAll();
  expect(rollout.requests).toBeGreaterThan(250);
  expect(rollout.nextRequests).toBeGreaterThan(25);
  expect(rollout.drains).toHaveLength(6);
  for (const drain of rollout.drains) expect(drain).toMatchObject({ confirmed: true, peers: 2 });
  const complaints = ["frame-rejected", "update-refused", "peer-refused"];
  expect(mesh.events.filter(({ event }) => complaints.includes(event.type))).toEqual([]);
  const unknown = mesh.events.flatMap(({ event }) =>
    event.type === "message-unknown" ? [event.messageType] : [],
  );
  expect(new Set(unknown)).toEqual(new Set([NEXT_MESSAGE]));
}

/** Frames that compare fingerprints: how many between nodes of one version, and of two. */
function countComparisons(mesh: Scenario, rollout: Rollout): { alike: number; across: number } {
  const counts = { alike: 0, across: 0 };
  mesh.network.onSend = (from, to, frame) => {
    const code = Number(frame[1]);
    if (code < CODES.audit || code > CODES.listed) return;
    const isAlike = rollout.isNext(from.machine) === rollout.isNext(to.machine);
    counts[isAlike ? "alike" : "across"] += 1;
  };
  return counts;
}

describe("P11: a deploy of the next version under load, and back", () => {
  test("loses nothing, keeps and merges what is unknown, and all nodes are equal", () => {
    const { mesh, rollout } = startCluster(1);
    const comparisons = countComparisons(mesh, rollout);
    rollout.deployAll(nextVersion()).deployAll(undefined);
    expectNoLoss(mesh, rollout);
    expect(comparisons.across).toBeGreaterThan(10);
  });

  test("does so too where digests are of another version, and compares none across", () => {
    const { mesh, rollout } = startCluster(2);
    const comparisons = countComparisons(mesh, rollout);
    rollout.deployAll(nextVersion({ digestVersion: 2 })).deployAll(undefined);
    expectNoLoss(mesh, rollout);
    expect(comparisons.alike).toBeGreaterThan(10);
    expect(comparisons.across).toBe(0);
  });
});
