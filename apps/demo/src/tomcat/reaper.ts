/**
 * What must not outlive the demo, written down with somebody who does: see reaper-process.ts.
 *
 * Not here: starting anything (daemon.ts, machines.ts).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const REAPER = fileURLToPath(new URL("reaper-process.js", import.meta.url));

/** The demo's end of the pipe. */
export class Reaper {
  readonly #child: ChildProcess;

  constructor() {
    // In a session of its own: what the terminal sends to the demo does not reach it.
    this.#child = spawn(process.execPath, [...process.execArgv, REAPER], {
      detached: true,
      stdio: ["pipe", "ignore", "inherit"],
    });
    this.#child.stdin?.on("error", () => {});
  }

  /** A process, the leader of its group, that is to end. */
  adopt(pid: number): void {
    this.#tell(`adopt ${pid}`);
  }

  /** It has ended. */
  forget(pid: number): void {
    this.#tell(`forget ${pid}`);
  }

  namespace(name: string): void {
    this.#tell(`namespace ${name}`);
  }

  folder(path: string): void {
    this.#tell(`folder ${path}`);
  }

  /** Ends everything; resolves when it is gone. */
  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    this.#child.stdin?.end();
    if (exitCode === null && signalCode === null) await once(this.#child, "exit");
  }

  #tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }
}
