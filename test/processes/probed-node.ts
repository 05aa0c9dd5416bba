/**
 * A real process as the simulator's users and checkers reach nodes: calls stop it at one moment of its
 * clocks until the step is over, answers come with its log, and so does what happens in it.
 *
 * Not here: steps (real-course.ts), and which processes there are (process-cluster.ts).
 */
import type { ChildProcess } from "node:child_process";
import type {
  EventBody,
  Limits,
  Millis,
  NodeId,
  Outcome,
  ReplicaConfig,
  SessionDescription,
  SessionId,
  Ticket,
  WriterId,
} from "@session-mesh/core";
import type { NodePort, ReplicaPort } from "@session-mesh/sim";
import { type NodeFiles, NodeGone } from "./node-files.js";

/** A frame by which a node says what it holds, or that it has nothing to send. */
export interface SentLine {
  readonly kind: "sent";
  readonly to: WriterId;
  readonly frame: Uint8Array;
  /** What it held then, of the sessions that the other had sent. */
  readonly held: ReadonlyMap<SessionId, SessionDescription | undefined>;
}

type Line =
  | SentLine
  | { readonly kind: "event"; readonly event: EventBody }
  | { readonly kind: "settled"; readonly ticket: Ticket; readonly outcome: Outcome }
  | { readonly kind: "ready" };

interface Answer {
  readonly value?: unknown;
  readonly problem?: string;
}

/** Who hears of what a node says. */
export interface NodeListener {
  /** A step reaches a node that ran on until now. */
  held(node: ProbedNode): void;
  happened(node: ProbedNode, event: EventBody): void;
  sent(node: ProbedNode, line: SentLine): void;
  fail(checker: string, detail: string): never;
}

/** What is known of a node from its start on. */
export interface NodeFacts {
  readonly machine: string;
  readonly limits: Limits;
  readonly child: ChildProcess;
  readonly files: NodeFiles;
}

const METHODS = [
  ...["awaitAcks", "awaitRevisions", "blank", "commit", "describe", "destroy", "held"],
  ...["inspect", "isStored", "pull", "read", "status", "touch", "unshared"],
] as const satisfies readonly (keyof ReplicaPort)[];

/** One run of a process. */
export class ProbedNode implements NodePort {
  readonly machine: string;
  readonly node: NodeId;
  readonly config: Pick<ReplicaConfig, "writer" | "limits" | "durability">;
  readonly replica: ReplicaPort;
  readonly disk: undefined;
  readonly isDraining: boolean = false;
  readonly #child: ChildProcess;
  readonly #files: NodeFiles;
  readonly #listener: NodeListener;
  readonly #waiting = new Map<Ticket, (outcome: Outcome) => void>();
  readonly #unheard: Line[] = [];
  #answers: (() => void)[] = [];
  #ticketCount = 0;
  /** The one moment of its clocks, while it stands still for a step. */
  #moment: { readonly wallMs: Millis; readonly elapsedMs: Millis } | undefined;
  #heldThen: SentLine["held"] | undefined;
  #isHearing = false;
  #isReady = false;
  #isAlive = true;
  #isPaused = false;

  /** It stands still, as it was born. */
  constructor({ machine, limits, child, files }: NodeFacts, listener: NodeListener) {
    this.machine = machine;
    this.#child = child;
    this.#files = files;
    this.#listener = listener;
    const calls = METHODS.map((method) => {
      return [method, (...parameters: unknown[]) => this.#call(method, parameters)];
    });
    this.replica = Object.fromEntries(calls) as ReplicaPort;
    this.#stand();
    const { node, writer } = this.replica.status();
    this.node = node;
    this.config = { writer, limits, durability: "none" };
  }

  /** False from the moment at which it is killed. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isServing(): boolean {
    return this.#isAlive && !this.#isPaused && this.#isReady;
  }

  wallMs(): Millis {
    return this.#standing().wallMs;
  }

  elapsedMs(): Millis {
    return this.#standing().elapsedMs;
  }

  input<T>(run: (replica: ReplicaPort) => T): T {
    return run(this.replica);
  }

  ticket(settled: (outcome: Outcome) => void): Ticket {
    this.#ticketCount += 1;
    const ticket = this.#ticketCount as Ticket;
    this.#waiting.set(ticket, settled);
    return ticket;
  }

  /** Takes in what it said; what it answered later is given out by {@link ProbedNode.answered}. */
  hear(): void {
    this.#unheard.push(...(this.#files.lines() as Line[]));
    // Who hears of a line may ask, and more lines come with the answer: those wait their turn.
    if (this.#isHearing) return;
    this.#isHearing = true;
    try {
      for (let line = this.#unheard.shift(); line; line = this.#unheard.shift()) this.#heard(line);
    } finally {
      this.#isHearing = false;
    }
  }

  /** The answers that came since the last call. None are given out by one that stands still. */
  answered(): (() => void)[] {
    if (this.#isPaused) return [];
    const answers = this.#isAlive ? this.#answers : [];
    this.#answers = [];
    return answers;
  }

  /** Lets it run on. */
  release(): void {
    if (this.#moment && this.#isAlive) this.#files.ask(["go on"]);
    this.#moment = undefined;
  }

  /** SIGKILL. Resolves when it has ended. */
  async kill(ended: (child: ChildProcess) => Promise<void>): Promise<void> {
    this.#isAlive = false;
    await ended(this.#child);
  }

  /** It ended, whoever ended it. */
  ended(): void {
    this.#isAlive = false;
  }

  /** Nothing that it said is heard any more. */
  close(): void {
    this.#isAlive = false;
    this.#files.close();
  }

  /** SIGSTOP and SIGCONT. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#child.kill(isPaused ? "SIGSTOP" : "SIGCONT");
  }

  #heard(line: Line): void {
    if (line.kind === "event") this.#listener.happened(this, line.event);
    else if (line.kind === "ready") this.#isReady = true;
    else if (line.kind === "settled") {
      const { ticket, outcome } = line;
      const settled = this.#waiting.get(ticket);
      this.#waiting.delete(ticket);
      if (settled) this.#answers.push(() => settled(outcome));
    } else {
      this.#heldThen = line.held;
      try {
        this.#listener.sent(this, line);
      } finally {
        this.#heldThen = undefined;
      }
    }
  }

  #standing(): { readonly wallMs: Millis; readonly elapsedMs: Millis } {
    if (this.#moment) return this.#moment;
    if (!this.#isAlive || this.#isPaused) throw new NodeGone(`${this.machine} cannot be asked`);
    this.#child.send("stand still");
    return this.#stand();
  }

  #stand(): { readonly wallMs: Millis; readonly elapsedMs: Millis } {
    const moment = (this.#files.answer() as Answer).value as { wallMs: Millis; elapsedMs: Millis };
    this.#moment = moment;
    this.#listener.held(this);
    this.hear();
    return moment;
  }

  #call(method: (typeof METHODS)[number], parameters: readonly unknown[]): unknown {
    // While others hear what it said at a moment, it is asked about that moment.
    const [session] = parameters as [SessionId];
    if (method === "describe" && this.#heldThen?.has(session)) return this.#heldThen.get(session);
    this.#standing();
    this.#files.ask([method, ...parameters]);
    const { value, problem } = this.#files.answer() as Answer;
    if (problem !== undefined) {
      this.#listener.fail("no exception escapes", `${this.machine}: ${problem}`);
    }
    this.hear();
    return value;
  }
}
