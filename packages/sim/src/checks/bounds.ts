/**
 * Every bound of a node's memory and queues, at every moment; and that nothing waits any more once a
 * cluster is quiet.
 *
 * Not here: the size of frames (traffic.ts), and limits that refuse users (commits.ts).
 */
import type { Bytes } from "@session-mesh/core";
import type { ClusterPort, Course, NodePort } from "../users/node-port.js";
import type { Network } from "../world/network.js";
import type { NodeRun } from "../world/node-run.js";

const PUSH_CODE = 7;

/** Windows above this are never full in a run, and looking at each push costs time. */
const WINDOW_BYTES_MAX: Bytes = 10_000;

/** Checks bounds. */
export class Bounds {
  readonly #simulator: Course;
  readonly #cluster: ClusterPort;

  constructor(simulator: Course, cluster: ClusterPort) {
    this.#simulator = simulator;
    this.#cluster = cluster;
    cluster.onEvent((run, event) => {
      // A queue that is full is seen when it refuses, not a second later.
      if (event.type !== "limit-refused" || !isQueueLimit(event.limit)) return;
      this.#most(run, event.limit, [event.value, run.config.limits[event.limit]]);
    });
  }

  /** Watches every push: one may go as long as the window is open, and hang over its edge. */
  watch(network: Network): void {
    const { pushWindowBytesMax } = this.#cluster.limits;
    if (pushWindowBytesMax > WINDOW_BYTES_MAX) return;
    const before = network.onSend;
    network.onSend = (from, to, frame) => {
      before?.(from, to, frame);
      if (frame[1] !== PUSH_CODE) return;
      const [run, peer] = [from as NodeRun, to as NodeRun];
      const { members } = run.replica.status();
      const inFlight = members.find(({ node }) => node === peer.node)?.inFlightBytes ?? 0;
      this.#most(run, "pushWindowBytesMax before a push", [inFlight, pushWindowBytesMax - 1]);
    };
  }

  /** What holds at every moment. */
  moment(): void {
    for (const run of this.#cluster.runs()) {
      const status = run.replica.status();
      const { limits } = run.config;
      const { sessions, logFill, members } = status;
      this.#most(run, "hotSessionsMax", [sessions.hot, limits.hotSessionsMax]);
      this.#most(run, "changeLogEntriesMax", [logFill.entries, 1]);
      this.#most(run, "changeLogBytesMax", [logFill.bytes, 1]);
      this.#most(run, "ackWaitersMax", [status.ackWaiterCount, limits.ackWaitersMax]);
      this.#most(run, "pullsMax", [status.pullCount, limits.pullsMax]);
      this.#most(run, "tokenWaitersMax", [status.tokenWaiterCount, limits.tokenWaitersMax]);
      this.#most(run, "membersMax", [members.length, limits.membersMax]);
    }
  }

  /** A request began to wait on this node. */
  waits(run: NodePort): void {
    const { pullCount, tokenWaiterCount } = run.replica.status();
    const { pullsMax, tokenWaitersMax } = run.config.limits;
    this.#most(run, "pullsMax", [pullCount, pullsMax]);
    this.#most(run, "tokenWaitersMax", [tokenWaiterCount, tokenWaitersMax]);
  }

  /** After quiet: nobody waits for anything any more. */
  queues(): void {
    for (const run of this.#cluster.runs()) {
      const { ackWaiterCount, pullCount, tokenWaiterCount, members } = run.replica.status();
      // Who has left may not be given up yet, where nobody could tell this node.
      const alive = this.#cluster.runs().map(({ node }) => node);
      const there = members.filter(({ node }) => alive.includes(node));
      const inFlightBytes = there.reduce((sum, each) => sum + (each.inFlightBytes ?? 0), 0);
      const waiting = { ackWaiterCount, pullCount, tokenWaiterCount, inFlightBytes };
      if (Object.values(waiting).every((count) => count === 0)) continue;
      this.#fail("queues are empty", run, JSON.stringify(waiting));
    }
  }

  #most(run: NodePort, limit: string, [value, max]: readonly [number, number]): void {
    if (value > max) this.#fail("bounds", run, `${limit}: ${value} is above ${max}`);
  }

  #fail(checker: string, run: NodePort, detail: string): never {
    return this.#simulator.fail(checker, `on ${run.machine}: ${detail}`);
  }
}

/** Limits of queues: merging can bring what is held above the others. */
function isQueueLimit(limit: string): limit is "ackWaitersMax" | "pullsMax" | "tokenWaitersMax" {
  return limit === "ackWaitersMax" || limit === "pullsMax" || limit === "tokenWaitersMax";
}
