/**
 * Membership and dissemination alone, of clusters larger than seeds draw: how fast news of members
 * and writes reach all, what they cost, and what silence costs.
 *
 * Nothing fails here but what is measured. Bytes are those of frames: WebSocket, TLS and TCP add
 * theirs. Not here: promises (swarm.ts), CPU time (whoever runs it).
 */
import {
  assert,
  type Bytes,
  decodeFrame,
  diff,
  type EventBody,
  type MemberState,
  type Millis,
  type NodeId,
  type Prng,
} from "@session-mesh/core";
import { Cluster } from "./world/cluster.js";
import { Network } from "./world/network.js";
import { News, type Spread } from "./news.js";
import type { NodeRun } from "./world/node-run.js";
import { sessionIdOf } from "./users/session-id.js";
import { Simulator } from "./world/simulator.js";

/** What a cold start took. */
export interface ColdStart {
  /** From the last node's start until every node knew every other. */
  readonly knownMs: Millis;
  /** Until every node had a link to every other. */
  readonly linkedMs: Millis;
  readonly frames: number;
  readonly bytes: Bytes;
}

/** What is sent while nothing happens. */
export interface Idle {
  readonly framesPerNodeSecond: number;
  readonly bytesPerNodeSecond: Bytes;
  /** What one node sends to one peer. */
  readonly bytesPerPeerSecond: Bytes;
}

/** A local network: a millisecond there and back, a gigabit a second. */
const NETWORK = { latencyMs: 0.3, jitterMs: 0.4, bytesPerMs: 125_000, dialFailureRate: 0 };

/** How many machines are named as seeds. */
const SEEDS = 3;

/** The nodes of a cold start begin within this time of one another. */
const STARTED_WITHIN_MS: Millis = 1_000;

/**
 * How long news may take at most, and how long is counted after all know; longer where somebody is
 * suspected, until all have given him up too.
 */
const SPREAD_MS_MAX: Millis = 120_000;
const AFTERMATH_MS: Millis = 1_500;
const STEP_MS: Millis = 20;

/** Types of frames that are about members: hello, resume, members, probe and its result, leave, refuse. */
const ABOUT_MEMBERS: ReadonlySet<number | undefined> = new Set([1, 2, 3, 5, 6, 17, 18]);
const MEMBERS = 3;
const PUSH = 7;

type Learned = Extract<EventBody, { type: "member-changed" }>;

interface MemberNews {
  readonly subject: NodeId;
  readonly audience: readonly string[];
  readonly states: readonly MemberState[];
}

/** A cluster under measurement; each method measures one thing, and leaves the cluster quiet. */
export class MembershipScale {
  readonly #simulator: Simulator;
  readonly #network: Network;
  readonly #cluster: Cluster;
  readonly #random: Prng;
  /** Pairs of nodes of which one knows the other to be alive, and of which one is linked to it. */
  readonly #alive = new Pairs();
  readonly #linked = new Pairs();
  readonly #nodes: number;
  #listener: ((run: NodeRun, event: EventBody) => void) | undefined;

  constructor(nodes: number, seed = 1) {
    assert(nodes > SEEDS, `${nodes} nodes are too few to measure`);
    this.#nodes = nodes;
    this.#simulator = new Simulator(seed);
    this.#network = new Network(this.#simulator, NETWORK);
    const limits = { membersMax: nodes * 2 };
    const options = { limits, keepsNodeIds: true, seedsMax: SEEDS };
    this.#cluster = new Cluster(this.#simulator, this.#network, options);
    this.#random = this.#simulator.fork();
    this.#cluster.onEvent((run, event) => this.#listener?.(run, event));
    for (let i = 1; i <= nodes; i++) this.#cluster.add(`n${i}`);
  }

  /** Equal for equal runs. */
  get hash(): string {
    return this.#simulator.trace.hash;
  }

  /** How much virtual time has passed. */
  get virtualMs(): Millis {
    return this.#simulator.nowMs;
  }

