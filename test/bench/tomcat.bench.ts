/**
 * Requests a second of a Tomcat whose sessions are written or read by every request: ours, with a
 * sidecar each and one acknowledgement, beside Tomcat's DeltaManager that waits for one as well; two
 * Tomcats each, one of them asked.
 *
 * wrk asks, because it takes little of the processor: here six processes share it. Beside the rate
 * stands what a request takes of the processor, in both Tomcats and both sidecars together: that does
 * not depend on what else the machine is doing.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILT, startSidecars } from "../interop/sidecars.js";
import { Browser } from "../tomcat/browser.js";
import { portOf } from "../tomcat/cluster.js";
import { missingFor, type Tomcat, TomcatFactory } from "../tomcat/tomcats.js";
import { freePort } from "./redis.js";
import { atLeast, informative, median, type Result } from "./result.js";

const CONNECTIONS = 8;
const SESSIONS = 64;
const WARM_UP_S = 12;
const DURATION_S = 4;
const ROUNDS = 3;

/** Of Linux, whatever its own clock does. */
const MICROS_PER_TICK = 10_000;

const PATHS = [
  ["written", "/do/count?name=n", 1],
  ["read", "/do/get?name=n", undefined],
  ["not used", "/do/nothing", undefined],
] as const;

/** All figures of this file; none where something is missing, which is said. */
export async function tomcatBench(): Promise<Result[]> {
  const wrk = spawnSync("wrk", ["-v"]).error ? "no wrk: install wrk" : undefined;
  const missing = missingFor("10") ?? wrk;
  if (missing !== undefined) {
    console.warn(`Tomcat is left out: ${missing}`);
    return [];
  }
  const factory = new TomcatFactory("10");
  const sidecars = await startSidecars(2, {}, BUILT);
  try {
    const ours = await Promise.all(sidecars.map((each) => factory.startFast(portOf(each))));
    const ports = [await freePort(), await freePort()] as const;
    const peers = await Promise.all([
      factory.startReplicated(ports[0], ports[1]),
      factory.startReplicated(ports[1], ports[0]),
    ]);
    const pids = sidecars.map(({ pid }) => pid);
    return await measure(new Asker(ours, pids), new Asker(peers, []));
  } finally {
    await factory.close();
    for (const each of sidecars) await each.stop();
  }
}

async function measure(ours: Asker, peer: Asker): Promise<Result[]> {
  const results: Result[] = [];
  for (const asker of [ours, peer]) await asker.begin();
  for (const [how, path, target] of PATHS) {
    const loads = { ours: [] as Load[], peer: [] as Load[] };
    for (const asker of [ours, peer]) await asker.load(path, WARM_UP_S);
    for (let round = 0; round < ROUNDS; round += 1) {
      loads.ours.push(await ours.load(path, DURATION_S));
      loads.peer.push(await peer.load(path, DURATION_S));
    }
    const of = (from: readonly Load[], what: keyof Load): number =>
      median(from.map((each) => each[what]));
    const figures = (
      what: keyof Load,
    ): { ours: number; peer: { name: string; value: number } } => ({
      ours: of(loads.ours, what),
      peer: { name: "DeltaManager, sync + ack", value: of(loads.peer, what) },
    });
    const name = `Tomcat 10.1 requests, session ${how}`;
    const rates = { name, unit: "/s", ...figures("rate") };
    results.push(target === undefined ? informative(rates) : atLeast(target, rates));
    const cost = { name: `${name}: processor`, unit: "µs" };
    results.push(informative({ ...cost, ...figures("cpuMicros") }));
  }
  for (const asker of [ours, peer]) asker.end();
  return results;
}

interface Load {
  readonly rate: number;
  /** What a request took of the processor, in all processes that had a part in it. */
  readonly cpuMicros: number;
}

/** Asks the first of two Tomcats, with sessions of many users in turn. */
class Asker {
  readonly #tomcat: Tomcat;
  readonly #pids: readonly number[];
  readonly #directory = mkdtempSync(join(tmpdir(), "session-mesh-wrk-"));

  /** `pids`: of the processes beside the Tomcats. */
  constructor(tomcats: readonly Tomcat[], pids: readonly number[]) {
    this.#tomcat = tomcats[0] as Tomcat;
    this.#pids = [...tomcats.map(({ child }) => child.pid as number), ...pids];
  }

  async begin(): Promise<void> {
    const ids: string[] = [];
    while (ids.length < SESSIONS) {
      const user = new Browser();
      await user.get(this.#tomcat, "count?name=n");
      ids.push(`"JSESSIONID=${user.id}"`);
    }
    const script = `local ids = { ${ids.join(", ")} }
local at = 0
request = function()
  at = at % #ids + 1
  return wrk.format("GET", nil, { ["Cookie"] = ids[at] })
end
`;
    writeFileSync(join(this.#directory, "ids.lua"), script);
  }

  /** Asks for so long; every answer has to be a good one. */
  async load(path: string, seconds: number): Promise<Load> {
    const before = this.#cpuMicros();
    const how = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "-s", "ids.lua"];
    const wrk = spawn("wrk", [...how, this.#tomcat.url + path], { cwd: this.#directory });
    let said = "";
    wrk.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(wrk, "close");
    const rate = Number(/Requests\/sec:\s*([\d.]+)/.exec(said)?.[1]);
    if (!(rate > 0) || said.includes("Non-2xx")) throw new Error(`wrk says:\n${said}`);
    const requests = Number(/(\d+) requests in/.exec(said)?.[1]);
    return { rate, cpuMicros: (this.#cpuMicros() - before) / requests };
  }

  #cpuMicros(): number {
    const ticks = this.#pids.map((pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      return Number(fields[11]) + Number(fields[12]);
    });
    return ticks.reduce((sum, each) => sum + each, 0) * MICROS_PER_TICK;
  }

  end(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
