/**
 * A program that runs on one of the machines until it is told to end, or killed.
 *
 * What it prints goes to a file of its own. Not here: which programs, and how they are configured.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { Reaper } from "./reaper.js";

/** How a program is started. */
export interface DaemonOptions {
  /** For people: which one it is. */
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** The network namespace that it runs in, if any. */
  readonly namespace: string | undefined;
  /** Where its output is appended. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly reaper: Reaper;
}

/** How a program ended. */
interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const KIB = 1_024;
const LOG_TAIL_LINES = 15;

/** A running program. */
export class Daemon {
  readonly name: string;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #logFile: string;

  constructor({ name, command, namespace, logFile, env, reaper }: DaemonOptions) {
    this.name = name;
    this.#logFile = logFile;
    const inside = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
    const [program = "", ...args] = [...inside, ...command];
    const log = openSync(logFile, "a");
    this.#child = spawn(program, args, {
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    const { pid } = this.#child;
    if (pid !== undefined) reaper.adopt(pid);
    this.exited = this.#untilExit().finally(() => {
      if (pid !== undefined) reaper.forget(pid);
    });
    this.exited.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resident memory, in bytes; 0 once it has ended. */
  get memoryBytes(): number {
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * KIB;
    } catch {
      return 0;
    }
  }

  /** Sends a signal; resolves when it has ended, however that was. */
  end(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }

  /** The last lines that it printed, for people who look for the reason of a failure. */
  logTail(): string {
    return readFileSync(this.#logFile, "utf8")
      .trimEnd()
      .split("\n")
      .slice(-LOG_TAIL_LINES)
      .join("\n");
  }

  async #untilExit(): Promise<Exit> {
    const [code, signal] = (await once(this.#child, "exit")) as [Exit["code"], Exit["signal"]];
    return { code, signal };
  }
}
