/**
 * Requests a second of an Express app whose sessions are read or written: ours on three nodes with
 * one acknowledgement, beside express-session's MemoryStore in one process.
 *
 * Beside them the processor's time of a request, in the app that is asked: where cores are few, the
 * two other nodes take theirs from the app's throughput.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import { freePort } from "./redis.js";
import { atLeast, informative, median, type Result } from "./result.js";

const CONNECTIONS = 10;
const DURATION_S = 2;
const ROUNDS = 3;

interface Load {
  readonly rate: number;
  /** What the asked process took of the processor for a request. */
  readonly cpuMicros: number;
}

interface App {
  readonly process: ChildProcess;
  readonly port: number;
}

/** All figures of this file. */
export async function expressBench(): Promise<Result[]> {
  const apps: App[] = [];
  const start = async (kind: string, ...args: readonly string[]): Promise<App> => {
    const port = await freePort();
    const script = fileURLToPath(new URL("./express-app.ts", import.meta.url));
    const process = fork(script, [kind, String(port), ...args]);
    await once(process, "message");
    const app = { process, port };
    apps.push(app);
    return app;
  };
  const meshPort = await freePort();
  const memory = await start("memory");
  const ours = await start("mesh", String(meshPort));
  for (let index = 0; index < 2; index++) {
    await start("mesh", String(await freePort()), `127.0.0.1:${meshPort}`);
  }
  const results: Result[] = [];
  for (const [path, target] of [
    ["read", 0.97],
    ["write", 0.9],
  ] as const)
    results.push(...(await measure(ours, memory, { path, target })));
  for (const { process } of apps) {
    const exit = once(process, "exit");
    process.disconnect();
    await exit;
  }
  return results;
}

async function measure(
  ours: App,
  memory: App,
  { path, target }: { readonly path: "read" | "write"; readonly target: number },
): Promise<Result[]> {
  const loads: { ours: Load[]; peer: Load[] } = { ours: [], peer: [] };
  for (let round = 0; round < ROUNDS; round++) {
    loads.ours.push(await load(ours, path));
    loads.peer.push(await load(memory, path));
  }
  const medianOf = (from: readonly Load[], of: keyof Load): number =>
    median(from.map((each) => each[of]));
  const figures = (of: keyof Load) => ({
    ours: medianOf(loads.ours, of),
    peer: { name: "MemoryStore", value: medianOf(loads.peer, of) },
  });
  const name = `Express requests, session ${path === "read" ? "read" : "written"}`;
  return [
    atLeast(target, { name, unit: "/s", ...figures("rate") }),
    informative({ name: `${name}: processor`, unit: "µs", ...figures("cpuMicros") }),
  ];
}

async function load({ process, port }: App, path: string): Promise<Load> {
  const cpuBefore = await cpuMicros(process);
  const logins: Map<string, string>[] = [];
  for (let user = 0; user < CONNECTIONS; user++) {
    const { headers } = await fetch(`http://127.0.0.1:${port}/login`);
    logins.push(new Map(headers.getSetCookie().map(nameAndPair)));
  }
  const { requests, non2xx, errors } = await autocannon({
    url: `http://127.0.0.1:${port}/${path}`,
    connections: CONNECTIONS,
    duration: DURATION_S,
    requests: [
      {
        setupRequest: (request, context: Jar) => {
          const cookie = cookiesOf((context.cookies ??= logins.pop() ?? new Map()));
          return { ...request, headers: { ...request.headers, cookie } };
        },
        onResponse: (_status, _body, context: Jar, headers) => keep(context, headers),
      },
    ],
  });
  if (non2xx + errors > 0)
    throw new Error(`${non2xx} answers and ${errors} errors were no success`);
  const usedMicros = (await cpuMicros(process)) - cpuBefore;
  return { rate: requests.average, cpuMicros: usedMicros / requests.total };
}

/** A connection's cookies by name: each is a user of his own, whose browser keeps what it is told. */
interface Jar {
  cookies?: Map<string, string>;
}

function nameAndPair(header: string): [string, string] {
  const pair = header.split(";", 1)[0] as string;
  return [pair.slice(0, pair.indexOf("=")), pair];
}

function cookiesOf(cookies: ReadonlyMap<string, string>): string {
  return [...cookies.values()].join("; ");
}

/** autocannon gives headers as one flat list: name, value, name, value. */
function keep(jar: Jar, headers: unknown): void {
  const flat = headers as readonly string[];
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i]?.toLowerCase() !== "set-cookie") continue;
    jar.cookies?.set(...nameAndPair(flat[i + 1] as string));
  }
}

async function cpuMicros(process: ChildProcess): Promise<number> {
  process.send("cpu");
  const [{ user, system }] = (await once(process, "message")) as [NodeJS.CpuUsage];
  return user + system;
}
