/**
 * An app server as its supervisor sees it: a child process, what it last told, and how it ended.
 *
 * The supervisor's end ends every child: by `killAll` when it can still act, and by the closing of
 * their channel when it cannot. Not here: which processes there are and when (cluster.ts).
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FromApp } from "./ipc.js";
import type { Sabotage } from "./sabotage.js";

/** How a process is started. */
interface AppProcessOptions {
  readonly node: string;
  readonly port: number;
  readonly seeds: readonly string[];
  /** Where its peers are to find it. */
  readonly advertise: string;
  /** Hears from which local port it dials a peer. */
  readonly dialled: (port: number) => void;
  readonly cookieSecret: string;
  readonly sabotage: Sabotage | undefined;
  /** Takes what the process prints, line by line. */
  readonly log: (line: string) => void;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type Status = Extract<FromApp, { type: "status" }>;
type Listening = Extract<FromApp, { type: "listening" }>;

const APP_SERVER = fileURLToPath(new URL("app-server.js", import.meta.url));

const running = new Set<ChildProcess>();

/** Kills every process that still runs, at once; for the supervisor's own end. */
export function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** A running app server. */
export class AppProcess {
  readonly node: string;
  readonly port: number;
  readonly meshAddress: string;
  readonly meshPort: number;
  /** Settles when the process has ended, however it did. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #status: Status | undefined;

  constructor(child: ChildProcess, node: string, listening: Listening) {
    this.#child = child;
    this.node = node;
    this.port = listening.port;
    this.meshAddress = listening.meshAddress;
    this.meshPort = listening.meshPort;
    this.exited = exitOf(child);
    child.on("message", (message: FromApp) => {
      if (message.type === "status") this.#status = message;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What it told last. */
  get status(): Status | undefined {
    return this.#status;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }
}

/** Starts an app server; resolves when it listens. Rejects with what it said when it cannot. */
export async function startAppProcess(options: AppProcessOptions): Promise<AppProcess> {
  const { node, port, seeds, advertise, dialled, cookieSecret, sabotage, log } = options;
  const args = [
    "--node",
    node,
    "--port",
    String(port),
    "--advertise",
    advertise,
    ...seeds.flatMap((seed) => ["--seed", seed]),
  ];
  if (sabotage !== undefined) args.push("--sabotage", sabotage);
  const child = fork(APP_SERVER, args, {
    env: { ...process.env, COOKIE_SECRET: cookieSecret, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  running.add(child);
  child.on("message", (message: FromApp) => {
    if (message.type === "dialled") dialled(message.port);
  });
  child.once("exit", () => running.delete(child));
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => text.trimEnd().split("\n").forEach(log));
  }
  return new AppProcess(child, node, await listeningOf(child, node));
}

async function listeningOf(child: ChildProcess, node: string): Promise<Listening> {
  const exited = exitOf(child).then(({ code, signal }) => {
    throw new Error(`${node} ended before it listened (${signal ?? `exit code ${code}`})`);
  });
  exited.catch(() => {});
  for (;;) {
    const [message] = (await Promise.race([once(child, "message"), exited])) as [FromApp];
    if (message.type === "listening") return message;
    if (message.type === "failed") throw new Error(`${node} did not start: ${message.problem}`);
  }
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { code: child.exitCode, signal: child.signalCode };
}
