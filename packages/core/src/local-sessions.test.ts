/** What an application may do to sessions on its own node, and what it is told. */
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "./config.js";
import type { EventBody } from "./events.js";
import { HLC_ZERO, type Hlc, hlcFromMillis } from "./hlc.js";
import type { NodeId } from "./ids.js";
import { type LocalCommit, LocalSessions } from "./local-sessions.js";
import { diff } from "./session/document.js";
import { sessionId, START_MS, TableNode } from "./session/model/table.suite.js";
import type { Item } from "./session-state.js";

const S = sessionId(1);
const OTHER = sessionId(2);
const DAY = 86_400_000;

function bench(limits: Partial<Limits> = {}) {
  const node = new TableNode(11, limits);
  const pushed: Item[] = [];
  const events: EventBody[] = [];
  let hlc: Hlc = HLC_ZERO;
  const config = {
    ...{ cluster: "shop", node: "a" as NodeId, writer: node.writer, address: "", seeds: [] },
    ...{ digestKey: [1, 2] as const, limits: { ...DEFAULT_LIMITS, ...limits } },
  };
  const local = new LocalSessions({
    config,
    table: node.table,
    wallMs: () => node.nowMs,
    meshMs: () => node.nowMs,
    hlc: () => hlc,
    sawClock: (seen) => (hlc = seen > hlc ? seen : hlc),
    push: (item) => pushed.push(item),
    emit: (event) => events.push(event),
  });
  /** Commits `change` as a request does. */
  const write = (
    change: (value: Record<string, unknown>) => void,
    more: Partial<LocalCommit> = {},
  ) => {
    const read = local.read(S);
    const { value, base } = read.status === "found" ? read : local.blank();
    change(value as Record<string, unknown>);
    const operations = diff(base, value, { bytesMax: 1e6 });
    return local.commit(S, { operations, birth: {}, ...more });
  };
  return { local, node, pushed, events, write, clock: () => hlc };
}

describe("reading", () => {
  test("says what is there, or why nothing is", () => {
    const { local, node, write } = bench();
    expect(local.read(S)).toEqual({ status: "absent" });
    expect(local.blank().value).toEqual({});
    write((value) => (value["n"] = 1));
    const read = local.read(S);
    expect(read).toMatchObject({ status: "found", value: { n: 1 }, createdAtMs: START_MS });
    node.nowMs += DEFAULT_LIMITS.idleMs * 1.05;
    expect(local.read(S)).toEqual({ status: "expired" });
    local.destroy(S, {});
    expect(local.read(S)).toEqual({ status: "destroyed", regeneratedAtMs: 0 });
    local.destroy(OTHER, { regenerated: true });
    expect(local.read(OTHER)).toEqual({ status: "destroyed", regeneratedAtMs: node.nowMs });
  });

  test("P4: what seems idle is there again once it is touched, wherever that was", () => {
    const { local, node, write } = bench({ idleMs: 60_000 });
    write((value) => (value["n"] = 1));
    node.nowMs += 100_000;
    expect(local.read(S).status).toBe("expired");
    expect(local.touch(S)).toMatchObject({ status: "committed" });
    expect(local.read(S).status).toBe("found");
    node.nowMs += 31 * DAY;
    expect([local.read(S).status, local.touch(S).status]).toEqual(["expired", "gone"]);
  });
});

