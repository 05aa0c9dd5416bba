/**
 * `npm run bench [-- --report FILE] [--only NAME]`: our figures beside our peers', in one run.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { expressBench } from "./express.bench.js";
import { joinBench } from "./join.bench.js";
import { latencyBench } from "./latency.bench.js";
import { memoryBench } from "./memory.bench.js";
import { startRedis } from "./redis.js";
import { printResults, type Result } from "./result.js";
import { sidecarBench } from "./sidecar.bench.js";
import { storageBench } from "./storage.bench.js";
import { storeBench } from "./store.bench.js";
import { tomcatBench } from "./tomcat.bench.js";

const { values: options } = parseArgs({
  options: { report: { type: "string" }, only: { type: "string" } },
});

const isWanted = (name: string): boolean => options.only === undefined || options.only === name;
const isRedisWanted = isWanted("store") || isWanted("memory");
const redis = isRedisWanted ? await startRedis() : undefined;
if (isRedisWanted && !redis)
  console.warn("redis-server is not installed: what compares with connect-redis is left out");

const benches: Record<string, () => Promise<Result[]>> = {
  ...(redis && { store: () => storeBench(redis) }),
  express: expressBench,
  latency: latencyBench,
  join: joinBench,
  memory: () => memoryBench(redis),
  storage: storageBench,
  sidecar: sidecarBench,
  tomcat: tomcatBench,
};

const results: Result[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (!isWanted(name)) continue;
  console.warn(`measuring ${name} …`);
  results.push(...(await bench()));
}
await redis?.stop();
printResults(results);
if (options.report !== undefined) writeFileSync(options.report, JSON.stringify(results, null, 2));
