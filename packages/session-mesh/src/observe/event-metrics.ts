/**
 * Events as counters and histograms: what happened since the process started.
 *
 * Every event is counted by its type, so that nothing that happens is without a metric; those whose
 * numbers an operator watches have a metric of their own beside.
 *
 * Not here: what a node holds at a moment (status-metrics.ts).
 */
import type { Event, EventBody, Law, Millis } from "@session-mesh/core";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

type Handlers = {
  readonly [Type in EventBody["type"]]?: (event: Extract<Event, { type: Type }>) => void;
};

const SECONDS_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300,
];

const LAWS: readonly Law[] = [
  ...(["M1", "M2", "M3", "M4", "M5", "M6", "M7"] as const),
  ...(["M8", "M9", "M10", "M11", "M12", "M13"] as const),
];

/** Registers the metrics, and returns what counts an event into them. */
export function createEventMetrics(registry: Registry, node: string): (event: Event) => void {
  // An addition for each event, and labels only when somebody asks: every commit passes here.
  const tally = new Map<string, number>();
  registry.registerMetric(
    new Counter({
      name: "session_mesh_events_total",
      help: "Everything that happened, by event type",
      labelNames: ["type"],
      registers: [],
      collect() {
        this.reset();
        for (const [type, value] of tally) this.inc({ type }, value);
      },
    }),
  );
  const handlers: Handlers = {
    ...commitHandlers(registry),
    ...repairHandlers(registry),
    ...joinHandlers(registry),
    ...readerHandlers(registry),
    ...memberHandlers(registry),
    ...lifetimeHandlers(registry, node),
    ...storageHandlers(registry),
  };
  return (event) => {
    tally.set(event.type, (tally.get(event.type) ?? 0) + 1);
    const handle = handlers[event.type] as ((of: Event) => void) | undefined;
    handle?.(event);
  };
}

function commitHandlers(registry: Registry): Handlers {
  const deltaBytes = counter(registry, "delta_bytes_total", "Bytes of deltas that this node made");
  const operations = counter(registry, "operations_total", "Operations in this node's commits");
  const lag = new Histogram({
    name: "session_mesh_convergence_lag_seconds",
    help: "From a commit on its node to its merge here, by the two wall clocks; by how it came",
    labelNames: ["path"],
    buckets: SECONDS_BUCKETS,
    registers: [registry],
  });
  const ackWait = seconds(
    registry,
    "ack_wait_seconds",
    "How long a wait for acknowledgements took",
  );
  const settled = labelled(registry, "acks_settled_total", {
    help: "Waits for acknowledgements: met, or degraded to fewer than asked for",
    label: "outcome",
    values: ["met", "degraded"],
  });
  return {
    "session-committed": (event) => {
      deltaBytes.inc(event.deltaBytes);
      operations.inc(event.operationCount);
    },
    "session-integrated": ({ path, lagMs }) => lag.observe({ path }, toSeconds(lagMs)),
    "acks-settled": ({ degraded, waitedMs }) => {
      settled.inc({ outcome: degraded ? "degraded" : "met" });
      ackWait.observe(toSeconds(waitedMs));
    },
  };
}

function repairHandlers(registry: Registry): Handlers {
  const audits = labelled(registry, "audits_total", {
    help: "Comparisons of fingerprints with a peer, by how they ended",
    label: "outcome",
    values: ["equal", "repaired", "abandoned", "incomparable"],
  });
  const auditTime = seconds(registry, "audit_seconds", "How long a comparison took");
  const bytes = counter(registry, "repair_bytes_total", "Bytes that audits sent");
  const repaired = labelled(registry, "repair_sessions_total", {
    help: "Sessions that audits sent and received",
    label: "direction",
    values: ["sent", "received"],
  });
  const catchUps = labelled(registry, "catch_ups_total", {
    help: "Peers that came back behind, by how they catch up",
    label: "rung",
    values: ["deltas", "states", "audit"],
  });
  const misses = labelled(registry, "misses_total", {
    help: "Sessions not held here and asked of the peers, by the answer",
    label: "outcome",
    values: ["found", "absent", "unknown"],
  });
  const missTime = seconds(registry, "miss_seconds", "How long the peers took to answer a miss");
  const merges = labelled(registry, "merges_total", {
    help: "Writes at the same time that a merge law decided, by law",
    label: "law",
    values: LAWS,
  });
  return {
    "audit-finished": (event) => {
      audits.inc({ outcome: event.outcome });
      auditTime.observe(toSeconds(event.tookMs));
      bytes.inc(event.bytes);
      repaired.inc({ direction: "sent" }, event.sent);
      repaired.inc({ direction: "received" }, event.received);
    },
    "catch-up-started": ({ rung }) => catchUps.inc({ rung }),
    "pull-finished": ({ outcome, tookMs }) => {
      misses.inc({ outcome });
      missTime.observe(toSeconds(tookMs));
    },
    merged: ({ law }) => merges.inc({ law }),
  };
}

