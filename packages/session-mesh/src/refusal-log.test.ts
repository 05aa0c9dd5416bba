/** Lines for operators: each names the remedy, and none can be made to flood the log. */
import { expect, test } from "vitest";
import { createRefusalLog, type RefusalEvent } from "./refusal-log.js";

function setUp() {
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const log = createRefusalLog(
    "a",
    (line) => lines.push(line),
    () => clock.nowMs,
  );
  return { lines, clock, log };
}

const refusal = (
  over: Partial<Extract<RefusalEvent, { type: "peer-refused" }>> = {},
): RefusalEvent => ({
  type: "peer-refused",
  address: "10.0.0.6:50001",
  code: "proof",
  byPeer: false,
  detail: "it does not know the secret",
  ...over,
});

test("says who refused whom, why, and what to do", () => {
  const { lines, log } = setUp();
  log(refusal());
  log(refusal({ address: "ws://10.0.0.6:7946", byPeer: true }));
  expect(lines).toEqual([
    "[session-mesh] a: 10.0.0.6:50001 was refused by this node (proof): it does not know the secret. " +
      "Give every node the same `secret`; while you rotate it, give both the new and the old one",
    "[session-mesh] a: ws://10.0.0.6:7946 refuses this node (proof): it does not know the secret. " +
      "Give every node the same `secret`; while you rotate it, give both the new and the old one",
  ]);
});

test("says the same again only after ten seconds, whatever port it came from", () => {
  const { lines, clock, log } = setUp();
  for (let port = 50_000; port < 50_100; port++) log(refusal({ address: `10.0.0.6:${port}` }));
  expect(lines).toHaveLength(1);
  clock.nowMs = 9_999;
  log(refusal());
  expect(lines).toHaveLength(1);
  clock.nowMs = 10_000;
  log(refusal());
  expect(lines).toHaveLength(2);
});

test("strangers from anywhere cannot flood the log", () => {
  const { lines, log } = setUp();
  for (let i = 0; i < 10_000; i++) log(refusal({ address: `10.${i >> 8}.${i & 255}.1:5` }));
  expect(lines.length).toBeLessThanOrEqual(64);
});