describe("committing", () => {
  test("is numbered and pushed; the first one brings the whole envelope", () => {
    const { pushed, write } = bench();
    expect(write((value) => (value["n"] = 1))).toEqual({ status: "committed", seq: 1, rev: 1 });
    expect(write((value) => (value["n"] = 2))).toEqual({ status: "committed", seq: 2, rev: 2 });
    expect(pushed[0]).toMatchObject({ kind: "delta", fields: { createdAtMs: START_MS } });
    expect(pushed[1]).toMatchObject({ kind: "delta", fields: {}, commit: { rev: 2 } });
  });

  test("nothing is a touch, and a touch is a write only where a quantum moved", () => {
    const { pushed, write, node } = bench({ idleMs: 60_000 });
    write((value) => (value["n"] = 1));
    expect(write(() => {})).toEqual({ status: "unchanged" });
    node.nowMs += 3_000;
    expect(write(() => {})).toEqual({ status: "committed", seq: 2, rev: 0 });
    expect(pushed[1]).toMatchObject({ fields: { touchedAtMs: node.nowMs }, commit: undefined });
    expect(write(() => {}, { idleMs: 90_000 })).toMatchObject({ status: "committed", rev: 2 });
    expect(write(() => {}, { idleMs: 90_000 }).status).not.toBe("gone");
  });

  test("M2: goes above the last one, also where that wrote fields alone", () => {
    const { local, node, write } = bench();
    write((value) => (value["n"] = 1));
    const clocks = ["ada", "bob", "eve"].map((value) => {
      const fields = new Map([["user", { join: "last", value }]] as const);
      expect(local.commit(S, { operations: [], fields }).status).toBe("committed");
      return local.describe(S)?.fields.get("user")?.stamp.hlc ?? 0;
    });
    expect(node.table.get(S)?.hlcMax).toBe(clocks[2]);
    expect(new Set(clocks).size).toBe(3);
  });

  test("M9: to what is not there without a birth, or is dead, is gone and pushes nothing", () => {
    const { local, pushed, node, write } = bench();
    expect(local.commit(S, { operations: [] })).toEqual({ status: "gone" });
    write((value) => (value["n"] = 1));
    local.destroy(S, {});
    expect(write((value) => (value["n"] = 2))).toEqual({ status: "gone" });
    expect(local.touch(S)).toEqual({ status: "gone" });
    expect(local.destroy(S, {})).toEqual({ status: "gone" });
    expect(pushed).toHaveLength(2);
    local.commit(OTHER, { operations: [], birth: { absoluteMs: 1_000 } });
    node.nowMs += 1_000;
    expect(local.commit(OTHER, { operations: [], idleMs: 5, birth: {} })).toEqual({
      status: "gone",
    });
  });

  test("M2: is above the wall clock, the node's clock, and every clock in the session", () => {
    const { node, write, pushed, clock } = bench();
    const ahead = new TableNode(22);
    ahead.nowMs += DAY / 2;
    node.integrate(ahead.write(S, (value) => (value["n"] = "ahead")));
    write((value) => (value["n"] = "mine"));
    expect(node.read(S)).toEqual({ n: "mine" });
    const [item] = pushed;
    const hlc = item?.kind === "delta" ? (item.commit?.hlc ?? 0) : 0;
    expect(hlc).toBeGreaterThan(hlcFromMillis(START_MS + DAY / 2));
    expect(clock()).toBe(hlc);
  });
});

