/**
 * All metrics of a node as Prometheus text, in a registry of their own: nothing global is touched, and
 * several nodes in one process do not meet.
 *
 * Not here: the HTTP endpoint (admin.ts).
 */
import type { Event } from "@session-mesh/core";
import { Counter, Gauge, Registry } from "prom-client";
import type { Mesh } from "../mesh.js";
import { watchEventLoop } from "./event-loop-delay.js";
import { createEventMetrics } from "./event-metrics.js";
import { type EventStreams, STREAMS_MAX } from "./event-streams.js";
import { createStatusMetrics } from "./status-metrics.js";

/** The metrics of one node. */
export class Metrics {
  /** Where more metrics may be registered; they are shown with the node's. */
  readonly registry: Registry = new Registry();
  readonly #refresh: () => void;
  readonly #stopWatching: () => void;
  /** Counts an event. */
  readonly hear: (event: Event) => void;

  constructor(mesh: Mesh, streams: EventStreams) {
    this.hear = createEventMetrics(this.registry, mesh.node);
    this.#refresh = createStatusMetrics(this.registry, mesh);
    this.#stopWatching = watchEventLoop(this.registry);
    showStreams(this.registry, streams);
  }

  /** What the text's Content-Type is. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything, as of now. */
  text(): Promise<string> {
    this.#refresh();
    return this.registry.metrics();
  }

  close(): void {
    this.#stopWatching();
  }
}

function showStreams(registry: Registry, streams: EventStreams): void {
  const registers = [registry];
  new Gauge({
    name: "session_mesh_event_streams_fill_ratio",
    help: "Readers of the event stream, 1 at the most there may be",
    registers,
    collect() {
      this.set(streams.count / STREAMS_MAX);
    },
  });
  new Counter({
    name: "session_mesh_event_streams_dropped_total",
    help: "Readers of the event stream cut off because they did not keep up",
    registers,
    collect() {
      this.reset();
      this.inc(streams.droppedCount);
    },
  });
}
