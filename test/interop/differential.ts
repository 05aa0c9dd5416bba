/**
 * By hand: `npx tsx test/interop/differential.ts [--commands N] [--seed S] [--replay FILE]`: random
 * commands to a real redis-server and to a sidecar, their replies compared.
 *
 * Needs Debian's redis-server. CI runs the same for fewer commands (differential.test.ts).
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startRedis } from "../bench/redis.js";
import { campaign } from "./differential/campaign.js";
import { compare, printFailure, type TwoServers } from "./differential/two-servers.js";
import { startSidecars } from "./sidecars.js";
import { readSteps } from "./transcript.js";

const { values: options } = parseArgs({
  options: {
    commands: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    replay: { type: "string" },
  },
});

const redis = await startRedis();
if (!redis) throw new Error("redis-server is not installed");
const [sidecar] = await startSidecars(1);
if (!sidecar) throw new Error("no sidecar");
const servers = { redis: { port: Number(new URL(redis.url).port) }, sidecar: sidecar.address };
try {
  const failure = options.replay === undefined ? await search(servers) : await replay(servers);
  if (failure !== undefined) {
    console.error(failure);
    process.exitCode = 1;
  }
} finally {
  await sidecar.stop();
  await redis.stop();
}

async function search(to: TwoServers): Promise<string | undefined> {
  const [seed, commands] = [Number(options.seed), Number(options.commands)];
  const report = await campaign(to, { seed, commands });
  console.error(`${report.commands} commands from seed ${seed} on`);
  for (const [{ what }, times] of report.excused) console.error(`${times} times: ${what}`);
  return report.failure;
}

async function replay(to: TwoServers): Promise<string | undefined> {
  const steps = readSteps(readFileSync(options.replay as string, "utf8"));
  const { failure } = await compare(to, steps);
  return failure && printFailure(steps, failure);
}
