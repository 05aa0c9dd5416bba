/**
 * Runs a replica on this machine: real clock, real timers, randomness from the system.
 *
 * An input runs to completion before anything it caused leaves: sends, settled tickets and events
 * are delivered after it, in order, so nothing ever re-enters the replica. Whoever is told may come
 * back with an input of his own at once.
 *
 * Crash-only: whatever is thrown out of a replica is a bug, after which its state means nothing. The
 * runtime then stops for good, and says so to `failed`.
 *
 * Not here: sockets (transports/), and what the replica decides.
 */
import { randomBytes } from "node:crypto";
import {
  assert,
  createPrng,
  type EventBody,
  type LinkId,
  type Millis,
  type Outcome,
  type Prng,
  type Replica,
  type Runtime,
  type StorageBatch,
  type Ticket,
  type Timer,
} from "@session-mesh/core";
import { MeshError } from "./mesh-error.js";
import { Tickets } from "./tickets.js";

/** The longest delay that a timer of Node can take. */
const TIMER_MS_MAX: Millis = 2_147_483_647;

/** Timers that someone waits for: the process must not end before they fire. */
const AWAITED: ReadonlySet<Timer["kind"]> = new Set([
  "ack-deadline",
  "pull-deadline",
  "token-deadline",
  "drain-deadline",
]);

/** Where what a replica asks for goes. None may throw. */
export interface RuntimeOutputs {
  send(link: LinkId, frame: Uint8Array): void;
  closeLink(link: LinkId, reason: string): void;
  dial(address: string): void;
  emit(event: EventBody, atMs: Millis): void;
  /** `persisted` or `persistFailed` must follow as an input. */
  persist(batch: StorageBatch): void;
  /** A bug was met, and the replica will not run again. */
  failed(error: unknown): void;
}

interface Waiting {
  readonly kind: Outcome["kind"];
  resolve(outcome: Outcome): void;
  reject(error: MeshError): void;
}

/** The runtime of one replica. */
export class SystemRuntime implements Runtime {
  readonly random: Prng = createPrng(randomBytes(6).readUIntBE(0, 6));
  readonly #outputs: RuntimeOutputs;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #tickets = new Tickets<Waiting>();
  #replica: Replica | undefined;
  #pending: (() => void)[] = [];
  #isRunning = false;
  #isDelivering = false;
  #wallMs: Millis = Date.now();
  #elapsedMs: Millis = performance.now();
  /** Why no input is taken any more. */
  #ended: MeshError | undefined;

  constructor(outputs: RuntimeOutputs) {
    this.#outputs = outputs;
  }

  /** Hands over the replica that was built on this runtime; once, before any input. */
  attach(replica: Replica): void {
    this.#replica = replica;
  }

  /** Runs a local input. Throws a MeshError when the mesh is closed or has failed. */
  run<T>(input: (replica: Replica) => T): T {
    if (this.#ended) throw this.#ended;
    assert(!this.#isRunning, "an input must not arrive inside another one");
    assert(this.#replica !== undefined, "a replica must be attached before the first input");
    this.#isRunning = true;
    this.#wallMs = Date.now();
    this.#elapsedMs = performance.now();
    let result: T;
    try {
      result = input(this.#replica);
    } catch (cause) {
      throw this.#fail(cause);
    } finally {
      this.#isRunning = false;
    }
    this.#deliver();
    return result;
  }

  /** Runs an input that comes from outside: ignored once the runtime has ended. */
  feed(input: (replica: Replica) => void): void {
    if (this.#ended) return;
    try {
      this.run(input);
    } catch (error) {
      // A failure was told to `failed`; whoever fed this cannot do anything about it.
      if (!(error instanceof MeshError)) throw error;
    }
  }

  /** Runs an input that is answered through a ticket, and waits for the answer. */
  ask<T extends Outcome>(
    kind: T["kind"],
    input: (replica: Replica, ticket: Ticket) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const ticket = this.#tickets.open({ kind, resolve: resolve as Waiting["resolve"], reject });
      try {
        this.run((replica) => input(replica, ticket));
      } catch (error) {
        // A bug has rejected everyone who waits, this one included.
        this.#tickets.take(ticket)?.reject(error as MeshError);
      }
    });
  }

  /** Takes no more inputs; whoever waits hears `reason`. */
  end(reason: MeshError): void {
    if (this.#ended) return;
    this.#ended = reason;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const { reject } of this.#tickets.takeAll()) reject(reason);
  }

  wallMs(): Millis {
    return this.#wallMs;
  }

  elapsedMs(): Millis {
    return this.#elapsedMs;
  }

  send(link: LinkId, frame: Uint8Array): void {
    this.#pending.push(() => this.#outputs.send(link, frame));
  }

  closeLink(link: LinkId, reason: string): void {
    this.#pending.push(() => this.#outputs.closeLink(link, reason));
  }

  dial(address: string): void {
    this.#pending.push(() => this.#outputs.dial(address));
  }

  emit(event: EventBody): void {
    const atMs = this.#wallMs;
    this.#pending.push(() => this.#outputs.emit(event, atMs));
  }

  settle(ticket: Ticket, outcome: Outcome): void {
    this.#pending.push(() => {
      const waiting = this.#tickets.take(ticket);
      if (!waiting) return;
      const { kind } = waiting;
      assert(outcome.kind === kind, `ticket of ${kind} was settled with ${outcome.kind}`);
      waiting.resolve(outcome);
    });
  }

  persist(batch: StorageBatch): void {
    this.#pending.push(() => this.#outputs.persist(batch));
  }

  schedule(timer: Timer, delayMs: Millis): void {
    if (delayMs === 0) {
      setImmediate(() => this.feed((replica) => replica.fire(timer)));
      return;
    }
    const handle = setTimeout(
      () => {
        this.#timers.delete(handle);
        const fire = (): void => this.feed((replica) => replica.fire(timer));
        // What arrived while this process was busy is taken before time is said to be over.
        if (AWAITED.has(timer.kind)) setImmediate(fire);
        else fire();
      },
      Math.min(delayMs, TIMER_MS_MAX),
    );
    if (!AWAITED.has(timer.kind)) handle.unref();
    this.#timers.add(handle);
  }

  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      for (const output of batch) output();
    }
    this.#isDelivering = false;
  }

  #fail(cause: unknown): MeshError {
    const problem =
      "the mesh met a bug of its own and stopped; restart the process, and report this";
    const error = new MeshError("failed", `${problem}: ${String(cause)}`, { cause });
    this.#pending = [];
    this.end(error);
    this.#outputs.failed(cause);
    return error;
  }
}
