/**
 * One run of a node, from its start to its crash or end: a real replica on a simulated runtime.
 *
 * What the replica asks for takes effect after its input, never inside. A paused run takes its
 * inputs when it goes on, in order, as a stopped process does.
 *
 * Not here: which machine it runs on and when it is started again (cluster.ts).
 */
import {
  type EventBody,
  type LinkId,
  type Millis,
  type NodeId,
  type Outcome,
  type Prng,
  Replica,
  type ReplicaConfig,
  type Runtime,
  type StorageBatch,
  type Ticket,
  type Timer,
} from "@session-mesh/core";
import type { Dialect } from "./dialect.js";
import type { Disk } from "./disk.js";
import type { Death, Endpoint } from "./endpoint.js";
import type { Network } from "./network.js";
import type { NodeClock } from "./node-clock.js";
import { SimulationFailure, type Simulator } from "./simulator.js";

/** How long a node that reaches none of its seeds is not ready. */
const JOIN_GRACE_MS: Millis = 10_000;

/** How often a balancer asks whether a node is ready. */
const READINESS_INTERVAL_MS: Millis = 200;

/** Where a run lives. */
export interface NodeRunPort {
  readonly simulator: Simulator;
  readonly network: Network;
  readonly clock: NodeClock;
  readonly machine: string;
  readonly random: Prng;
  /** Absent where it speaks as this build does. */
  readonly dialect: Dialect | undefined;
  /** Absent where nothing is stored. */
  readonly disk: Disk | undefined;
  happened(run: NodeRun, event: EventBody): void;
}

interface Wait {
  readonly settled: (outcome: Outcome) => void;
  /** On the node's monotonic clock. */
  readonly untilMs: Millis;
}

/** A crash that waits for so many frames to leave, and comes before the input that sends more ends. */
interface Ambush {
  framesLeft: number;
  isSprung: boolean;
  readonly crash: () => void;
}

/** A run. */
export class NodeRun implements Endpoint, Runtime {
  readonly node: NodeId;
  readonly config: ReplicaConfig;
  readonly replica: Replica;
  readonly random: Prng;
  readonly #port: NodeRunPort;
  readonly #waits = new Map<Ticket, Wait>();
  #backlog: (() => void)[] = [];
  #tickets = 0;
  #startedAtMs: Millis = 0;
  #isAlive = true;
  #isPaused = false;
  #isReady = false;
  #readyAskedAtMs = Number.NEGATIVE_INFINITY;
  #ambush: Ambush | undefined;
  /** Told that it will go: a balancer sends it no more requests. */
  isDraining = false;

  constructor(config: ReplicaConfig, port: NodeRunPort) {
    this.node = config.node;
    this.config = config;
    this.random = port.random;
    this.#port = port;
    this.replica = new Replica(config, this);
  }

  get machine(): string {
    return this.#port.machine;
  }

