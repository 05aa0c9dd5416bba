/**
 * An application server in any language, as a process of its own: started on a free port of loopback,
 * waited for until it answers, and stopped with all that it started.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../bench/redis.js";

/** How an application is started. */
export interface AppCommand {
  readonly program: string;
  /** Its arguments; the port to listen on is handed in. */
  readonly args: (port: number) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** An application that answers. */
export interface AppProcess {
  readonly origin: string;
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 30_000;

/** Starts an application and waits until it answers HTTP; what it said is in the error otherwise. */
export async function startApp(command: AppCommand): Promise<AppProcess> {
  const port = await freePort();
  const { program, args, cwd } = command;
  // A group of its own: PHP's workers outlive their parent when only that is stopped.
  const child = spawn(program, args(port), {
    cwd,
    detached: true,
    env: { ...process.env, ...command.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
  const origin = `http://127.0.0.1:${port}`;
  await answering(child, `${origin}/`).catch(async (error: Error) => {
    await stopGroup(child);
    throw new Error(`${program} ${args(port).join(" ")}: ${error.message}\n${said}`);
  });
  return { origin, stop: () => stopGroup(child) };
}

async function answering(child: ChildProcess, url: string): Promise<void> {
  let failure: Error | undefined;
  child.once("error", (error) => (failure = error));
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadlineMs) {
    if (failure) throw failure;
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer) return void (await answer.text());
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`it does not answer within ${START_DEADLINE_MS} ms`);
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : null;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // All of the group has ended already.
  }
  await ended;
}

/** A directory of one's own under the system's temporary one, and its removal. */
export function scratchDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "session-mesh-interop-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
