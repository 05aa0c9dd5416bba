/** What docs/SIMULATOR.md says of membership at scale, held at a size that takes a moment. */
import { MembershipScale } from "@session-mesh/sim";
import { expect, test } from "vitest";

const NODES = 20;

test("20 nodes find one another, and tell all of news within a second", () => {
  const scale = new MembershipScale(NODES);
  const start = scale.coldStart();
  expect(start.knownMs).toBeLessThan(1_000);
  expect(start.linkedMs).toBeLessThan(1_000);

  const { bytesPerPeerSecond } = scale.idle(20_000);
  expect(bytesPerPeerSecond).toBeGreaterThan(0);
  expect(bytesPerPeerSecond).toBeLessThanOrEqual(40);

  const [join, leave, crash] = [scale.join(), scale.leave(), scale.crash()];
  for (const news of [join, leave, crash]) {
    expect(news.allMs).toBeLessThan(1_000);
    expect(news.hopsMax).toBeLessThanOrEqual(2);
  }
  // Of two nodes that both see it one tells the other; of a crash twice: suspected, and given up.
  for (const news of [join, leave]) expect(news.tellings).toBeLessThan(NODES * 0.6);
  expect(crash.tellings).toBeLessThan(NODES * 1.2);
  const { suspected, downMs } = scale.powerLoss();
  expect(suspected.allMs).toBeLessThan(5_000);
  expect(downMs).toBeLessThan(10_000);
});

test("at a cold start nobody sends its whole table to all", () => {
  const nodes = 60;
  const { bytes } = new MembershipScale(nodes).coldStart();
  // A fact takes 29 bytes. Told by each to each it would be some 100 KB a node, twice over.
  expect(bytes / nodes).toBeLessThan(30_000);
});

test("a write reaches each node once, in one hop", () => {
  const scale = new MembershipScale(NODES);
  scale.coldStart();
  const write = scale.write();
  expect(write.allMs).toBeLessThan(10);
  expect(write).toMatchObject({ hopsMax: 1, tellings: 1, frames: NODES - 1 });
});

test("equal runs are equal", () => {
  const [one, other] = [new MembershipScale(8), new MembershipScale(8)];
  for (const scale of [one, other]) {
    scale.coldStart();
    scale.crash();
  }
  expect(one.virtualMs).toBe(other.virtualMs);
  expect(one.hash).toBe(other.hash);
});
