/** A run is a function of its seed, and the checkers catch what they are there to catch. */
import { type Canary, CANARIES, runSeed } from "@session-mesh/sim";
import { describe, expect, test } from "vitest";

const TIMEOUT_MS = 120_000;

/** How many seeds a canary may live. */
const CANARY_SEEDS_MAX = 20;

/** The checkers that may catch each canary. */
const CAUGHT_BY: Readonly<Record<Canary, RegExp>> = {
  "no-audit": /^P8$/,
  "no-tombstone": /^(P3|P8)$/,
  "empty-push": /^(P1|P4|M8|P8)$/,
};

describe("determinism", () => {
  test("the same seed gives the same trace, another seed another", { timeout: TIMEOUT_MS }, () => {
    for (const seed of [1, 2, 3]) {
      const [first, second] = [runSeed(seed), runSeed(seed)];
      expect(first.happenings).toBeGreaterThan(1_000);
      expect(second).toEqual(first);
      expect(runSeed(seed + 1_000).hash).not.toBe(first.hash);
    }
  });

  test("reading the trace changes nothing", { timeout: TIMEOUT_MS }, () => {
    const lines: string[] = [];
    const read = runSeed(4, { log: (line) => lines.push(line) });
    expect(lines.length).toBe(read.happenings);
    expect(read.workload).toEqual(runSeed(4).workload);
  });
});

describe("canaries", () => {
  test.each(Object.keys(CANARIES) as Canary[])(
    "%s is caught",
    { timeout: TIMEOUT_MS },
    (canary) => {
      for (let seed = 1; seed <= CANARY_SEEDS_MAX; seed++) {
        const { failure } = runSeed(seed, { canary });
        if (!failure) continue;
        expect(failure.checker).toMatch(CAUGHT_BY[canary]);
        return;
      }
      expect.unreachable(`${canary} lived through ${CANARY_SEEDS_MAX} seeds`);
    },
  );
});
