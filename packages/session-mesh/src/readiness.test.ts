/** When a node may have traffic: the judgement alone, fact by fact. */
import { expect, test } from "vitest";
import { judgeReadiness, type ReadinessFacts } from "./readiness.js";

const SEED = "ws://10.0.0.6:7946";
const status = {
  hasJoined: false,
  members: [],
  refusals: [],
  isClockSafe: true,
  clockOffsetMs: 0,
  isDraining: false,
};
const facts: ReadinessFacts = {
  isAlive: true,
  isLeaving: false,
  seeds: [SEED],
  waitedMs: 0,
  joinGraceMs: 10_000,
  requirePeers: false,
};
const refused = {
  address: SEED,
  code: "proof",
  detail: "it does not know the secret",
  byPeer: true,
} as const;

test("a node that joined is ready, with and without the grace", () => {
  expect(judgeReadiness({ ...status, hasJoined: true }, facts).ready).toBe(true);
});

test("a node without seeds is ready", () => {
  expect(judgeReadiness(status, { ...facts, seeds: [] }).ready).toBe(true);
});

test("seeds that nobody answers at are waited for during the grace, and then not", () => {
  const waiting = judgeReadiness(status, { ...facts, waitedMs: 9_001 });
  expect(waiting).toEqual({
    ready: false,
    reasons: ["no seed was reached yet; ready alone in 1 s"],
  });
  expect(judgeReadiness(status, { ...facts, waitedMs: 10_000 }).ready).toBe(true);
});

test("required peers are waited for without end", () => {
  const judged = judgeReadiness(status, { ...facts, waitedMs: 1e9, requirePeers: true });
  expect(judged.ready).toBe(false);
});

test("a seed that refuses keeps a node unready beyond the grace, and the reason says why", () => {
  const judged = judgeReadiness({ ...status, refusals: [refused] }, { ...facts, waitedMs: 1e9 });
  expect(judged.reasons).toEqual([
    `seed ${SEED} refuses this node (proof): it does not know the secret`,
  ]);
});

test("a refusal elsewhere, or after joining, changes nothing", () => {
  const elsewhere = { ...refused, address: "ws://10.0.0.7:1" };
  const late = { ...facts, waitedMs: 1e9 };
  expect(judgeReadiness({ ...status, refusals: [elsewhere] }, late).ready).toBe(true);
  expect(judgeReadiness({ ...status, hasJoined: true, refusals: [refused] }, late).ready).toBe(
    true,
  );
});

test("leaving, an unsafe clock and a bug each make a node unready, and all are told", () => {
  const judged = judgeReadiness(
    { ...status, hasJoined: true, isClockSafe: false, clockOffsetMs: -70_000.4 },
    { ...facts, isAlive: false, isLeaving: true },
  );
  expect(judged.reasons).toEqual([
    "the mesh met a bug of its own and stopped",
    "the node is leaving",
    "the clock is 70000 ms off the other nodes'",
  ]);
});
