/**
 * The sidecar of one machine: `session-mesh serve` as people start it, with a configuration file.
 *
 * Not here: what Tomcat is told of it (session-managers.ts).
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Daemon } from "./daemon.js";
import type { Machine } from "./machines.js";
import type { Reaper } from "./reaper.js";

/** What a sidecar is made of. */
interface SidecarOptions {
  readonly machine: Machine;
  readonly others: readonly Machine[];
  readonly folder: string;
  /** What the sidecars prove to one another, and what hides keys between them. */
  readonly secret: string;
  readonly reaper: Reaper;
}

/** The command `session-mesh`, to be run by Node. */
const SESSION_MESH: string = fileURLToPath(import.meta.resolve("@session-mesh/cli/dist/main.js"));

/**
 * How long a peer's answer is waited for. The defaults bound what a user of a real shop waits when a
 * peer is slow; here everything shares a few cores, and an answer that is late must not be taken for
 * one that nobody has. Who is killed is noticed at once all the same, as his connections close.
 */
const ANSWER_DEADLINE_MS = 10_000;
/** A cut says nothing, and is noticed by silence. */
const SUSPECT_FLOOR_MS = 3_000;
/** A healed cut is seen soon. */
const REDIAL_DELAY_MS_MAX = 500;

const run = promisify(execFile);

/** A sidecar, running or not. */
export class Sidecar {
  readonly #options: SidecarOptions;
  #daemon: Daemon | undefined;

  private constructor(options: SidecarOptions) {
    this.#options = options;
  }

  /** Writes its configuration. It does not run yet. */
  static async create(options: SidecarOptions): Promise<Sidecar> {
    const sidecar = new Sidecar(options);
    await writeFile(sidecar.#file, `${JSON.stringify(sidecar.#configuration(), null, 2)}\n`);
    return sidecar;
  }

  get name(): string {
    return `sidecar-${this.#options.machine.number}`;
  }

  /** The process, while it runs. */
  get daemon(): Daemon | undefined {
    return this.#daemon;
  }

  start(): Daemon {
    const { machine, folder, reaper } = this.#options;
    this.#daemon = new Daemon({
      name: this.name,
      command: [process.execPath, SESSION_MESH, "serve", "--config", this.#file],
      namespace: machine.namespace,
      logFile: join(folder, `${this.name}.log`),
      reaper,
    });
    return this.#daemon;
  }

  /** With how many others it is linked, if it can be asked. */
  async peerCount(): Promise<number | undefined> {
    const socket = connect(this.#socketFile);
    socket.setEncoding("utf8");
    let text = "";
    socket.on("data", (chunk: string) => (text += chunk));
    try {
      socket.end("MESH.INFO\r\nQUIT\r\n");
      await once(socket, "close");
    } catch {
      return undefined;
    }
    const found = /peers\r\n(?::|\$\d+\r\n)(\d+)/.exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  }

  get #file(): string {
    return join(this.#options.folder, `${this.name}.json`);
  }

  /** The same door as Tomcat's, for this process, which is on none of the machines. */
  get #socketFile(): string {
    return join(this.#options.folder, `${this.name}.sock`);
  }

  #configuration(): Readonly<Record<string, unknown>> {
    const { machine, others, secret } = this.#options;
    return {
      node: this.name,
      cluster: "shop",
      listen: { host: machine.address, port: machine.ports.mesh },
      advertise: machine.meshAddress,
      seeds: others.map(({ meshAddress }) => meshAddress),
      secret,
      idKey: secret,
      ackDeadlineMs: ANSWER_DEADLINE_MS,
      limits: {
        pullDeadlineMs: ANSWER_DEADLINE_MS,
        tokenDeadlineMs: ANSWER_DEADLINE_MS,
        suspectFloorMs: SUSPECT_FLOOR_MS,
        redialDelayMsMax: REDIAL_DELAY_MS_MAX,
      },
      redis: { listen: [`127.0.0.1:${machine.ports.redis}`, this.#socketFile] },
    };
  }
}

/** Has the jars for Tomcat written to `folder`; resolves to the one for Tomcat 10. */
export async function tomcatJar(folder: string): Promise<string> {
  await run(process.execPath, [SESSION_MESH, "tomcat-jar", folder]);
  return join(folder, "session-mesh-tomcat10.jar");
}
