/** P7: a node may go when every peer that stays has confirmed everything, and says so only then. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Drain } from "./drain.js";
import type { EventBody } from "./events.js";
import type { NodeId } from "./ids.js";
import type { DrainOutcome, Ticket } from "./runtime.js";

const [A, B] = ["a", "b"] as unknown as [NodeId, NodeId];
const FIRST = 1 as Ticket;

function bench(peers: readonly NodeId[] = [A, B]) {
  const state = { nowMs: 1_000, targets: [...peers], mayReturn: false, acked: new Set(peers) };
  const settled = new Map<number, DrainOutcome>();
  const audits: NodeId[] = [];
  const deadlines: number[] = [];
  const events: EventBody[] = [];
  const drain = new Drain({
    elapsedMs: () => state.nowMs,
    emit: (event) => events.push(event),
    settle: (ticket, outcome) => settled.set(ticket, outcome),
    scheduleDeadline: (_ticket, delayMs) => deadlines.push(delayMs),
    targets: () => state.targets,
    mayReturn: () => state.mayReturn,
    hasAcked: (peer) => state.acked.has(peer),
    audit: (peer) => audits.push(peer),
    sessionCount: () => 7,
  });
  /** A round with `peer` that began now ends. */
  const confirm = (peer: NodeId): void =>
    drain.audited(peer, { isComplete: true, startedAtMs: state.nowMs });
  return { drain, state, settled, audits, deadlines, events, confirm };
}

const confirmed = { kind: "drain", confirmed: true, peers: 2, soleHeldCount: 0 };

describe("a drain is confirmed", () => {
  test("when a thorough round with each peer has ended that began after it", () => {
    const { drain, settled, audits, confirm, deadlines, events } = bench();
    drain.start(FIRST, 25_000);
    expect(audits).toEqual([A, B]);
    expect(deadlines).toEqual([25_000]);
    confirm(A);
    expect(settled.size).toBe(0);
    confirm(B);
    expect(settled.get(FIRST)).toEqual(confirmed);
    expect(events.map(({ type }) => type)).toEqual(["drain-started", "drain-finished"]);
  });

  test("not by a round that began before it, nor by one that was given up: they are made again", () => {
    const { drain, state, settled, audits, confirm } = bench([A]);
    drain.start(FIRST, 25_000);
    drain.audited(A, { isComplete: true, startedAtMs: state.nowMs - 1 });
    drain.audited(A, { isComplete: false, startedAtMs: state.nowMs });
    expect(settled.size).toBe(0);
    expect(audits).toEqual([A, A, A]);
    confirm(A);
    expect(settled.get(FIRST)).toMatchObject({ confirmed: true });
  });

  test("not before every own change is acknowledged, one made meanwhile too", () => {
    const { drain, state, settled, confirm } = bench([A]);
    drain.start(FIRST, 25_000);
    state.acked.delete(A);
    confirm(A);
    drain.review();
    expect(settled.size).toBe(0);
    state.acked.add(A);
    drain.review();
    expect(settled.get(FIRST)).toMatchObject({ confirmed: true });
  });

  test("by a peer that comes too, and not by one that came back empty", () => {
    const { drain, state, settled, audits, confirm } = bench([A]);
    drain.start(FIRST, 25_000);
    state.targets = [A, B];
    state.acked.add(B);
    confirm(A);
    expect(settled.size).toBe(0);
    drain.peerDown(A);
    confirm(B);
    expect(settled.size).toBe(0);
    expect(audits).toEqual([A, B, A]);
    confirm(A);
    expect(settled.get(FIRST)).toEqual(confirmed);
  });

  test("without a peer that leaves or is lost, but by another audit if it is back", () => {
    const { drain, state, settled, audits, confirm } = bench();
    drain.start(FIRST, 25_000);
    state.targets = [A];
    drain.review();
    state.targets = [A, B];
    drain.review();
    expect(audits).toEqual([A, B, B]);
    state.targets = [A];
    confirm(A);
    expect(settled.get(FIRST)).toEqual({ ...confirmed, peers: 1 });
  });
});

