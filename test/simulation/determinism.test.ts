/** A run is a function of its seed, whoever reads along. */
import { runSeed } from "@session-mesh/sim";
import { expect, test } from "vitest";

const TIMEOUT_MS = 120_000;

test("the same seed gives the same trace, another seed another", { timeout: TIMEOUT_MS }, () => {
  for (let seed = 1; seed <= 8; seed++) {
    const [first, second] = [runSeed(seed), runSeed(seed)];
    expect(first.happenings).toBeGreaterThan(100);
    expect(second).toEqual(first);
    expect(runSeed(seed + 1_000).hash).not.toBe(first.hash);
  }
});

test("reading the trace, or recording the run, changes nothing", { timeout: TIMEOUT_MS }, () => {
  const lines: string[] = [];
  let happenings = 0;
  const log = (line: string): void => void lines.push(line);
  const read = runSeed(4, { log, record: () => (happenings += 1) });
  expect(lines.length).toBe(read.happenings);
  expect(happenings).toBeGreaterThan(500);
  expect(read).toEqual(runSeed(4));
});
