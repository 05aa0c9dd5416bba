/**
 * App servers as processes, for tests that stop, kill and cut them.
 *
 * Not here: what the processes do (app-node.js).
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { MeshOptions } from "session-mesh";

/** What `/read` shows of a session. */
export interface Shown {
  readonly keys: Record<string, unknown>;
  readonly list: readonly unknown[];
  readonly count: number;
}

/** A write that `/write` makes. */
export interface Write {
  readonly set?: Record<string, unknown>;
  readonly push?: unknown;
  readonly count?: number;
}

export interface AppNodeOptions {
  readonly mesh?: Omit<MeshOptions, "onEvent" | "log" | "transport">;
  readonly readinessDelayMs?: number;
}

const APP_NODE = fileURLToPath(new URL("app-node.js", import.meta.url));
const running = new Set<AppNode>();

/** A running app server. */
export class AppNode {
  readonly origin: string;
  readonly meshAddress: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(child: ChildProcess, { port, meshAddress }: { port: number; meshAddress: string }) {
    this.#child = child;
    this.#exited = once(child, "exit");
    this.origin = `http://127.0.0.1:${port}`;
    this.meshAddress = meshAddress;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves to its exit code when it has ended; null when a signal ended it. */
  async exitCode(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  /** Writes to the session of `user`, or to a new one whose cookie `user` takes. */
  async write(user: User, write: Write): Promise<void> {
    const response = await this.#post("/write", user, write);
    user.cookie ??= sessionCookie(response);
  }

  async logOut(user: User): Promise<{ acks: number; degraded: boolean }> {
    const response = await this.#post("/logout", user, {});
    return (await response.json()) as { acks: number; degraded: boolean };
  }

  async read(user: User): Promise<Shown> {
    const headers = { cookie: user.cookie ?? "" };
    const response = await fetch(`${this.origin}/read`, { headers });
    return (await response.json()) as Shown;
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`${this.origin}/readyz`)).ok;
  }

  async #post(path: string, user: User, body: object): Promise<Response> {
    const headers = { "content-type": "application/json", cookie: user.cookie ?? "" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${this.origin}${path}`, init);
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response;
  }
}

/** One user: nothing but a cookie. */
export interface User {
  cookie: string | undefined;
}

/** A user who has no session yet. */
export function newUser(): User {
  return { cookie: undefined };
}

/** The session cookie that a response set, if it did. */
export function sessionCookie(response: Response): string | undefined {
  const cookies = response.headers.getSetCookie().map((header) => header.split(";", 1)[0]);
  return cookies.find((cookie) => cookie?.startsWith("sm.sid="));
}

/** Starts a process; resolves when it listens and, with seeds, has joined. */
export async function startAppNode(options: AppNodeOptions = {}): Promise<AppNode> {
  // Without the options of the test runner's process: what is tested is what was built.
  const child = fork(APP_NODE, [JSON.stringify(options)], {
    execArgv: [],
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const exited = once(child, "exit").then(([code]) => {
    throw new Error(`the process ended with ${code} before it listened`);
  });
  const [listening] = (await Promise.race([once(child, "message"), exited])) as [
    { port: number; meshAddress: string },
  ];
  exited.catch(() => {});
  const node = new AppNode(child, listening);
  running.add(node);
  if ((options.mesh?.seeds ?? []).length > 0) await until(() => node.isReady());
  return node;
}

/** Starts `count` processes that know one another. */
export async function startCluster(
  count: number,
  options: AppNodeOptions = {},
): Promise<AppNode[]> {
  const first = await startAppNode(options);
  const joining = Array.from({ length: count - 1 }, () => joinedTo([first], options));
  return [first, ...(await Promise.all(joining))];
}

/** Starts a process that joins `nodes`. */
export function joinedTo(
  nodes: readonly AppNode[],
  options: AppNodeOptions = {},
): Promise<AppNode> {
  const seeds = nodes.map(({ meshAddress }) => meshAddress);
  return startAppNode({ ...options, mesh: { ...options.mesh, seeds } });
}

/** Kills every process of the test that ends, stopped ones too. */
export async function killAll(): Promise<void> {
  const all = [...running];
  running.clear();
  for (const node of all) node.signal("SIGKILL");
  await Promise.all(all.map((node) => node.exitCode()));
}

/** Resolves when `isSo`; rejects when it is not so in time. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
): Promise<void> {
  const startedAtMs = performance.now();
  while (!(await isSo())) {
    const waitedMs = performance.now() - startedAtMs;
    if (waitedMs > deadlineMs) throw new Error(`not so after ${deadlineMs} ms: ${String(isSo)}`);
    await sleep(20);
  }
}
