/** Waiting for acknowledgements: when a wait ends, and what it then promises. */
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../config.js";
import type { EventBody } from "../events.js";
import type { AckOutcome, Ticket } from "../runtime.js";
import { type Acker, Acks } from "./acks.js";

type Peer = { -readonly [K in keyof Acker]: Acker[K] } & { ackedSeq: number };

function peer(ackedSeq = 0): Peer {
  return {
    ackedSeq,
    isTrusted: true,
    isDraining: false,
    isLate: false,
    hasConfirmed(seq) {
      return this.ackedSeq >= seq;
    },
  };
}

function bench(peers: Peer[], limits = {}) {
  const settled = new Map<number, AckOutcome>();
  const delays: number[] = [];
  const events: EventBody[] = [];
  let nowMs = 1_000;
  const disk = { storedSeq: Number.POSITIVE_INFINITY };
  const acks = new Acks({
    limits: { ...DEFAULT_LIMITS, ...limits },
    elapsedMs: () => nowMs,
    ackers: () => peers,
    isStored: (seq) => seq <= disk.storedSeq,
    schedule: (delayMs) => delays.push(delayMs),
    settle: (ticket, outcome) => settled.set(ticket, outcome),
    emit: (event) => events.push(event),
  });
  const wait = (ticket: number, wanted: number | "all", seq = 5): AckOutcome | undefined => {
    acks.wait(ticket as Ticket, { seq, acks: wanted });
    return settled.get(ticket);
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    acks.fireDeadline();
  };
  return { acks, settled, delays, events, wait, pass, disk };
}

describe("P1: a wait ends", () => {
  test("at once when nothing is asked for, or enough have confirmed already", () => {
    const { wait } = bench([peer(5), peer(0)]);
    expect(wait(1, 0)).toEqual({ kind: "acks", acks: 1, degraded: false });
    expect(wait(2, 1)).toEqual({ kind: "acks", acks: 1, degraded: false });
    expect(wait(3, 2)).toBeUndefined();
  });

  test("when the last one needed confirms", () => {
    const peers = [peer(), peer()];
    const { wait, acks, settled } = bench(peers);
    expect(wait(1, 2)).toBeUndefined();
    (peers[0] as Peer).ackedSeq = 7;
    acks.review();
    expect(settled.size).toBe(0);
    (peers[1] as Peer).ackedSeq = 5;
    acks.review();
    expect(settled.get(1)).toEqual({ kind: "acks", acks: 2, degraded: false });
    expect(acks.waiterCount).toBe(0);
  });

  test("degraded, at once, when fewer than asked for can be waited for", () => {
    const suspect = { ...peer(), isTrusted: false };
    expect(bench([]).wait(1, 1)).toEqual({ kind: "acks", acks: 0, degraded: true });
    expect(bench([suspect]).wait(1, 1)).toEqual({ kind: "acks", acks: 0, degraded: true });
    expect(bench([peer(9), suspect]).wait(1, 2)).toMatchObject({ acks: 1, degraded: true });
  });

  test("degraded when the one waited for becomes suspect", () => {
    const only = peer();
    const { wait, acks, settled } = bench([only]);
    expect(wait(1, 1)).toBeUndefined();
    only.isTrusted = false;
    acks.review();
    expect(settled.get(1)).toMatchObject({ acks: 0, degraded: true });
  });

  test("degraded at its deadline, and the late peer is not waited for again until it answers", () => {
    const late = peer();
    const { wait, pass, settled, delays } = bench([late]);
    expect(wait(1, 1)).toBeUndefined();
    expect(delays).toEqual([100]);
    pass(99);
    expect(settled.size).toBe(0);
    pass(1);
    expect(settled.get(1)).toMatchObject({ acks: 0, degraded: true });
    expect(wait(2, 1)).toMatchObject({ degraded: true });
    late.isLate = false;
    expect(wait(3, 1)).toBeUndefined();
  });

  test("each at its own deadline, with one timer at a time", () => {
    const { acks, pass, settled, delays } = bench([peer()]);
    acks.wait(1 as Ticket, { seq: 1, acks: 1, deadlineMs: 300 });
    acks.wait(2 as Ticket, { seq: 1, acks: 1, deadlineMs: 50 });
    expect(delays).toEqual([300, 50]);
    pass(50);
    expect([...settled.keys()]).toEqual([2, 1]);
  });
});

describe("all", () => {
  test("P3: waits for every trusted peer, one that drains too, and for no suspect", () => {
    const drains = { ...peer(), isDraining: true };
    const peers = [peer(5), drains, { ...peer(), isTrusted: false }];
    const { wait, acks, settled } = bench(peers);
    expect(wait(1, "all")).toBeUndefined();
    drains.ackedSeq = 5;
    acks.review();
    expect(settled.get(1)).toEqual({ kind: "acks", acks: 1, degraded: false });
  });

  test("is met where there is nobody, and degraded where one is late", () => {
    expect(bench([]).wait(1, "all")).toEqual({ kind: "acks", acks: 0, degraded: false });
    const late = { ...peer(), isLate: true };
    expect(bench([peer(5), late]).wait(1, "all")).toMatchObject({ acks: 1, degraded: true });
  });
});

describe("P10: where the own copy must be stored", () => {
  test("a wait ends when it is, however many have confirmed, and however few were asked for", () => {
    const { wait, acks, settled, disk } = bench([peer(9)]);
    disk.storedSeq = 4;
    expect([wait(1, 1), wait(2, 0), wait(3, "all")]).toEqual([undefined, undefined, undefined]);
    disk.storedSeq = 5;
    acks.stored();
    expect([...settled.values()].map(({ degraded }) => degraded)).toEqual([false, false, false]);
  });

  test("it is degraded at its deadline, and none waits for that disk until it stores again", () => {
    const { wait, pass, acks, settled, disk } = bench([peer(9)]);
    disk.storedSeq = 4;
    expect(wait(1, 1)).toBeUndefined();
    pass(100);
    expect(settled.get(1)).toEqual({ kind: "acks", acks: 1, degraded: true });
    expect(wait(2, 1)).toMatchObject({ acks: 1, degraded: true });
    disk.storedSeq = 5;
    acks.stored();
    expect(wait(3, 1)).toMatchObject({ acks: 1, degraded: false });
    expect(wait(4, 1, 6)).toBeUndefined();
  });
});

test("P7: what a draining peer confirms is no promise", () => {
  const drains = { ...peer(9), isDraining: true };
  expect(bench([drains]).wait(1, 1)).toMatchObject({ acks: 0, degraded: true });
  expect(bench([drains, peer(9)]).wait(1, 1)).toMatchObject({ acks: 1, degraded: false });
});

test("waits that go on are timed anew, however many", () => {
  const both = [peer(), peer()];
  const { acks, pass, delays, settled } = bench(both, { ackWaitersMax: 140_000 });
  for (let i = 0; i < 140_000; i++) acks.wait(i as Ticket, { seq: 1, acks: 1, deadlineMs: 60 });
  pass(1);
  expect(settled.size).toBe(0);
  expect(delays).toEqual([60, 59]);
});

test("waits are bounded: one too many is answered at once, and said so", () => {
  const { wait, acks, events } = bench([peer()], { ackWaitersMax: 1 });
  expect(wait(1, 1)).toBeUndefined();
  expect(wait(2, 1)).toMatchObject({ degraded: true });
  expect(acks.waiterCount).toBe(1);
  expect(events).toContainEqual({ type: "limit-refused", limit: "ackWaitersMax", value: 1 });
});
