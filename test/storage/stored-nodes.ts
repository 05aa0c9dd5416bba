/**
 * Nodes with data directories as processes, for tests that cut their power.
 *
 * Not here: what the processes do (stored-node.js).
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const STORED_NODE = fileURLToPath(new URL("stored-node.js", import.meta.url));

/** How a node is started. */
export interface StoredNodeOptions {
  readonly dataDir: string;
  readonly node: string;
  readonly seeds?: readonly string[];
}

/** What became of a write. */
export interface WriteAnswer {
  readonly id: string;
  readonly status: string;
  readonly acks: number;
  readonly degraded: boolean;
}

/** A running node. */
export class StoredNode {
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, (answer: unknown) => void>();
  #asks = 0;

  constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
    child.on("message", ({ ask, answer }: { ask: number; answer: unknown }) => {
      this.#asked.get(ask)?.(answer);
      this.#asked.delete(ask);
    });
  }

  /** Resolves when it is acknowledged; never, where the node is killed before. */
  write(write: { id?: string | undefined; key: string }): Promise<WriteAnswer> {
    return this.#ask(write) as Promise<WriteAnswer>;
  }

  /** The keys of a session, or how it ended. */
  read(id: string): Promise<string[] | string> {
    return this.#ask({ id }) as Promise<string[] | string>;
  }

  /** As a power cut ends it, as far as one can for a process. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  #ask(question: object): Promise<unknown> {
    this.#asks += 1;
    const ask = this.#asks;
    return new Promise((resolve) => {
      this.#asked.set(ask, resolve);
      this.#child.send({ ask, ...question }, () => {});
    });
  }
}

/** Starts a node; says why where it refuses to start. */
export async function startStoredNode(options: StoredNodeOptions): Promise<StoredNode | string> {
  const child = fork(STORED_NODE, [JSON.stringify(options)], { stdio: "inherit", execArgv: [] });
  const [{ address, refused }] = (await once(child, "message")) as [
    { address?: string; refused?: string },
  ];
  return address === undefined ? String(refused) : new StoredNode(child, address);
}
