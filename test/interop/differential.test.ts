/**
 * Random commands to a real redis-server and to a sidecar are answered alike, but for the differences
 * that are listed with a reason (differential/differences.ts).
 *
 * Not here: longer searches (`npx tsx test/interop/differential.ts`).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../bench/redis.js";
import { missing } from "./debian.js";
import { campaign } from "./differential/campaign.js";
import { DIFFERENCES } from "./differential/differences.js";
import { shrink } from "./differential/shrink.js";
import { streamOf } from "./differential/streams.js";
import { compare, type TwoServers } from "./differential/two-servers.js";
import { type Sidecar, startSidecars } from "./sidecars.js";
import { printSteps, readSteps, type Step } from "./transcript.js";

const COMMANDS = 6_000;

test("a stream is a function of its seed, and survives being printed and read", () => {
  const steps = streamOf(7, 200);
  expect(streamOf(7, 200)).toEqual(steps);
  expect(streamOf(8, 200)).not.toEqual(steps);
  expect(readSteps(printSteps(steps))).toEqual(steps);
});

test("a failing stream is cut down to the commands that it takes", async () => {
  const culprits = [3, 17].map((at) => streamOf(7, 40)[at] as Step);
  const fails = async (some: readonly Step[]): Promise<boolean> =>
    culprits.every((step) => printSteps(some).includes(printSteps([step])));
  expect((await shrink(streamOf(7, 40), fails)).length).toBeLessThanOrEqual(4);
});

const lacking = missing("redis-server");
describe.skipIf(lacking !== "")(`a sidecar beside Redis${lacking}`, () => {
  let redis: RedisServer | undefined;
  let sidecar: Sidecar | undefined;
  let servers: TwoServers;
  beforeAll(async () => {
    redis = await startRedis();
    [sidecar] = await startSidecars(1);
    if (!redis || !sidecar) throw new Error("not both of them started");
    servers = { redis: { port: Number(new URL(redis.url).port) }, sidecar: sidecar.address };
  }, 60_000);
  afterAll(async () => {
    await sidecar?.stop();
    await redis?.stop();
  });

  test(`answers ${COMMANDS} random commands alike, known differences apart`, async () => {
    const { failure, commands, excused } = await campaign(servers, { seed: 1, commands: COMMANDS });
    expect(failure ?? "").toBe("");
    expect(commands).toBeGreaterThanOrEqual(COMMANDS);
    expect(DIFFERENCES.filter((known) => !excused.has(known)).map(({ what }) => what)).toEqual([]);
  }, 120_000);

  test("a difference is found where there is one", async () => {
    const wrong = { redis: servers.redis, sidecar: servers.sidecar };
    const steps = readSteps("a> SET k1 v\na> CONFIG GET port\n");
    expect((await compare(wrong, steps)).failure?.at).toBe(1);
  });
});
