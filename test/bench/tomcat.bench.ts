/**
 * Requests a second of a Tomcat whose sessions are written or read by every request: ours, with a
 * sidecar each and one acknowledgement, beside Tomcat's DeltaManager that waits for one as well; two
 * Tomcats each, one of them asked.
 *
 * wrk asks, because it takes little of the processor: here six processes share it.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
const WARM_UP_S = 6;
const DURATION_S = 4;
const ROUNDS = 3;

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
    const [ours] = await Promise.all(sidecars.map((each) => factory.startFast(portOf(each))));
    const ports = [await freePort(), await freePort()] as const;
    const [peer] = await Promise.all([
      factory.startReplicated(ports[0], ports[1]),
      factory.startReplicated(ports[1], ports[0]),
    ]);
    return await measure(new Asker(ours as Tomcat), new Asker(peer));
  } finally {
    await factory.close();
    for (const each of sidecars) await each.stop();
  }
}

async function measure(ours: Asker, peer: Asker): Promise<Result[]> {
  const results: Result[] = [];
  for (const asker of [ours, peer]) await asker.begin();
  for (const [how, path, target] of PATHS) {
    const rates = { ours: [] as number[], peer: [] as number[] };
    for (const asker of [ours, peer]) await asker.rate(path, WARM_UP_S);
    for (let round = 0; round < ROUNDS; round += 1) {
      rates.ours.push(await ours.rate(path, DURATION_S));
      rates.peer.push(await peer.rate(path, DURATION_S));
    }
    const figures = {
      ...{ name: `Tomcat 10.1 requests, session ${how}`, unit: "/s", ours: median(rates.ours) },
      peer: { name: "DeltaManager, sync + ack", value: median(rates.peer) },
    };
    results.push(target === undefined ? informative(figures) : atLeast(target, figures));
  }
  for (const asker of [ours, peer]) asker.end();
  return results;
}

/** Asks one Tomcat, with sessions of many users in turn. */
class Asker {
  readonly #tomcat: Tomcat;
  readonly #directory = mkdtempSync(join(tmpdir(), "session-mesh-wrk-"));

  constructor(tomcat: Tomcat) {
    this.#tomcat = tomcat;
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

  /** Requests a second; every answer has to be a good one. */
  async rate(path: string, seconds: number): Promise<number> {
    const how = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "-s", "ids.lua"];
    const wrk = spawn("wrk", [...how, this.#tomcat.url + path], { cwd: this.#directory });
    let said = "";
    wrk.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(wrk, "close");
    const rate = Number(/Requests\/sec:\s*([\d.]+)/.exec(said)?.[1]);
    if (!(rate > 0) || said.includes("Non-2xx")) throw new Error(`wrk says:\n${said}`);
    return rate;
  }

  end(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