  /** Starts all nodes, and waits until each knows and reaches all others. */
  coldStart(): ColdStart {
    this.#listener = (run, event) => this.#metOrLost(run, event);
    let startedAtMs = 0;
    for (const name of this.#cluster.names) {
      this.#simulator.after(this.#random.range(0, STARTED_WITHIN_MS), () => {
        startedAtMs = this.#simulator.nowMs;
        this.#cluster.start(name);
      });
    }
    const isFull = (pairs: Pairs): boolean => pairs.size === this.#nodes * (this.#nodes - 1);
    this.#until(() => isFull(this.#alive) && isFull(this.#linked));
    const { frames, bytes } = this.#network.counts;
    this.#listener = undefined;
    const took = ({ changedAtMs }: Pairs): Millis => changedAtMs - startedAtMs;
    return { knownMs: took(this.#alive), linkedMs: took(this.#linked), frames, bytes };
  }

  /** Nothing happens for so long. */
  idle(durationMs: Millis): Idle {
    const before = { ...this.#network.counts };
    this.#simulator.runFor(durationMs);
    const { frames, bytes } = this.#network.counts;
    const nodeSeconds = (this.#cluster.runs().length * durationMs) / 1_000;
    const bytesPerNodeSecond = (bytes - before.bytes) / nodeSeconds;
    return {
      framesPerNodeSecond: (frames - before.frames) / nodeSeconds,
      bytesPerNodeSecond,
      bytesPerPeerSecond: bytesPerNodeSecond / (this.#cluster.runs().length - 1),
    };
  }

  /** A node more. */
  join(): Spread {
    const name = `n${this.#nodes + 1}`;
    const audience = this.#names();
    this.#cluster.add(name);
    const news = { subject: name as NodeId, audience, states: ["alive"] } as const;
    return this.#spread(news, () => this.#cluster.start(name));
  }

  /** A node drains and leaves; counted from its farewell on. */
  leave(): Spread {
    const { name, ...news } = this.#without(["left"]);
    this.#simulator.note("-", `${name} leaves`);
    return this.#spread(news, () => this.#cluster.exit(name));
  }

  /** A process ends and its kernel tells its peers. */
  crash(): Spread {
    const { name, ...news } = this.#without(["suspect", "down"]);
    return this.#spread(news, () => this.#cluster.crash(name));
  }

  /** A machine loses its power, and nobody is told: until it is suspected, or given up. */
  powerLoss(): { suspected: Spread; downMs: Millis } {
    const { name, ...news } = this.#without(["suspect", "down"]);
    const beganAtMs = this.#simulator.nowMs;
    const down = new Set<string>();
    let downMs = Number.POSITIVE_INFINITY;
    const suspected = this.#spread(
      news,
      () => this.#cluster.crash(name, { silent: true }),
      (run, event) => {
        if (event.to !== "down") return;
        down.add(run.machine);
        if (down.size === news.audience.length) downMs = this.#simulator.nowMs - beganAtMs;
      },
    );
    return { suspected, downMs };
  }

  /** One node writes a new session of one attribute. */
  write(): Spread {
    const [writer, ...others] = this.#cluster.runs();
    assert(writer !== undefined, "nobody runs");
    const session = sessionIdOf("scale");
    const news = new News(
      {
        simulator: this.#simulator,
        network: this.#network,
        isCounted: (frame) => frame[1] === PUSH,
        isTelling: (frame) => frame[1] === PUSH,
      },
      others.map(({ machine }) => machine),
    );
    this.#listener = (run, event) => {
      if (event.type !== "session-integrated") return;
      news.learned(run.machine, { isFirstHand: event.path === "push" });
    };
    const { base } = writer.replica.blank();
    const operations = diff(base, { user: "ada" }, { bytesMax: 1_000 });
    writer.input((replica) => replica.commit(session, { operations, birth: {} }));
    return this.#awaited(news, AFTERMATH_MS);
  }

  #spread(
    { subject, audience, states }: MemberNews,
    begin: () => void,
    also?: (run: NodeRun, event: Learned) => void,
  ): Spread {
    const news = new News(
      {
        simulator: this.#simulator,
        network: this.#network,
        isCounted: (frame) => ABOUT_MEMBERS.has(frame[1]),
        isTelling: (frame) => isTelling(frame, subject, states),
      },
      audience,
    );
    this.#listener = (run, event) => {
      if (event.type !== "member-changed" || event.member !== subject) return;
      const isFirstHand = event.reason !== "heard from a peer";
      if (states.includes(event.to)) news.learned(run.machine, { isFirstHand });
      also?.(run, event);
    };
    begin();
    const isDoubt = states.includes("suspect");
    return this.#awaited(news, AFTERMATH_MS + (isDoubt ? this.#cluster.limits.suspicionMs : 0));
  }

  #awaited(news: News, aftermathMs: Millis): Spread {
    this.#until(() => news.isKnownToAll);
    this.#simulator.runFor(aftermathMs);
    this.#listener = undefined;
    return news.end();
  }

  /** How long until that is so; infinite where that does not come. */
  #until(isSo: () => boolean): Millis {
    const beganAtMs = this.#simulator.nowMs;
    while (!isSo()) {
      if (this.#simulator.nowMs - beganAtMs > SPREAD_MS_MAX) return Number.POSITIVE_INFINITY;
      this.#simulator.runFor(STEP_MS);
    }
    return this.#simulator.nowMs - beganAtMs;
  }

  #names(): string[] {
    return this.#cluster.runs().map(({ machine }) => machine);
  }

  /** The last node that runs, which is no seed, and all others. */
  #without(states: readonly MemberState[]): MemberNews & { name: string } {
    const names = this.#names();
    const name = names.at(-1) as string;
    return { name, subject: name as NodeId, audience: names.slice(0, -1), states };
  }

  #metOrLost(run: NodeRun, event: EventBody): void {
    const { nowMs } = this.#simulator;
    if (event.type === "member-changed") {
      this.#alive.put(`${run.node}>${event.member}`, event.to === "alive", nowMs);
    } else if (event.type === "link-opened" || event.type === "link-closed") {
      this.#linked.put(`${run.node}>${event.peer}`, event.type === "link-opened", nowMs);
    }
  }
}

/** Pairs of nodes of which something is so, and when that last changed. */
class Pairs {
  readonly #pairs = new Set<string>();
  changedAtMs: Millis = 0;

  get size(): number {
    return this.#pairs.size;
  }

  put(pair: string, isSo: boolean, nowMs: Millis): void {
    if (this.#pairs.has(pair) === isSo) return;
    if (isSo) this.#pairs.add(pair);
    else this.#pairs.delete(pair);
    this.changedAtMs = nowMs;
  }
}

function isTelling(frame: Uint8Array, subject: NodeId, states: readonly MemberState[]): boolean {
  if (frame[1] !== MEMBERS) return false;
  const message = decodeFrame(frame);
  if (message.type !== "members") return false;
  return message.members.some(({ node, state }) => node === subject && states.includes(state));
}
