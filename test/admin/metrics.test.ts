/** The metrics of real meshes, read over real HTTP: they agree with the status and with the events. */
import { once } from "node:events";
import { createMesh, type Event, type Mesh } from "session-mesh";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { startCluster, until, whenOver } from "../express/cluster.js";
import { ask, samples, startAdmin } from "./reader.js";

type EventOf<Type extends Event["type"]> = Extract<Event, { type: Type }>;

/** Every event from now on, as an admin that is created now hears them. */
function heard(mesh: Mesh): <Type extends Event["type"]>(type: Type) => EventOf<Type>[] {
  const events: Event[] = [];
  mesh.on("event", (event) => events.push(event));
  return <Type extends Event["type"]>(type: Type) =>
    events.filter((event): event is EventOf<Type> => event.type === type);
}

async function alone(limits: object = {}): Promise<Mesh> {
  const mesh = await createMesh({ limits });
  whenOver(() => mesh.close({ drain: false }));
  return mesh;
}

async function write(mesh: Mesh, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const session = mesh.sessions.create();
    session.value.n = n;
    await session.commit();
    ids.push(session.id);
  }
  return ids;
}

describe("what is counted", () => {
  test("agrees with the events, one by one and by type", async () => {
    const [a, b] = await startCluster({ nodes: 2 });
    const events = heard(b!.mesh);
    const { origin } = await startAdmin(b!.mesh);
    const [first, second] = await write(a!.mesh, 5);
    await until("b holds them", () => events("session-integrated").length >= 5);
    await b!.mesh.sessions.destroy(first!);
    await a!.mesh.sessions.destroy(second!);
    await b!.mesh.sessions.load("an-id-that-nobody-has");
    await write(b!.mesh, 3);
    const shown = await samples(origin);
    const types = ["session-integrated", "session-destroyed", "acks-settled", "pull-finished"];
    for (const type of [...types, "session-created", "session-committed"] as const) {
      const count = events(type as Event["type"]).length;
      expect(count).toBeGreaterThan(0);
      expect([type, shown.get(`events_total{type="${type}"}`)]).toEqual([type, count]);
    }
    const bytes = events("session-committed").reduce((sum, { deltaBytes }) => sum + deltaBytes, 0);
    expect(shown.get("delta_bytes_total")).toBe(bytes);
    expect(shown.get('sessions_destroyed_total{origin="node"}')).toBe(1);
    expect(shown.get('sessions_destroyed_total{origin="peer"}')).toBe(1);
    expect(shown.get('misses_total{outcome="absent"}')).toBe(1);
    expect(shown.get('misses_total{outcome="found"}')).toBe(0);
  });

  test("P1: acknowledgements and degradations, and how long they took", async () => {
    const [a, b] = await startCluster({ nodes: 2 });
    const events = heard(a!.mesh);
    const { origin } = await startAdmin(a!.mesh);
    await write(a!.mesh, 4);
    await b!.mesh.close({ drain: false });
    await until("it has gone", () => a!.mesh.status().members.every(({ isLinked }) => !isLinked));
    await write(a!.mesh, 2);
    const shown = await samples(origin);
    expect(shown.get('acks_settled_total{outcome="met"}')).toBe(4);
    expect(shown.get('acks_settled_total{outcome="degraded"}')).toBe(2);
    expect(shown.get("ack_wait_seconds_count")).toBe(6);
    const waitedMs = events("acks-settled").reduce((sum, event) => sum + event.waitedMs, 0);
    expect(shown.get("ack_wait_seconds_sum")).toBeCloseTo(waitedMs / 1_000, 9);
    expect(shown.get('member_changes_total{to="left"}')).toBe(1);
  });

  test("convergence lag, by the way a change came", async () => {
    const [a, b] = await startCluster({ nodes: 2 });
    const events = heard(b!.mesh);
    const { origin } = await startAdmin(b!.mesh);
    await write(a!.mesh, 10);
    await until("b has them", () => events("session-integrated").length >= 10);
    const shown = await samples(origin);
    expect(shown.get('convergence_lag_seconds_count{path="push"}')).toBe(10);
    expect(shown.get('convergence_lag_seconds_bucket{le="+Inf",path="push"}')).toBe(10);
    const lagMs = events("session-integrated").reduce((sum, event) => sum + event.lagMs, 0);
    expect(shown.get('convergence_lag_seconds_sum{path="push"}')).toBeCloseTo(lagMs / 1_000, 9);
  });

  test("P2: writes at the same time that a law decided", async () => {
    const nodes = await startCluster({ nodes: 2 });
    const [a, b] = nodes.map(({ mesh }) => mesh);
    const events = heard(b!);
    const { origin } = await startAdmin(b!);
    const [id] = await write(a!, 1);
    await until("b has it", () => b!.sessions.open(id!).status === "found");
    const handles = [a!, b!].map((mesh) => {
      const found = mesh.sessions.open(id!);
      if (found.status !== "found") throw new Error(found.status);
      found.session.value.n = mesh.node;
      return found.session;
    });
    await Promise.all(handles.map((handle) => handle.commit()));
    await until("a law decided", () => events("merged").length > 0);
    const shown = await samples(origin);
    for (const law of new Set(events("merged").map((merge) => merge.law))) {
      const count = events("merged").filter((merge) => merge.law === law).length;
      expect([law, shown.get(`merges_total{law="${law}"}`)]).toEqual([law, count]);
    }
  });

  test("P14: what a bound refused", async () => {
    const mesh = await alone({ sessionsMax: 2 });
    const { origin } = await startAdmin(mesh);
    await write(mesh, 2);
    const outcome = await mesh.sessions.create().commit();
    expect(outcome).toMatchObject({ status: "full", limit: "sessionsMax" });
    const shown = await samples(origin);
    expect(shown.get('limit_refusals_total{limit="sessionsMax"}')).toBe(1);
    expect(shown.get('limit_fill_ratio{limit="sessionsMax"}')).toBe(1);
  });

  test("P12: frames that no peer sends", async () => {
    const mesh = await alone();
    const { origin } = await startAdmin(mesh);
    const socket = new WebSocket(`${mesh.address}/session-mesh`);
    await once(socket, "open");
    socket.send(Buffer.from("what no peer sends"));
    await once(socket, "close");
    expect((await samples(origin)).get("frames_rejected_total")).toBe(1);
  });

  test("P12: who was refused", async () => {
    const mesh = await createMesh({ secret: "one secret of the tests", log: () => {} });
    whenOver(() => mesh.close({ drain: false }));
    const { origin } = await startAdmin(mesh);
    const stranger = await createMesh({
      secret: "another secret of them",
      seeds: [mesh.address],
      log: () => {},
    });
    whenOver(() => stranger.close({ drain: false }));
    const { origin: itsOrigin } = await startAdmin(stranger);
    await until("it is refused", async () => (await samples(origin)).has(REFUSED_BY_NODE));
    await until("it knows", async () => (await samples(itsOrigin)).get("refusals_standing") === 1);
    expect((await samples(origin)).get(REFUSED_BY_NODE)).toBeGreaterThan(0);
    expect((await samples(itsOrigin)).get("ready")).toBe(0);
  });
});

