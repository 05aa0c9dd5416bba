/**
 * A running node: owns a replica, its runtime and its links, and hands out sessions.
 *
 * Not here: checking options (create-mesh.ts), what the protocol does (core), and the framework
 * adapters, which need nothing but this.
 */
import { EventEmitter } from "node:events";
import {
  type DrainOutcome,
  type Event,
  type EventBody,
  type Limits,
  type Millis,
  Replica,
  type ReplicaConfig,
  type ReplicaStatus,
} from "@session-mesh/core";
import type { Discovery } from "./discovery.js";
import { MeshError } from "./mesh-error.js";
import type { CheckedOptions } from "./options.js";
import { judgeReadiness, type Readiness } from "./readiness.js";
import { createRefusalLog } from "./refusal-log.js";
import { SessionRecords } from "./session-records.js";
import { Sessions } from "./sessions.js";
import { StoredSessions } from "./storage/stored-sessions.js";
import { SystemRuntime } from "./system-runtime.js";
import { Links, type LinksObserver } from "./transports/links.js";
import type { Credentials } from "./transports/handshake.js";
import type { Transport } from "./transports/transport.js";
import { Users } from "./users.js";

/** How long a drain takes at most, unless its caller says otherwise. */
const DRAIN_DEADLINE_MS: Millis = 25_000;

/** A link may fall this many of the largest frames behind before it is cut. */
const SEND_BUFFER_FRAMES_MAX = 4;

/** How to close a mesh. */
export interface CloseOptions {
  /** Ends the wait for peers early; the mesh is closed all the same. */
  readonly signal?: AbortSignal;
  /** Wait until peers have confirmed what is held here. @default true */
  readonly drain?: boolean;
  /** How long to wait for them. @default 25_000 */
  readonly deadlineMs?: Millis;
}

/** What `createMesh` derived from the options. */
export interface MeshParts {
  readonly options: CheckedOptions;
  readonly config: Omit<ReplicaConfig, "address">;
  readonly credentials: Credentials;
  readonly idKey: Uint8Array;
  readonly transport: Transport;
  readonly discovery: Discovery;
}

/** A running node of the mesh. */
export class Mesh {
  readonly node: string;
  readonly sessions: Sessions;
  /** The same sessions by reference, for protocols whose clients choose the keys. */
  readonly records: SessionRecords;
  /** The bounds and periods in force. */
  readonly limits: Limits;
  readonly #parts: MeshParts;
  readonly #events = new EventEmitter<{ event: [Event] }>();
  readonly #runtime: SystemRuntime;
  readonly #users: Users | undefined;
  readonly #links: Links;
  readonly #stored: StoredSessions;
  readonly #logRefusal: ReturnType<typeof createRefusalLog>;
  #replica: Replica | undefined;
  #address = "";
  #startedAtMs: Millis = 0;
  #isClockSafe = true;
  #isLeaving = false;
  #failure: unknown;
  #closing: Promise<DrainOutcome> | undefined;
  readonly #hurry = new AbortController();
  readonly #log = (line: string): void =>
    this.#parts.options.log(`[session-mesh] ${this.node}: ${line}`);