function joinHandlers(registry: Registry): Handlers {
  const joins = labelled(registry, "joins_total", {
    help: "Times that this node was filled by others, by how that ended",
    label: "outcome",
    values: ["complete", "incomplete"],
  });
  const time = seconds(registry, "join_seconds", "How long that took");
  const sessions = counter(registry, "join_sessions_total", "Sessions received so");
  const bytes = counter(registry, "join_bytes_total", "Their bytes, about");
  const progress = new Gauge({
    name: "session_mesh_join_progress_ratio",
    help: "How much has arrived while this node is filled by others, 1 when that is over",
    registers: [registry],
  });
  progress.set(1);
  return {
    "join-started": () => progress.set(0),
    "join-progress": ({ partitionsDone, partitionsTotal }) => {
      progress.set(partitionsDone / partitionsTotal);
    },
    "join-finished": (event) => {
      progress.set(1);
      joins.inc({ outcome: event.outcome });
      time.observe(toSeconds(event.durationMs));
      sessions.inc(event.sessions);
      bytes.inc(event.bytes);
    },
  };
}

function readerHandlers(registry: Registry): Handlers {
  const waits = labelled(registry, "token_waits_total", {
    help: "Requests that waited for what their user had seen on another node, by the outcome",
    label: "outcome",
    values: ["fresh", "stale"],
  });
  const waitTime = seconds(registry, "token_wait_seconds", "How long such a request waited");
  const lost = counter(registry, "token_lost_total", "Seen revisions that every member lacks");
  const stale = counter(registry, "stale_served_total", "Responses marked Session-Mesh-Stale");
  return {
    "token-waited": ({ outcome, lostCount, waitedMs }) => {
      waits.inc({ outcome });
      waitTime.observe(toSeconds(waitedMs));
      lost.inc(lostCount);
    },
    "stale-served": () => stale.inc(),
  };
}

function memberHandlers(registry: Registry): Handlers {
  const changes = labelled(registry, "member_changes_total", {
    help: "Members whose state changed, by the new one",
    label: "to",
    values: ["alive", "suspect", "down", "left", "gone"],
  });
  const refusals = new Counter({
    name: "session_mesh_refusals_total",
    help: "Peers refused (by this node), and refusals of this node (by a peer)",
    labelNames: ["code", "by"],
    registers: [registry],
  });
  const rejected = counter(registry, "frames_rejected_total", "What no peer of ours would send");
  return {
    "member-changed": ({ from, to }) => {
      if (from !== to) changes.inc({ to });
    },
    "peer-refused": ({ code, byPeer }) => refusals.inc({ code, by: byPeer ? "peer" : "node" }),
    "frame-rejected": () => rejected.inc(),
  };
}

function lifetimeHandlers(registry: Registry, node: string): Handlers {
  const destroyed = labelled(registry, "sessions_destroyed_total", {
    help: "Sessions destroyed, by where that was asked for: on this node or on another",
    label: "origin",
    values: ["node", "peer"],
  });
  const collected = labelled(registry, "sessions_collected_total", {
    help: "Sessions forgotten because their time was over",
    label: "reason",
    values: ["idle", "absolute"],
  });
  const tombstones = counter(registry, "tombstones_collected_total", "Tombstones forgotten");
  const refused = new Counter({
    name: "session_mesh_limit_refusals_total",
    help: "Local writes and waits that a bound refused, by bound",
    labelNames: ["limit"],
    registers: [registry],
  });
  return {
    "session-destroyed": ({ origin }) => {
      const isOwn = origin === undefined || origin === node;
      destroyed.inc({ origin: isOwn ? "node" : "peer" });
    },
    "session-collected": ({ reason }) => collected.inc({ reason }),
    "tombstones-collected": (event) => tombstones.inc(event.count),
    "limit-refused": ({ limit }) => refused.inc({ limit }),
  };
}

function storageHandlers(registry: Registry): Handlers {
  const records = counter(registry, "stored_records_total", "Sessions written to the disk");
  const bytes = counter(registry, "stored_bytes_total", "Their bytes");
  const time = seconds(registry, "store_seconds", "How long the disk took for a batch");
  const failures = counter(registry, "store_failures_total", "Batches that the disk failed");
  const restored = labelled(registry, "restored_records_total", {
    help: "Records found on the disk at the start, by what came of them",
    label: "outcome",
    values: ["session", "tombstone", "damaged", "newer"],
  });
  return {
    persisted: (event) => {
      records.inc(event.records);
      bytes.inc(event.bytes);
      time.observe(toSeconds(event.tookMs));
    },
    "persist-failed": () => failures.inc(),
    restored: (event) => {
      restored.inc({ outcome: "session" }, event.sessions);
      restored.inc({ outcome: "tombstone" }, event.tombstones);
      restored.inc({ outcome: "damaged" }, event.damaged);
      restored.inc({ outcome: "newer" }, event.newer);
    },
  };
}

function counter(registry: Registry, name: string, help: string): Counter {
  return new Counter({ name: `session_mesh_${name}`, help, registers: [registry] });
}

function seconds(registry: Registry, name: string, help: string): Histogram {
  const buckets = SECONDS_BUCKETS;
  return new Histogram({ name: `session_mesh_${name}`, help, buckets, registers: [registry] });
}

/** A counter with one label, each of whose values is shown from the beginning, as 0. */
function labelled<Label extends string>(
  registry: Registry,
  name: string,
  { help, label, values }: { help: string; label: Label; values: readonly string[] },
): Counter<Label> {
  const registers = [registry];
  const made = new Counter({ name: `session_mesh_${name}`, help, labelNames: [label], registers });
  for (const value of values) made.inc({ [label]: value } as Record<Label, string>, 0);
  return made;
}

function toSeconds(ms: Millis): number {
  return Math.max(0, ms) / 1_000;
}