const REFUSED_BY_NODE = 'refusals_total{code="proof",by="node"}';

describe("what is held", () => {
  test("agrees with mesh.status()", async () => {
    const [a, b, c] = await startCluster({ nodes: 3, mesh: { limits: { hotSessionsMax: 4 } } });
    const { origin } = await startAdmin(b!.mesh);
    const ids = await write(b!.mesh, 10);
    await a!.mesh.sessions.destroy(ids[0]!);
    await c!.mesh.close({ drain: false });
    await until("it left", () => b!.mesh.status().members.some(({ state }) => state === "left"));
    const shown = await samples(origin);
    const { sessions, members, logFill } = b!.mesh.status();
    expect(sessions).toMatchObject({ tombstones: 1 });
    expect(sessions.hot + sessions.cold).toBe(9);
    expect(shown.get('sessions{kind="hot"}')).toBe(sessions.hot);
    expect(shown.get('sessions{kind="cold"}')).toBe(sessions.cold);
    expect(shown.get("tombstones")).toBe(1);
    expect(shown.get("sessions_bytes")).toBe(sessions.bytes);
    expect(shown.get("peers_linked")).toBe(members.filter(({ isLinked }) => isLinked).length);
    for (const state of ["alive", "suspect", "down", "left", "gone"]) {
      const count = members.filter((member) => !member.isSelf && member.state === state).length;
      expect([state, shown.get(`members{state="${state}"}`)]).toEqual([state, count]);
    }
    const { limits } = b!.mesh;
    const fill = (limit: string): number | undefined =>
      shown.get(`limit_fill_ratio{limit="${limit}"}`);
    expect(fill("hotSessionsMax")).toBe(sessions.hot / 4);
    expect(fill("sessionsMax")).toBe(9 / limits.sessionsMax);
    expect(fill("tombstonesMax")).toBe(1 / limits.tombstonesMax);
    expect(fill("membersMax")).toBe(3 / limits.membersMax);
    expect(fill("changeLogEntriesMax")).toBe(logFill.entries);
    expect(fill("changeLogBytesMax")).toBe(logFill.bytes);
    const others = ["pushWindowBytesMax", "ackWaitersMax", "pullsMax", "tokenWaitersMax"];
    for (const limit of [...others, "sessionsBytesMax"]) {
      expect(fill(limit)).toBeGreaterThanOrEqual(0);
    }
  });

  test("the push window fills while a peer has not confirmed", async () => {
    const [a] = await startCluster({ nodes: 2 });
    const session = a!.mesh.sessions.create();
    session.value.text = "x".repeat(100_000);
    const committing = session.commit();
    const peer = a!.mesh.status().members.find(({ isSelf }) => !isSelf);
    expect(peer?.inFlightBytes).toBeGreaterThan(100_000);
    await committing;
    await until("it is confirmed", () => {
      return a!.mesh.status().members.every(({ inFlightBytes = 0 }) => inFlightBytes === 0);
    });
  });

  test("several nodes in one process do not meet in one registry", async () => {
    const [a, b] = await startCluster({ nodes: 2 });
    const [ofA, ofB] = await Promise.all([startAdmin(a!.mesh), startAdmin(b!.mesh)]);
    const ids = await write(a!.mesh, 3);
    await until("b has them", () => b!.mesh.sessions.open(ids[2]!).status === "found");
    const shown = await Promise.all([samples(ofA.origin), samples(ofB.origin)]);
    expect(shown[0].get('events_total{type="session-committed"}')).toBe(3);
    expect(shown[1].get('events_total{type="session-committed"}')).toBeUndefined();
    expect(shown[0].get(`info{node="${a!.mesh.node}"}`)).toBe(1);
    expect(shown[1].get(`info{node="${b!.mesh.node}"}`)).toBe(1);
  });

  test("readiness, life, joining and draining are 0 or 1", async () => {
    const [a] = await startCluster({ nodes: 2 });
    const { origin } = await startAdmin(a!.mesh);
    const before = await samples(origin);
    const flags = ["ready", "alive", "joined", "draining", "clock_safe"];
    expect(flags.map((name) => before.get(name))).toEqual([1, 1, 1, 0, 1]);
    await a!.mesh.drain();
    const after = await samples(origin);
    expect(flags.map((name) => after.get(name))).toEqual([0, 1, 1, 1, 1]);
  });
});

test("an event loop that stood still shows in its delay, until the next scrape", async () => {
  const { origin } = await startAdmin(await alone());
  await samples(origin);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const untilMs = performance.now() + 150;
  while (performance.now() < untilMs);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const worst = 'event_loop_delay_seconds{quantile="1"}';
  expect((await samples(origin)).get(worst)).toBeGreaterThan(0.12);
});

test("the text is what Prometheus reads: every metric has a help and a type", async () => {
  const { origin } = await startAdmin(await alone());
  const { text, headers } = await ask(`${origin}/metrics`);
  expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  const named = (kind: string): string[] =>
    [...text.matchAll(new RegExp(`^# ${kind} (\\S+)`, "gm"))].map((match) => match[1] ?? "");
  expect(named("HELP")).toEqual(named("TYPE"));
  expect(named("HELP").every((name) => name.startsWith("session_mesh_"))).toBe(true);
});
