/**
 * App servers on the machines of a network of namespaces: processes of their own, reached by their
 * users over a socket in a directory, whatever becomes of the network between them.
 *
 * Not here: what the processes do (app-node.js), and users (roaming-users.ts).
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ComparedNode, ComparedReplica } from "@session-mesh/sim";
import type { MeshOptions, ReplicaStatus } from "session-mesh";
import type { Machine } from "./namespaces.js";

/** What a node answered. */
export interface Answer<Body> {
  readonly body: Body;
  readonly setCookies: readonly string[];
  /** Marked as perhaps behind what its user has seen. */
  readonly isStale: boolean;
}

/** What is asked of a node. */
export interface Question {
  readonly path: string;
  readonly cookie?: string;
  /** With a body it is a POST. */
  readonly body?: object;
  readonly deadlineMs?: number;
}

/** Everything that a node holds, in plain data. */
interface Picture {
  readonly status: ReplicaStatus;
  /** What can be read, by session. */
  readonly sessions: Readonly<Record<string, unknown>>;
}

/** What differs from node to node, and from test to test. */
export interface NodeSettings extends Pick<MeshOptions, "ackDeadlineMs" | "acks" | "limits"> {
  /** Where peers reach it, if not at its machine. */
  readonly advertise?: string;
  readonly seeds?: readonly string[];
  /** What it says to have been confirmed, whatever was: for a canary. */
  readonly claimedAcks?: number;
}

/** Of sealed links, as off loopback they must be. */
export const SECRET = "of the tests in networks of their own";
/** Where each listens for peers. */
export const MESH_PORT = 7_946;
const ANSWER_MS = 20_000;

/** Runs the processes of one test file; its directory goes with them. */
export class MachineNodes {
  /** For files of the processes; it goes with them. */
  readonly directory: string = mkdtempSync(join(tmpdir(), "sm-"));
  readonly #children = new Set<ChildProcess>();
  #socketCount = 0;

  /** Starts an app server; resolves when it listens. */
  async start(machine: Machine, settings: NodeSettings): Promise<MachineNode> {
    const { claimedAcks, ...mesh } = settings;
    const socketPath = join(this.directory, `${(this.#socketCount += 1)}`);
    const listen = { host: machine.address, port: MESH_PORT };
    const options = { socketPath, claimedAcks, mesh: { ...mesh, listen, secret: SECRET } };
    const child = await this.run(machine, "app-node.js", options);
    const seed = mesh.advertise ?? `ws://${machine.address}:${MESH_PORT}`;
    return new MachineNode(machine, child, { seed, socketPath });
  }

  /** Runs a script on a machine; resolves when it says that it is up. */
  async run({ namespace }: Machine, script: string, options: object): Promise<ChildProcess> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = fork(path, [JSON.stringify(options)], {
      execPath: "ip",
      execArgv: ["netns", "exec", namespace, process.execPath],
      stdio: ["ignore", 2, 2, "ipc"],
    });
    this.#children.add(child);
    const isUp = await Promise.race([
      once(child, "message").then(() => true),
      once(child, "exit").then(() => false),
    ]);
    if (!isUp) throw new Error(`${script} ended with ${child.exitCode} before it listened`);
    return child;
  }

  /** Kills every process, stopped ones too. */
  async close(): Promise<void> {
    for (const child of this.#children) await killed(child);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A running app server. */
export class MachineNode {
  readonly machine: Machine;
  /** Where peers dial it. */
  readonly seed: string;
  readonly #child: ChildProcess;
  readonly #socketPath: string;
  #isAlive = true;

  constructor(
    machine: Machine,
    child: ChildProcess,
    { seed, socketPath }: { readonly seed: string; readonly socketPath: string },
  ) {
    this.machine = machine;
    this.seed = seed;
    this.#child = child;
    this.#socketPath = socketPath;
  }

  /** False from the moment at which it is killed. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  async kill(): Promise<void> {
    this.#isAlive = false;
    await killed(this.#child);
  }

  /** Lets it stand still, or go on: SIGSTOP, SIGCONT. */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name);
  }

  /** Rejects when no answer comes in time, or one that is an error. */
  async ask<Body>({ path, cookie = "", body, deadlineMs }: Question): Promise<Answer<Body>> {
    const asking = request({
      socketPath: this.#socketPath,
      path,
      method: body ? "POST" : "GET",
      headers: { cookie, "content-type": "application/json" },
      signal: AbortSignal.timeout(deadlineMs ?? ANSWER_MS),
    });
    asking.end(body && JSON.stringify(body));
    const [response] = await once(asking, "response");
    let text = "";
    for await (const chunk of response) text += String(chunk);
    if (response.statusCode !== 200) {
      throw new Error(`${path} on ${this.machine.address}: ${response.statusCode} ${text}`);
    }
    return {
      body: JSON.parse(text),
      setCookies: response.headers["set-cookie"] ?? [],
      isStale: response.headers["session-mesh-stale"] === "1",
    };
  }

  /** All that it holds, as the simulator's checkers look at a replica. */
  async picture(): Promise<ComparedNode> {
    const { status, sessions } = (await this.ask<Picture>({ path: "/picture" })).body;
    const read = (session: string): unknown => sessions[session] ?? { status: "absent" };
    const replica = { status: () => status, read } as ComparedReplica;
    const { node } = status;
    return { machine: this.machine.address, node, replica, input: (look) => look(replica) };
  }
}

/** Resolves when it has ended. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
