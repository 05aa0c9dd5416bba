/**
 * Two app servers as processes, joined through slow links, and the users who go to both.
 *
 * Not here: what the servers do (app-server.js).
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { SlowLink } from "./slow-link.js";

const APP_SERVER = fileURLToPath(new URL("app-server.js", import.meta.url));

/** A busy machine must not look like a peer that stays silent. */
const PATIENT = {
  ackDeadlineMs: 5_000,
  limits: { pullDeadlineMs: 5_000, tokenDeadlineMs: 5_000, suspectFloorMs: 20_000 },
};

/** Two running app servers. */
export class AppServers {
  readonly origins: readonly [string, string];
  readonly #links: readonly SlowLink[];
  readonly #children: readonly ChildProcess[];

  private constructor(
    origins: readonly [string, string],
    links: readonly SlowLink[],
    children: readonly ChildProcess[],
  ) {
    this.origins = origins;
    this.#links = links;
    this.#children = children;
  }

  /** Starts both; resolves when they are linked. */
  static async start(): Promise<AppServers> {
    const links = [await SlowLink.open(), await SlowLink.open()];
    const advertised = links.map(({ address }) => address);
    const children = advertised.map((advertise) => {
      const mesh = { advertise, seeds: advertised, ...PATIENT };
      // Without the options of the test runner's process: what is tested is what was built.
      const stdio = ["ignore", 2, 2, "ipc"] as const;
      return fork(APP_SERVER, [JSON.stringify(mesh)], { execArgv: [], stdio: [...stdio] });
    });
    const listening = await Promise.all(children.map(listeningOf));
    listening.forEach(([{ port }], i) => {
      (links[i] as SlowLink).portBehind = port;
    });
    const [one, two] = listening.map(([{ port }]) => `http://127.0.0.1:${port}`);
    const servers = new AppServers([one as string, two as string], links, children);
    for (const origin of servers.origins) {
      await until(async () => (await get(`${origin}/linked`)) === "true");
    }
    return servers;
  }

  /** How late everything between the two is from now on, each way. */
  set linkDelayMs(delayMs: number) {
    for (const link of this.#links) link.delayMs = delayMs;
  }

  /** How much has passed between the two. */
  get chunkCount(): number {
    return this.#links.reduce((sum, { chunkCount }) => sum + chunkCount, 0);
  }

  /** Resolves when `count` requests wait at a gate, of both servers together. */
  async untilWaiting(gate: string, count: number): Promise<void> {
    await until(async () => {
      const waiting = this.origins.map((origin) => get(`${origin}/gates/${gate}`));
      const sum = (await Promise.all(waiting)).reduce((total, text) => total + Number(text), 0);
      return sum === count;
    });
  }

  /** Lets the requests at a gate pass. */
  async openGate(gate: string): Promise<void> {
    await Promise.all(this.origins.map((origin) => get(`${origin}/gates/${gate}/open`)));
  }

  /** Ends both. */
  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    for (const link of this.#links) link.close();
  }
}

/** One user's browser: one cookie of each kind of session, and redirects followed at their headers. */
export class User {
  readonly #cookies: Map<string, string>;

  constructor(cookies: Iterable<readonly [string, string]> = []) {
    this.#cookies = new Map(cookies);
  }

  /** Another with the same cookies as now. */
  clone(): User {
    return new User(this.#cookies);
  }

  /** The body, when all of it is there. */
  async get(url: string): Promise<string> {
    return (await this.#request(url)).text();
  }

  async read(url: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.get(url)) as Record<string, unknown>;
  }

  /** Follows the redirect that `url` answers as soon as its headers are here, as browsers do. */
  async readRedirected(url: string): Promise<Record<string, unknown>> {
    const response = await this.#request(url);
    const rest = response.text();
    const shown = await this.read(response.headers.get("location") ?? "no location");
    await rest;
    return shown;
  }

  async #request(url: string): Promise<Response> {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return response;
  }
}

/** What a process says when it listens; rejects when it ends before. */
async function listeningOf(child: ChildProcess): Promise<[{ port: number }]> {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the app server ended with ${code} before it listened`);
  });
  ended.catch(() => {});
  return (await Promise.race([once(child, "message"), ended])) as [{ port: number }];
}

async function get(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** Resolves when `isSo`; rejects when it is not so in time. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const startedAtMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedAtMs > 15_000)
      throw new Error(`waited in vain: ${String(isSo)}`);
    await new Promise((turn) => setTimeout(turn, 2));
  }
}

/** Runs `work` for 0 to `count` − 1, so many at once; the results in order. */
export async function inParallel<T>(
  count: number,
  width: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