describe("limits", () => {
  test("P14: at the limit of bytes growth is refused, shrinking and logging out are not", () => {
    const { local, write, events } = bench({ sessionsBytesMax: 5_000 });
    write((value) => (value["text"] = "x".repeat(6_000)));
    const full = { status: "full", limit: "sessionsBytesMax" };
    expect(write((value) => (value["more"] = 1))).toEqual(full);
    expect(local.commit(OTHER, { operations: [], birth: {} })).toEqual(full);
    expect(events).toContainEqual(
      expect.objectContaining({ type: "limit-refused", limit: "sessionsBytesMax" }),
    );
    expect(local.touch(S).status).toBe("unchanged");
    const shrink = { isShrinking: true };
    expect(write((value) => (value["text"] = "x"), shrink)).toMatchObject({ status: "committed" });
    for (let i = 0; i < 200; i++) write((value) => (value["text"] = `${i}`), shrink);
    expect(write((value) => (value["more"] = 1))).toMatchObject({ status: "committed" });
    expect(local.destroy(S, {})).toMatchObject({ status: "committed" });
  });

  test("P14: at the limit of sessions creating is refused, what lives goes on", () => {
    const { local, write } = bench({ sessionsMax: 1 });
    write((value) => (value["n"] = 1));
    const full = { status: "full", limit: "sessionsMax" };
    expect(local.commit(OTHER, { operations: [], birth: {} })).toEqual(full);
    expect(local.read(OTHER)).toEqual({ status: "absent" });
    expect(write((value) => (value["n"] = 2))).toMatchObject({ status: "committed" });
    local.destroy(S, {});
    expect(local.commit(OTHER, { operations: [], birth: {} })).toMatchObject({
      status: "committed",
    });
  });

  test("P14: at the limits of sessions and of bytes at once growth is refused all the same", () => {
    const { write, events } = bench({ sessionsMax: 1, sessionsBytesMax: 5_000 });
    write((value) => (value["text"] = "x".repeat(6_000)));
    const full = { status: "full", limit: "sessionsBytesMax" };
    expect(write((value) => (value["more"] = 1))).toEqual(full);
    expect(events.map((event) => event.type)).toContain("limit-refused");
  });

  test("P14: a refusal tells how much of what there is too much of", () => {
    const { local, events, write } = bench({ sessionsMax: 1 });
    write((value) => (value["n"] = 1));
    local.commit(OTHER, { operations: [], birth: {} });
    const refused = { type: "limit-refused", limit: "sessionsMax", value: 1 };
    expect(events).toContainEqual(refused);
  });

  test("P14: at the limit of tombstones logging out goes on", () => {
    const { local } = bench({ tombstonesMax: 1 });
    for (const session of [S, OTHER]) expect(local.destroy(session, {}).status).toBe("committed");
    const full = { status: "full", limit: "tombstonesMax" };
    expect(local.commit(sessionId(3), { operations: [], birth: {} })).toEqual(full);
  });
});

test("M13: what was not held can be destroyed, for as long as it could have lived", () => {
  const { local, pushed, events } = bench();
  expect(local.destroy(S, { regenerated: true })).toEqual({ status: "committed", seq: 1, rev: 0 });
  const absoluteExpiresAtMs = START_MS + DEFAULT_LIMITS.absoluteMs;
  expect(pushed).toEqual([
    { kind: "tombstone", session: S, absoluteExpiresAtMs, regeneratedAtMs: START_MS },
  ]);
  expect(events).toEqual([{ type: "session-destroyed", session: S, origin: "a", law: "M13" }]);
});

describe("looking", () => {
  test("shows what is held by reference, expired or not, and when it ends by agreement", () => {
    const { local, node, write } = bench();
    expect(local.look(S)).toEqual({ status: "absent" });
    const absoluteExpiresAtMs = START_MS + 50 * DAY;
    write((value) => (value["n"] = 1), { birth: { absoluteExpiresAtMs, idleMs: DAY } });
    const look = local.look(S);
    expect(look).toMatchObject({ status: "held", lifetime: "live", absoluteExpiresAtMs });
    node.nowMs += 2 * DAY;
    const later = local.look(S);
    expect(later).toMatchObject({ status: "held", lifetime: "idle-expired" });
    const roots = [look, later].map((each) => (each.status === "held" ? each.root : undefined));
    expect(roots[0]?.fields.get("n")?.own).toEqual({ kind: "scalar", value: 1 });
    expect(roots[1]).toBe(roots[0]);
    local.destroy(S, {});
    expect(local.look(S)).toEqual({ status: "destroyed", regeneratedAtMs: 0 });
  });

  test("P3: what was not held stays destroyed for as long as its maker says it can live", () => {
    const { local, pushed } = bench();
    const absoluteExpiresAtMs = START_MS + 60 * DAY;
    local.destroy(S, { absoluteExpiresAtMs });
    expect(pushed).toMatchObject([{ kind: "tombstone", absoluteExpiresAtMs }]);
  });
});
