/** Whom the dialer dials, and when, as seeds come and go. */
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../config.js";
import type { NodeId } from "../ids.js";
import { createPrng } from "../prng.js";
import { Dialer } from "./dialer.js";

function setUp(...seeds: string[]) {
  const clock = { nowMs: 0 };
  const dialled: string[] = [];
  const dialer = new Dialer(
    {
      limits: DEFAULT_LIMITS,
      random: createPrng(1),
      elapsedMs: () => clock.nowMs,
      dial: (address) => dialled.push(address),
    },
    seeds,
  );
  /** Ticks for a while; every dial fails at once. Returns who was dialled, each once. */
  const run = (forMs: number, wanted: Record<string, string> = {}): string[] => {
    dialled.length = 0;
    const members = new Map(Object.entries(wanted)) as Map<string, NodeId>;
    for (const endMs = clock.nowMs + forMs; clock.nowMs < endMs; clock.nowMs += 250) {
      dialer.tick(members, () => false);
      for (const address of dialled) dialer.failed(address);
    }
    return [...new Set(dialled)].sort();
  };
  return { dialer, run };
}

test("P8: seeds are dialled again and again", () => {
  const { run } = setUp("a", "b");
  expect(run(1_000)).toEqual(["a", "b"]);
  expect(run(30_000)).toEqual(["a", "b"]);
});

test("seeds that are replaced are left alone, new ones dialled at once", () => {
  const { dialer, run } = setUp("a", "b");
  run(1_000);
  expect(dialer.setSeeds(["b", "c"])).toEqual(["a"]);
  expect(run(250)).toContain("c");
  expect(run(30_000)).toEqual(["b", "c"]);
  expect(dialer.setSeeds([])).toEqual(["b", "c"]);
  expect(run(30_000)).toEqual([]);
});

test("the same seeds again change nothing: who was waited for is waited for still", () => {
  const { dialer, run } = setUp("a");
  run(60_000);
  expect(dialer.setSeeds(["a"])).toEqual([]);
  expect(run(250)).toEqual([]);
});

test("a member at an address that is no seed any more is dialled as any member", () => {
  const { dialer, run } = setUp("a");
  dialer.setSeeds([]);
  expect(run(1_000, { a: "node-a" })).toEqual(["a"]);
});

test("where a node met itself it looks again, but rarely: others may be behind the address", () => {
  const { dialer, run } = setUp("own");
  expect(run(250)).toEqual(["own"]);
  dialer.answeredBySelf("own");
  dialer.setSeeds(["own"]);
  expect(run(59_000)).toEqual([]);
  expect(run(2_000)).toEqual(["own"]);
});
