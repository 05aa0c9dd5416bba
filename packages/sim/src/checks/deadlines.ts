/**
 * That nothing outlives its deadline on any node, looked at every second: no request waits for longer than
 * it may, and no member that is down stays so for longer than until it is given up.
 *
 * Not here: whether anybody still waits when all is quiet (bounds.ts), and what comes of a wait.
 */
import type { Millis, NodeId } from "@session-mesh/core";
import type { ClusterPort, Course, NodePort } from "../users/node-port.js";

/** Timers are looked at now and then. */
const SLACK_MS: Millis = 1_000;

/** Checks deadlines. */
export class Deadlines {
  readonly #simulator: Course;
  readonly #cluster: ClusterPort;
  /** Since when each node holds each other one for down, on its own monotonic clock. */
  readonly #downSinceMs = new Map<NodePort, Map<NodeId, Millis>>();

  constructor(simulator: Course, cluster: ClusterPort) {
    this.#simulator = simulator;
    this.#cluster = cluster;
    cluster.onEvent((run, event) => {
      if (event.type !== "member-changed") return;
      const since = this.#downSinceMs.get(run) ?? new Map<NodeId, Millis>();
      this.#downSinceMs.set(run, since);
      if (event.to !== "down") since.delete(event.member);
      else if (event.from !== "down") since.set(event.member, run.elapsedMs());
    });
  }

  /** What holds at every moment. */
  moment(): void {
    for (const run of this.#cluster.runs()) {
      if (run.isPaused) continue;
      if (run.overdueMs !== undefined && run.overdueMs > SLACK_MS) {
        const detail = `a request waits ${Math.round(run.overdueMs)} ms past its deadline`;
        this.#simulator.fail("waits end", `on ${run.machine}: ${detail}`);
      }
      this.#checkDown(run);
    }
  }

  #checkDown(run: NodePort): void {
    const maxMs = run.config.limits.goneAfterMs + SLACK_MS;
    for (const [member, sinceMs] of this.#downSinceMs.get(run) ?? []) {
      const downMs = run.elapsedMs() - sinceMs;
      if (downMs <= maxMs) continue;
      const detail = `${member} is down for ${Math.round(downMs)} ms, and not given up`;
      this.#simulator.fail("waits end", `on ${run.machine}: ${detail}`);
    }
  }
}
