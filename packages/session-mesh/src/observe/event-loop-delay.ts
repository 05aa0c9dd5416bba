/**
 * How late this process's event loop is, as a metric: a loop that stalls delays every answer and
 * every heartbeat.
 *
 * Measured from one scrape to the next; two that scrape the same node share the window.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Gauge, type Registry } from "prom-client";

const RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;

/** Share of all moments, and the label it is shown under. */
const QUANTILES: readonly number[] = [0.5, 0.9, 0.99, 1];

/** Registers the metric and begins to measure. Returns what stops it. */
export function watchEventLoop(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  registry.registerMetric(
    new Gauge({
      name: "session_mesh_event_loop_delay_seconds",
      help: "Lateness of the event loop since the last scrape, by quantile; 1 is the worst",
      labelNames: ["quantile"],
      registers: [],
      collect() {
        for (const quantile of QUANTILES) {
          const measured = delay.count === 0 ? 0 : delay.percentile(quantile * 100) / NANOSECONDS;
          // What is measured is the time between two firings of a timer, not its lateness.
          this.set({ quantile }, Math.max(0, measured - RESOLUTION_MS / 1_000));
        }
        delay.reset();
      },
    }),
  );
  return () => {
    delay.disable();
  };
}