describe("a drain is not confirmed", () => {
  test("at its deadline: it says how much nobody else is known to hold", () => {
    const { drain, settled, confirm } = bench();
    drain.start(FIRST, 25_000);
    drain.fireDeadline(FIRST);
    expect(settled.get(FIRST)).toEqual({
      ...confirmed,
      confirmed: false,
      soleHeldCount: 7,
    });
    drain.start(2 as Ticket, 25_000);
    confirm(A);
    drain.fireDeadline(2 as Ticket);
    expect(settled.get(2)).toEqual({ ...confirmed, confirmed: false });
  });

  test("where there is nobody, and at once unless a doubted peer may be back", () => {
    const alone = bench([]);
    alone.drain.start(FIRST, 25_000);
    const nobody = { kind: "drain", confirmed: false, peers: 0, soleHeldCount: 7 };
    expect(alone.settled.get(FIRST)).toEqual(nobody);
    const doubting = bench([]);
    doubting.state.mayReturn = true;
    doubting.drain.start(FIRST, 25_000);
    expect(doubting.settled.size).toBe(0);
    doubting.state.mayReturn = false;
    doubting.drain.review();
    expect(doubting.settled.get(FIRST)).toEqual(nobody);
  });

  test("twice: a ticket is settled once, and its late deadline says nothing", () => {
    const { drain, settled, events, confirm } = bench([A]);
    drain.start(FIRST, 25_000);
    drain.start(2 as Ticket, 10);
    confirm(A);
    expect([...settled.keys()].sort()).toEqual([1, 2]);
    settled.clear();
    drain.fireDeadline(FIRST);
    drain.peerDown(A);
    drain.review();
    expect(settled.size).toBe(0);
    expect(events.filter(({ type }) => type === "drain-started")).toHaveLength(1);
  });
});

test("P7: whatever happens before, a confirmed drain has every peer's confirmation and acknowledgement", () => {
  const step = fc.record({
    do: fc.constantFrom(
      "audited",
      "old",
      "failed",
      "down",
      "join",
      "leave",
      "ack",
      "unack",
      "tick",
    ),
    peer: fc.constantFrom(A, B),
  });
  let confirmedCount = 0;
  const property = fc.property(fc.array(step, { size: "max", maxLength: 40 }), (steps) => {
    const { drain, state, settled } = bench([A]);
    const sure = new Set<NodeId>();
    state.acked.clear();
    drain.start(FIRST, 25_000);
    for (const { do: what, peer } of steps) {
      state.nowMs += 1;
      const isHere = state.targets.includes(peer);
      if (what === "audited" && isHere) sure.add(peer);
      if (what === "down") sure.delete(peer);
      if (what === "ack") state.acked.add(peer);
      if (what === "unack") state.acked.delete(peer);
      if (what === "leave" || what === "down")
        state.targets = state.targets.filter((x) => x !== peer);
      if (what === "join" && !isHere) state.targets.push(peer);
      const before = settled.size;
      const round = {
        isComplete: what !== "failed",
        startedAtMs: what === "old" ? 0 : state.nowMs,
      };
      if (what === "down") drain.peerDown(peer);
      else if (["audited", "old", "failed"].includes(what) && isHere) drain.audited(peer, round);
      else drain.review();
      if (settled.size === before) continue;
      const { confirmed: isConfirmed } = settled.get(FIRST) as DrainOutcome;
      expect(isConfirmed).toBe(state.targets.length > 0);
      if (!isConfirmed) continue;
      confirmedCount += 1;
      for (const target of state.targets) {
        expect(sure.has(target) && state.acked.has(target)).toBe(true);
      }
    }
  });
  fc.assert(property, { numRuns: 300 });
  expect(confirmedCount).toBeGreaterThan(20);
});
