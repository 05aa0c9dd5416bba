/**
 * A node's status as gauges: what it holds and whom it knows at the moment of a scrape, and how full
 * each of its bounds is.
 *
 * Not here: what happened in between (event-metrics.ts).
 */
import type { Limits, MemberState, ReplicaStatus } from "@session-mesh/core";
import { Gauge, type Registry } from "prom-client";
import type { Mesh } from "../mesh.js";

const STATES: readonly MemberState[] = ["alive", "suspect", "down", "left", "gone"];

type Fills = Readonly<Partial<Record<keyof Limits, number>>>;

/** Registers the gauges, and returns what sets them all from one picture of the node. */
export function createStatusMetrics(registry: Registry, mesh: Mesh): () => void {
  const show = [
    nodeGauges(registry, mesh),
    memberGauges(registry),
    sessionGauges(registry),
    storageGauges(registry),
    fillGauges(registry, mesh.limits),
  ];
  return () => {
    const status = mesh.status();
    for (const set of show) set(status);
  };
}

type Setter = (status: ReplicaStatus) => void;

function nodeGauges(registry: Registry, mesh: Mesh): Setter {
  const info = gauge(registry, "info", { help: "Always 1; names the node", labels: ["node"] });
  info.set({ node: mesh.node }, 1);
  const ready = gauge(registry, "ready", { help: "1 where the node may have traffic" });
  const alive = gauge(registry, "alive", { help: "0 once the node met a bug of its own" });
  const joined = gauge(registry, "joined", { help: "1 once it was linked to another member" });
  const draining = gauge(registry, "draining", { help: "1 while and after it drains" });
  const clockSafe = gauge(registry, "clock_safe", { help: "0 where the clock is too far off" });
  const clockOffset = gauge(registry, "clock_offset_seconds", {
    help: "The median of own and peers' clocks, as seen from the own one",
  });
  return (status) => {
    ready.set(Number(mesh.readiness().ready));
    alive.set(Number(mesh.isAlive));
    joined.set(Number(status.hasJoined));
    draining.set(Number(status.isDraining));
    clockSafe.set(Number(status.isClockSafe));
    clockOffset.set(status.clockOffsetMs / 1_000);
  };
}

function memberGauges(registry: Registry): Setter {
  const members = gauge(registry, "members", {
    help: "Other members that this node knows, by their state",
    labels: ["state"],
  });
  const linked = gauge(registry, "peers_linked", { help: "Members with an open link" });
  const refusals = gauge(registry, "refusals_standing", { help: "Refusals not yet cleared up" });
  const unconfirmed = gauge(registry, "unconfirmed_changes_max", {
    help: "Changes made here that the slowest linked peer has not confirmed",
  });
  return (status) => {
    const others = status.members.filter(({ isSelf }) => !isSelf);
    for (const state of STATES) {
      members.set({ state }, others.filter((member) => member.state === state).length);
    }
    const peers = others.filter(({ isLinked }) => isLinked);
    linked.set(peers.length);
    refusals.set(status.refusals.length);
    unconfirmed.set(Math.max(0, ...peers.map(({ ackedSeq = 0 }) => status.seq - ackedSeq)));
  };
}

function sessionGauges(registry: Registry): Setter {
  const sessions = gauge(registry, "sessions", {
    help: "Sessions held: hot ones as live documents, cold ones as bytes",
    labels: ["kind"],
  });
  const tombstones = gauge(registry, "tombstones", { help: "Proofs that a session was destroyed" });
  const bytes = gauge(registry, "sessions_bytes", { help: "Bytes of sessions held, about" });
  return (status) => {
    sessions.set({ kind: "hot" }, status.sessions.hot);
    sessions.set({ kind: "cold" }, status.sessions.cold);
    tombstones.set(status.sessions.tombstones);
    bytes.set(status.sessions.bytes);
  };
}

function storageGauges(registry: Registry): Setter {
  const waiting = gauge(registry, "store_waiting_sessions", {
    help: "Sessions that changed since they were stored",
  });
  const failing = gauge(registry, "store_failing", { help: "1 while the disk fails" });
  return ({ storage }) => {
    waiting.set(storage.waiting);
    failing.set(Number(storage.isFailing));
  };
}

function fillGauges(registry: Registry, limits: Limits): Setter {
  const fill = gauge(registry, "limit_fill_ratio", {
    help: "How full a bound is, 1 at its brim; per peer: the fullest",
    labels: ["limit"],
  });
  return (status) => {
    for (const [limit, ratio] of Object.entries(fillsOf(status, limits))) {
      fill.set({ limit }, ratio);
    }
  };
}

function fillsOf(status: ReplicaStatus, limits: Limits): Fills {
  const { hot, cold, tombstones, bytes } = status.sessions;
  const inFlightBytes = status.members.map((member) => member.inFlightBytes ?? 0);
  return {
    sessionsMax: (hot + cold) / limits.sessionsMax,
    sessionsBytesMax: bytes / limits.sessionsBytesMax,
    tombstonesMax: tombstones / limits.tombstonesMax,
    hotSessionsMax: hot / limits.hotSessionsMax,
    membersMax: status.members.length / limits.membersMax,
    changeLogEntriesMax: status.logFill.entries,
    changeLogBytesMax: status.logFill.bytes,
    pushWindowBytesMax: Math.max(...inFlightBytes) / limits.pushWindowBytesMax,
    ackWaitersMax: status.ackWaiterCount / limits.ackWaitersMax,
    pullsMax: status.pullCount / limits.pullsMax,
    persistBatchBytesMax: status.storage.inFlightBytes / limits.persistBatchBytesMax,
    tokenWaitersMax: status.tokenWaiterCount / limits.tokenWaitersMax,
  };
}

function gauge<Label extends string = never>(
  registry: Registry,
  name: string,
  { help, labels = [] }: { help: string; labels?: readonly Label[] },
): Gauge<Label> {
  const registers = [registry];
  return new Gauge({ name: `session_mesh_${name}`, help, labelNames: labels, registers });
}