  /** For `createMesh`; nothing is opened before {@link Mesh.start}. */
  constructor(parts: MeshParts) {
    const { options, config, credentials, transport, idKey } = parts;
    this.#parts = parts;
    this.node = config.node;
    this.limits = config.limits;
    this.#logRefusal = createRefusalLog(this.node, options.log, () => performance.now());
    if (options.onEvent) this.#events.on("event", options.onEvent);
    this.#runtime = new SystemRuntime({
      send: (link, frame) => this.#links.send(link, frame),
      closeLink: (link, reason) => this.#links.close(link, reason),
      dial: (address) => this.#links.dial(address),
      emit: (event, atMs) => {
        this.#users?.observe(event);
        this.#emit(event, atMs);
      },
      persist: (batch) => this.#stored.write(batch),
      failed: (error) => this.#fail(error),
    });
    this.#links = new Links(transport, credentials, {
      observer: this.#observer(),
      limits: { sendBufferBytesMax: SEND_BUFFER_FRAMES_MAX * config.limits.frameBytesMax },
    });
    this.#stored = new StoredSessions({
      ...{ storage: options.storage, owner: { cluster: config.cluster, idKey } },
      ...{ runtime: this.#runtime, log: this.#log },
    });
    this.#users = options.userPath && this.#createUsers(options.userPath);
    this.records = new SessionRecords({ runtime: this.#runtime, idKey });
    this.sessions = new Sessions({
      ...{ runtime: this.#runtime, users: this.#users, idKey, limits: config.limits },
      ...{ acks: options.acks, isStorageAwaited: options.durability === "disk" },
    });
  }

  /** Where peers can dial this node. */
  get address(): string {
    return this.#address;
  }

  /** False once the node met a bug of its own and stopped: only a restart helps. */
  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  /** Opens the port and begins to join. Rejects with a MeshError when it cannot; nothing stays open. */
  async start(): Promise<void> {
    const { options, config } = this.#parts;
    const listening = await this.#stored.openBefore(() => this.#links.listen());
    this.#address = options.advertise ?? listening;
    const seeds = config.seeds.filter((seed) => seed !== this.#address);
    this.#replica = new Replica({ ...config, seeds, address: this.#address }, this.#runtime);
    this.#runtime.attach(this.#replica);
    this.#stored.restore(this.#replica);
    this.#startedAtMs = performance.now();
    this.#runtime.run((replica) => replica.start());
    if (this.#stored.isOpen) this.#users?.restored();
    this.#parts.discovery.start(this.#address, (found) =>
      this.#runtime.feed((replica) => replica.setSeeds(found)),
    );
  }

  /** Hears every event. What a listener throws is thrown outside the mesh, as an uncaught error. */
  on(name: "event", listener: (event: Event) => void): this {
    this.#events.on(name, listener);
    return this;
  }

  /** Stops a listener of {@link Mesh.on}. */
  off(name: "event", listener: (event: Event) => void): this {
    this.#events.off(name, listener);
    return this;
  }

  /**
   * For adapters: has an event emitted about a session in a request. It changed after the response's
   * headers went, was served perhaps behind what its user has seen (P5), or may live where nobody
   * could be asked (P9).
   */
  note(type: "changed-after-headers" | "stale-served" | "miss-incomplete", id: string): void {
    this.#emit({ type, session: this.sessions.nameOf(id) }, Date.now());
  }

  /** Whether this node may have traffic. Losing peers later does not make it unready. */
  readiness(): Readiness {
    const { options, discovery } = this.#parts;
    return judgeReadiness(this.status(), {
      isAlive: this.isAlive,
      isLeaving: this.#isLeaving,
      seeds: discovery.seeds(),
      waitedMs: performance.now() - this.#startedAtMs,
      joinGraceMs: options.joinGraceMs,
      requirePeers: options.requirePeers,
    });
  }

  /** Not ready from now on; everything else goes on. The first step of leaving behind a balancer. */
  startLeaving(): void {
    this.#isLeaving = true;
  }

  /**
   * Tells the peers that this node is about to go, and waits until each that stays has confirmed all
   * that is held here. Sessions can be read and written meanwhile and after.
   */
  drain({ deadlineMs = DRAIN_DEADLINE_MS }: { deadlineMs?: Millis } = {}): Promise<DrainOutcome> {
    this.#isLeaving = true;
    return this.#runtime.ask<DrainOutcome>("drain", (replica, ticket) => {
      replica.drain(ticket, deadlineMs);
    });
  }

  /**
   * Drains, says farewell, and closes everything. A second call hurries the first one along if it
   * says so. What is still waited for then is rejected with a MeshError.
   */
  close(options: CloseOptions = {}): Promise<DrainOutcome> {
    const { signal, drain = true } = options;
    if (signal?.aborted === true || !drain) this.#hurry.abort();
    signal?.addEventListener("abort", () => this.#hurry.abort(), { once: true });
    this.#closing ??= this.#close(options.deadlineMs ?? DRAIN_DEADLINE_MS);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A picture of this node: members, sessions held, refusals. Works after closing as well. */
  status(): ReplicaStatus {
    const replica = this.#replica;
    if (!replica) throw new MeshError("closed", "the mesh has not started");
    return replica.status();
  }

  async #close(deadlineMs: Millis): Promise<DrainOutcome> {
    this.#isLeaving = true;
    this.#parts.discovery.stop();
    const outcome = await this.#drainUnlessHurried(deadlineMs);
    if (this.isAlive) await this.#stored.finish();
    this.#runtime.feed((replica) => replica.stop());
    this.#runtime.end(new MeshError("closed", "the mesh is closed"));
    await this.#links.closeAll("the node leaves");
    await this.#stored.close();
    return outcome;
  }

  async #drainUnlessHurried(deadlineMs: Millis): Promise<DrainOutcome> {
    const hurry = this.#hurry.signal;
    if (this.isAlive && !hurry.aborted) {
      const hurried = new Promise<undefined>((resolve) => {
        hurry.addEventListener("abort", () => resolve(undefined), { once: true });
      });
      const drained = this.drain({ deadlineMs }).catch(() => undefined);
      const outcome = await Promise.race([drained, hurried]);
      if (outcome) return outcome;
    }
    const { members, sessions } = this.status();
    const peers = members.filter((member) => member.isLinked).length;
    return { kind: "drain", confirmed: false, peers, soleHeldCount: sessions.hot + sessions.cold };
  }

  #createUsers(path: readonly string[]): Users {
    const { idKey, config } = this.#parts;
    const emit = (event: EventBody): void => this.#emit(event, Date.now());
    return new Users({ runtime: this.#runtime, path, idKey, limits: config.limits, emit });
  }

  #observer(): LinksObserver {
    const runtime = this.#runtime;
    const emit = (event: EventBody): void => this.#emit(event, Date.now());
    return {
      opened: (link, address) => runtime.feed((replica) => replica.linkOpened(link, { address })),
      received: (link, frame) => runtime.feed((replica) => replica.receive(link, frame)),
      closed: (link, reason) => runtime.feed((replica) => replica.linkClosed(link, reason)),
      dialFailed: (address, failure) =>
        runtime.feed((replica) => replica.dialFailed(address, failure)),
      refused: ({ remote: address, ...refusal }) =>
        emit({ type: "peer-refused", address, ...refusal }),
      misbehaved: (remote, reason) =>
        emit({ type: "frame-rejected", peer: undefined, reason: `${remote}: ${reason}` }),
    };
  }

  #emit(body: EventBody, atMs: Millis): void {
    if (body.type === "peer-refused" || body.type === "node-name-taken") this.#logRefusal(body);
    if (body.type === "clock-offset" && body.safe !== this.#isClockSafe) this.#logClock(body);
    if (this.#events.listenerCount("event") === 0) return;
    try {
      this.#events.emit("event", { atMs, ...body });
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #logClock({ safe, offsetMs }: Extract<EventBody, { type: "clock-offset" }>): void {
    this.#isClockSafe = safe;
    const off = `the clock is ${Math.round(Math.abs(offsetMs))} ms off the other nodes'`;
    const again = "the clock agrees with the other nodes' again";
    this.#log(safe ? again : `${off}: not ready until it is set (NTP)`);
  }

  #fail(error: unknown): void {
    this.#failure = error;
    this.#parts.discovery.stop();
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log(
      `a bug of session-mesh stopped this node; it is neither ready ` +
        `nor alive from now on. Restart the process, and please report this:\n${trace}`,
    );
    void this.#links.closeAll("the node met a bug of its own");
    void this.#stored.close();
  }
}
