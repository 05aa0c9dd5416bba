/**
 * Every bound of a node's memory and queues, at every moment; and that nothing waits any more once a
 * cluster is quiet.
 *
 * Not here: the size of frames (traffic.ts), and limits that refuse users (commits.ts).
 */
import type { ClusterPort, Course, NodePort } from "../users/node-port.js";

/** How far the copy of a session may be above the limit of its plain value: what hides and what merges. */
const COPY_FACTOR = 2;

/** Checks bounds. */
export class Bounds {
  readonly #simulator: Course;
  readonly #cluster: ClusterPort;

  constructor(simulator: Course, cluster: ClusterPort) {
    this.#simulator = simulator;
    this.#cluster = cluster;
  }

  /** What holds at every moment. */
  moment(): void {
    for (const run of this.#cluster.runs()) {
      const status = run.replica.status();
      const { limits } = run.config;
      const { sessions, logFill, members } = status;
      const inFlight = Math.max(0, ...members.map((member) => member.inFlightBytes ?? 0));
      // A push may go as long as the window is open, so one may hang over its edge, with its last item.
      const pushBytesMax = Math.max(limits.pushBatchBytesMax, limits.syncChunkBytesMax);
      const overhang = pushBytesMax + COPY_FACTOR * limits.sessionBytesMax;
      const windowMax = limits.pushWindowBytesMax + overhang;
      this.#most(run, "hotSessionsMax", [sessions.hot, limits.hotSessionsMax]);
      this.#most(run, "changeLogEntriesMax", [logFill.entries, 1]);
      this.#most(run, "changeLogBytesMax", [logFill.bytes, 1]);
      this.#most(run, "ackWaitersMax", [status.ackWaiterCount, limits.ackWaitersMax]);
      // What a push built on is fetched beyond the limit, once for each session.
      const fetchedMax = sessions.hot + sessions.cold + members.length;
      this.#most(run, "pullsMax", [status.pullCount, limits.pullsMax + fetchedMax]);
      this.#most(run, "tokenWaitersMax", [status.tokenWaiterCount, limits.tokenWaitersMax]);
      this.#most(run, "membersMax", [members.length, limits.membersMax]);
      this.#most(run, "pushWindowBytesMax", [inFlight, windowMax]);
    }
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
