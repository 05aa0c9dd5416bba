/**
 * The process `session-mesh serve`, from source, as an operator starts it.
 *
 * Not here: what is asked of it (raw-client.ts), and clusters of sidecars for clients (test/interop).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServingPlaces } from "../../apps/sidecar/src/serve.js";
import { ROOT } from "../tidy/sources.js";
import { frame, type Place, RawClient } from "./raw-client.js";

/** How it is started. */
export interface Start {
  /** The configuration file's content: an object, or text that may be no JSON. */
  readonly config?: object | string;
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the file is written, and where it runs. */
  readonly directory: string;
}

/** A process that has begun. */
export class Serving {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  #said = "";
  #printed = "";
  #isOver = false;

  constructor({ config = {}, flags = [], environment = {}, directory }: Start) {
    const file = join(directory, "sidecar.json");
    writeFileSync(file, typeof config === "string" ? config : JSON.stringify(config));
    const main = join(ROOT, "apps/sidecar/src/main.ts");
    const node = ["--conditions=session-mesh-source", "--import", import.meta.resolve("tsx"), main];
    this.child = spawn(process.execPath, [...node, "serve", "--config", file, ...flags], {
      cwd: directory,
      env: { PATH: process.env["PATH"], ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stderr?.on("data", (chunk: Buffer) => (this.#said += chunk.toString()));
    this.child.stdout?.on("data", (chunk: Buffer) => (this.#printed += chunk.toString()));
    this.exited = once(this.child, "close").then(([code]) => {
      this.#isOver = true;
      return code as number | null;
    });
  }

  /** What it logged so far. */
  get said(): string {
    return this.#said;
  }

  /** Where it listens, once it does. Rejects with its last words where it ends instead. */
  async places(): Promise<ServingPlaces> {
    while (!this.#printed.includes("\n")) {
      if (this.#isOver) throw new Error(`it did not start: ${this.#said}`);
      await Promise.race([once(this.child.stdout as NodeJS.EventEmitter, "data"), this.exited]);
    }
    return JSON.parse(this.#printed.split("\n", 1)[0] ?? "") as ServingPlaces;
  }

  /** The exit code after this signal. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.#isOver) this.child.kill(signal);
    return this.exited;
  }
}

/** The place that `serve` prints as `host:port` or as a path. */
export function placeOf(text: string | undefined): Place {
  if (text === undefined) throw new Error("it does not listen");
  return text.startsWith("/")
    ? { path: text }
    : { port: Number(text.slice(text.lastIndexOf(":") + 1)) };
}

/** One command on a connection of its own, and what came back until its end. */
export async function ask(place: Place, ...args: readonly string[]): Promise<string> {
  const client = await RawClient.open(place);
  client.send(frame(...args) + frame("QUIT"));
  const received = await client.untilClosed();
  return received.replace(/\+OK\r\n$/, "");
}