  /** How it speaks; undefined for as this build does. */
  get dialect(): Dialect | undefined {
    return this.#port.dialect;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** What it stores on. */
  get disk(): Disk | undefined {
    return this.#port.disk;
  }

  /** Whether requests can be sent here: it is ready, as a balancer would see it. */
  get isServing(): boolean {
    if (!this.#isAlive || this.#isPaused || this.isDraining) return false;
    const { nowMs } = this.#port.simulator;
    if (nowMs - this.#readyAskedAtMs >= READINESS_INTERVAL_MS) {
      this.#readyAskedAtMs = nowMs;
      this.#isReady = this.#judgeReadiness();
    }
    return this.#isReady;
  }

  start(): void {
    this.#startedAtMs = this.elapsedMs();
    this.#port.network.listen(this.config.address, this);
    const { disk } = this.#port;
    if (disk) this.input((replica) => replica.restore(disk.records()));
    this.input((replica) => replica.start());
  }

  /** Gives the replica an input; what it throws ends the simulation. */
  input<T>(run: (replica: Replica) => T): T {
    try {
      return run(this.replica);
    } catch (error) {
      if (error instanceof SimulationFailure) throw error;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return this.#port.simulator.fail("no exception escapes", `${this.machine}: ${text}`);
    } finally {
      if (this.#ambush?.isSprung) this.#ambush.crash();
    }
  }

  /**
   * A ticket whose outcome goes to `settled`, unless this run ends before. `waitMsMax` is its deadline;
   * by default the longest of those that requests have.
   */
  ticket(settled: (outcome: Outcome) => void, waitMsMax: Millis = this.#requestWaitMsMax): Ticket {
    this.#tickets += 1;
    const ticket = this.#tickets as Ticket;
    this.#waits.set(ticket, { settled, untilMs: this.elapsedMs() + waitMsMax });
    return ticket;
  }

  /** For how long some ticket is past its deadline; below 0 where none is. */
  get overdueMs(): Millis {
    if (this.#isPaused) return Number.NEGATIVE_INFINITY;
    let untilMs = Number.POSITIVE_INFINITY;
    for (const wait of this.#waits.values()) untilMs = Math.min(untilMs, wait.untilMs);
    return this.elapsedMs() - untilMs;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const input of backlog) this.#take(input);
  }

  /** Everything it held in memory is gone. */
  crash(death: Death = {}): void {
    this.#end();
    this.#port.disk?.cut();
    this.#port.network.died(this, death);
  }

  /** Lets so many frames leave; what the input sends that sends more is lost, and then it crashes. */
  crashAfter(frames: number, crash: () => void): void {
    this.#ambush = { framesLeft: frames, isSprung: false, crash };
  }

  /** Calls off a crash that has not come yet. */
  spare(): void {
    this.#ambush = undefined;
  }

  /** Ends in order: what was sent still arrives. */
  exit(): void {
    this.input((replica) => replica.stop());
    this.#end();
    this.#port.network.died(this);
  }

  linkOpened(link: LinkId, address: string | undefined): void {
    this.#take(() => this.input((replica) => replica.linkOpened(link, { address })));
  }

  linkClosed(link: LinkId, reason: string): void {
    this.#take(() => this.input((replica) => replica.linkClosed(link, reason)));
  }

  dialFailed(address: string, detail: string): void {
    const failure = { code: "unreachable", detail } as const;
    this.#take(() => this.input((replica) => replica.dialFailed(address, failure)));
  }

  receive(link: LinkId, frame: Uint8Array): void {
    const heard = this.#port.dialect?.heard(frame) ?? frame;
    this.#take(() => this.input((replica) => replica.receive(link, heard)));
  }

  wallMs(): Millis {
    return this.#port.clock.wallMs();
  }

  elapsedMs(): Millis {
    return this.#port.clock.elapsedMs();
  }

  send(link: LinkId, frame: Uint8Array): void {
    if (this.#ambush && !this.#mayLeave(this.#ambush)) return;
    const said = this.#port.dialect?.said(frame) ?? [frame];
    for (const each of said) this.#port.network.send(link, each);
  }

  closeLink(link: LinkId, reason: string): void {
    this.#port.network.close(link, reason);
  }

  dial(address: string): void {
    this.#port.network.dial(this, address);
  }

  schedule(timer: Timer, delayMs: Millis): void {
    this.#port.simulator.after(this.#port.clock.trueDelayMs(delayMs), () => {
      this.#take(() => this.input((replica) => replica.fire(timer)));
    });
  }

  settle(ticket: Ticket, outcome: Outcome): void {
    const wait = this.#waits.get(ticket);
    if (!wait) this.#port.simulator.fail("settled once", `${this.machine}: ticket ${ticket}`);
    this.#waits.delete(ticket);
    this.#port.simulator.after(0, () => {
      this.#take(() => wait?.settled(outcome));
    });
  }

  persist(batch: StorageBatch): void {
    this.#port.disk?.write(batch, (problem) => {
      this.#take(() =>
        this.input((replica) => {
          if (problem === undefined) replica.persisted();
          else replica.persistFailed(problem);
        }),
      );
    });
  }

  emit(event: EventBody): void {
    this.#port.happened(this, event);
  }

  get #requestWaitMsMax(): Millis {
    const { ackDeadlineMs, pullDeadlineMs, tokenDeadlineMs } = this.config.limits;
    return Math.max(ackDeadlineMs, pullDeadlineMs, tokenDeadlineMs);
  }

  /** As the shell judges. */
  #judgeReadiness(): boolean {
    const { hasJoined, isClockSafe, refusals } = this.replica.status();
    if (!isClockSafe) return false;
    if (hasJoined || this.config.seeds.length === 0) return true;
    if (refusals.some(({ address }) => this.config.seeds.includes(address))) return false;
    return this.elapsedMs() - this.#startedAtMs >= JOIN_GRACE_MS;
  }

  #mayLeave(ambush: Ambush): boolean {
    ambush.isSprung ||= ambush.framesLeft === 0;
    ambush.framesLeft -= 1;
    return !ambush.isSprung;
  }

  #take(input: () => void): void {
    if (!this.#isAlive) return;
    if (this.#isPaused) this.#backlog.push(input);
    else input();
  }

  #end(): void {
    this.#ambush = undefined;
    this.#isAlive = false;
    this.#isPaused = false;
    this.#backlog = [];
  }
}
