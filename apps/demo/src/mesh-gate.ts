/**
 * A gate in front of one node's mesh port: forwards bytes, and can be told who is not let through.
 *
 * All links to a node pass its gate, since the gate's address is the one that the node advertises. A
 * cut ends the connections under way and every new one, as a switch that fails would.
 *
 * Not here: who is on which side (partition.ts).
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a dialler may take to say that a connection is his. */
const DIALLER_DEADLINE_MS = 5_000;
const DIALLER_POLL_MS = 5;

/** Who dials from which local port. */
interface KnownDiallers {
  /** Who dialled from `port`; undefined when nobody says so in time. */
  of(port: number): Promise<string | undefined>;
}

/** The same, told by the nodes themselves. */
export class Diallers implements KnownDiallers {
  readonly #nodeByPort = new Map<number, string>();

  note(port: number, node: string): void {
    this.#nodeByPort.set(port, node);
    // The same port may be another's later.
    setTimeout(() => this.#nodeByPort.delete(port), DIALLER_DEADLINE_MS).unref();
  }

  /** Forgotten with the answer. */
  async of(port: number): Promise<string | undefined> {
    const startedAtMs = performance.now();
    while (performance.now() - startedAtMs < DIALLER_DEADLINE_MS) {
      const node = this.#nodeByPort.get(port);
      if (this.#nodeByPort.delete(port)) return node;
      await sleep(DIALLER_POLL_MS, undefined, { ref: false });
    }
    return undefined;
  }
}

interface Crossing {
  readonly dialler: string;
  readonly near: Socket;
}

/** One gate; it lets nobody through before {@link MeshGate.openTo}. */
export class MeshGate {
  readonly #server: Server;
  readonly #diallers: KnownDiallers;
  readonly #crossings = new Set<Crossing>();
  #cutOff: ReadonlySet<string> = new Set();
  #targetPort = 0;

  private constructor(diallers: KnownDiallers) {
    this.#diallers = diallers;
    this.#server = createServer({ pauseOnConnect: true }, (near) => void this.#let(near));
    this.#server.unref();
  }

  /** Opens a gate on a free port. */
  static async open(diallers: KnownDiallers): Promise<MeshGate> {
    const gate = new MeshGate(diallers);
    gate.#server.listen(0, "127.0.0.1");
    await once(gate.#server, "listening");
    return gate;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Says where the node behind it listens. */
  openTo(port: number): void {
    this.#targetPort = port;
  }

  /** From now on the named nodes are not let through; none of them with an empty set. */
  cut(nodes: ReadonlySet<string>): void {
    this.#cutOff = nodes;
    for (const { dialler, near } of this.#crossings) if (nodes.has(dialler)) near.destroy();
  }

  close(): void {
    this.#server.close();
    for (const { near } of this.#crossings) near.destroy();
  }

  async #let(near: Socket): Promise<void> {
    near.on("error", () => near.destroy());
    const dialler = await this.#diallers.of(near.remotePort ?? 0);
    const isRefused = dialler === undefined || this.#cutOff.has(dialler);
    if (isRefused || this.#targetPort === 0 || near.destroyed) return void near.destroy();
    const crossing: Crossing = { dialler, near };
    const far = connect(this.#targetPort, "127.0.0.1");
    far.setNoDelay(true);
    near.setNoDelay(true);
    this.#crossings.add(crossing);
    near.on("close", () => {
      this.#crossings.delete(crossing);
      far.destroy();
    });
    far.on("error", () => near.destroy());
    far.on("close", () => near.destroy());
    near.pipe(far).pipe(near);
  }
}
