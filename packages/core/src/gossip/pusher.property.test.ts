/** Two pushers on a link that breaks at any moment: everything arrives, and an ack is a promise. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../config.js";
import type { EventBody } from "../events.js";
import type { NodeId, SessionId, WriterId } from "../ids.js";
import type { Item, WholeItem } from "../session-state.js";
import type { Message } from "../wire/messages.js";
import { Pusher } from "./pusher.js";

const [A, B] = ["a", "b"] as unknown as [NodeId, NodeId];
const WRITERS = { a: 1 as WriterId, b: 2 as WriterId };

/** A change of a toy session: `revs` is all that was written to it, the last one new. */
interface Toy {
  readonly session: SessionId;
  readonly rev: number;
}

/** A node whose sessions are counters: a delta applies only to the one before it. */
class ToyNode {
  readonly revs = new Map<string, number>();
  readonly sent: Message[] = [];
  readonly fetched: SessionId[] = [];
  readonly events: EventBody[] = [];
  audits = 0;
  wholesTaken = 0;
  readonly pusher: Pusher;

  constructor(limits: Partial<Limits>) {
    this.pusher = new Pusher({
      limits: { ...DEFAULT_LIMITS, ...limits },
      send: (_peer, message) => this.sent.push(message),
      emit: (event) => this.events.push(event),
      scheduleFlush: () => {},
      standingOf: () => ({ isTrusted: true, isDraining: false }),
      wholeItem: (session) => this.whole(session),
      integrate: (_peer, item) => this.#integrate(item),
      fetch: (_peer, session) => this.fetched.push(session),
      needsAudit: () => (this.audits += 1),
      confirmablePoint: () => 0,
      isConfirmable: () => true,
      isStorageStuck: () => false,
      acked: () => {},
    });
  }

  write(session: string): void {
    const rev = (this.revs.get(session) ?? 0) + 1;
    this.revs.set(session, rev);
    this.pusher.push(toItem({ session: session as SessionId, rev }, "delta"));
  }

  /** A third node wrote, and only this one has heard of it. */
  hear(session: string): void {
    this.revs.set(session, (this.revs.get(session) ?? 0) + 1);
  }

  whole(session: SessionId): WholeItem | undefined {
    this.wholesTaken += 1;
    const rev = this.revs.get(session);
    return rev === undefined ? undefined : (toItem({ session, rev }, "state") as WholeItem);
  }

  #integrate(item: Item): "ok" | "gap" {
    const rev = item.kind === "tombstone" ? 0 : revOf(item);
    const have = this.revs.get(item.session) ?? 0;
    if (item.kind === "delta" && rev > have + 1) return "gap";
    this.revs.set(item.session, Math.max(have, rev));
    return "ok";
  }
}

function toItem({ session, rev }: Toy, kind: "delta" | "state"): Item {
  const update = Uint8Array.of(rev);
  if (kind === "state") return { kind, session, update } as unknown as Item;
  return { kind, session, fields: {}, commit: { rev, update } } as unknown as Item;
}

function revOf(item: Exclude<Item, { kind: "tombstone" }>): number {
  return item.kind === "state" ? (item.update[0] ?? 0) : (item.commit?.rev ?? 0);
}

/** A link that delivers one message at a time, in order. */
class Bench {
  readonly a: ToyNode;
  readonly b: ToyNode;

  constructor(limits: Partial<Limits> = {}) {
    this.a = new ToyNode(limits);
    this.b = new ToyNode(limits);
  }

  connect(): void {
    this.a.pusher.peerUp(B, WRITERS.b);
    this.b.pusher.peerUp(A, WRITERS.a);
  }

  /** The link breaks: what is under way is lost. */
  reset(): void {
    for (const [node, peer] of [
      [this.a, B],
      [this.b, A],
    ] as const) {
      node.pusher.peerDown(peer);
      node.sent.length = 0;
      node.fetched.length = 0;
    }
    this.connect();
  }

  deliver(to: "a" | "b"): boolean {
    const [from, at, peer] =
      to === "b" ? ([this.a, this.b, A] as const) : ([this.b, this.a, B] as const);
    const message = from.sent.shift();
    if (message?.type === "push") at.pusher.onPush(peer, message);
    else if (message?.type === "ack") at.pusher.onAck(peer, message.seq);
    else if (message?.type === "resume") at.pusher.onResume(peer, message.haveSeq);
    return message !== undefined;
  }

  /** The answer to a fetch arrives. */
  fill(to: "a" | "b"): boolean {
    const [from, at, peer] =
      to === "b" ? ([this.a, this.b, A] as const) : ([this.b, this.a, B] as const);
    const session = at.fetched.shift();
    if (session === undefined) return false;
    at.revs.set(session, Math.max(at.revs.get(session) ?? 0, from.revs.get(session) ?? 0));
    at.pusher.gapFilled(peer, session);
    return true;
  }

  settle(): void {
    for (let i = 0; i < 10_000; i++) {
      this.a.pusher.fireFlush(B);
      this.b.pusher.fireFlush(A);
      const isBusy = [this.deliver("b"), this.deliver("a"), this.fill("a"), this.fill("b")];
      if (!isBusy.includes(true)) return;
    }
    expect.unreachable("the two never come to rest");
  }
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("write x", "write y", "write z") },
  { weight: 1, arbitrary: fc.constantFrom("third x", "third y") },
  { weight: 8, arbitrary: fc.constantFrom("deliver a", "deliver b") },
  { weight: 1, arbitrary: fc.constantFrom("fill a", "fill b") },
  { weight: 1, arbitrary: fc.constant("reset") },
);

const tiny = fc.record({
  changeLogEntriesMax: fc.integer({ min: 3, max: 30 }),
  changeLogBytesMax: fc.integer({ min: 200, max: 3_000 }),
  pushWindowBytesMax: fc.integer({ min: 100, max: 1_000 }),
  pushBatchBytesMax: fc.integer({ min: 100, max: 1_000 }),
});

describe("pushing", () => {
  test("P1, P8: everything arrives whatever breaks, and nothing is confirmed before it is there", () => {
    let gapCount = 0;
    let [confirmations, audits] = [0, 0];
    fc.assert(
      fc.property(tiny, fc.array(step, { maxLength: 120, size: "max" }), (limits, steps) => {
        const bench = new Bench(limits);
        bench.connect();
        // What b held of a's sessions when a's nth change was made.
        const owed: { session: string; rev: number }[] = [];
        const check = (): void => {
          owed.forEach(({ session, rev }, i) => {
            if (!bench.a.pusher.hasConfirmed(B, i + 1)) return;
            confirmations += 1;
            expect(bench.b.revs.get(session) ?? 0).toBeGreaterThanOrEqual(rev);
          });
          const acked = bench.a.pusher.ackedBy(B) ?? 0;
          expect(acked).toBeLessThanOrEqual(bench.a.pusher.headSeq);
        };
        for (const each of steps) {
          const [verb, what = ""] = each.split(" ");
          if (verb === "write") {
            bench.a.write(what);
            owed.push({ session: what, rev: bench.a.revs.get(what) ?? 0 });
          } else if (verb === "third") bench.a.hear(what);
          else if (verb === "fill") bench.fill(what as "a" | "b");
          else if (verb === "reset") bench.reset();
          else bench.deliver(what as "a" | "b");
          check();
        }
        bench.settle();
        check();
        expect(bench.a.pusher.ackedBy(B)).toBe(bench.a.pusher.headSeq);
        const gaps = bench.b.events.filter(({ type }) => type === "gap-found");
        gapCount += gaps.length;
        audits += bench.a.audits;
      }),
      { numRuns: 200 },
    );
    expect(gapCount).toBeGreaterThan(0);
    expect(confirmations).toBeGreaterThan(1_000);
    expect(audits).toBeGreaterThan(20);
  });

  test("a peer that comes back goes on where it was", () => {
    const bench = new Bench();
    bench.connect();
    for (let i = 0; i < 10; i++) bench.a.write("x");
    bench.settle();
    bench.reset();
    bench.settle();
    bench.a.write("x");
    bench.a.write("x");
    expect(bench.a.sent).toEqual([]);
    bench.a.pusher.fireFlush(B);
    expect(bench.a.sent).toMatchObject([
      { type: "push", fromSeqExclusive: 10, toSeqInclusive: 12 },
    ]);
  });

  test("what is written as a node stops is sent, since no timer fires any more", () => {
    const bench = new Bench();
    bench.connect();
    bench.settle();
    bench.a.write("x");
    bench.a.pusher.flushAll();
    expect(bench.a.sent).toMatchObject([{ type: "push", toSeqInclusive: 1 }]);
  });

  test("a peer that comes back empty gets everything again", () => {
    const bench = new Bench();
    bench.connect();
    for (let i = 0; i < 10; i++) bench.a.write("x");
    bench.settle();
    bench.a.pusher.peerDown(B);
    bench.a.pusher.peerUp(B, 3 as WriterId);
    bench.a.pusher.onResume(B, 0);
    expect(bench.a.sent.at(-1)).toMatchObject({ type: "push", fromSeqExclusive: 0 });
  });

  test("what is unacknowledged stays within the window", () => {
    const bench = new Bench({ pushWindowBytesMax: 500, pushBatchBytesMax: 200 });
    bench.connect();
    bench.deliver("a");
    for (let i = 0; i < 100; i++) bench.a.write(`s${i}`);
    bench.a.pusher.fireFlush(B);
    expect(bench.a.sent.filter(({ type }) => type === "push").length).toBeLessThan(8);
    bench.settle();
    expect(bench.b.revs.size).toBe(100);
  });

  test("a peer whose deltas were dropped gets whole sessions, each once", () => {
    const bench = new Bench({ changeLogBytesMax: 300, syncChunkBytesMax: 100 });
    for (let i = 0; i < 50; i++) bench.a.write(i % 2 ? "x" : "y");
    bench.connect();
    bench.settle();
    expect(bench.a.wholesTaken).toBe(2);
    const started = bench.a.events.find(({ type }) => type === "catch-up-started");
    expect(started).toMatchObject({ rung: "states" });
    expect(bench.b.revs).toEqual(bench.a.revs);
  });

  test("a peer that missed many changes to few sessions gets these whole, though the log kept all", () => {
    const bench = new Bench();
    for (let i = 0; i < 50; i++) bench.a.write(i % 2 ? "x" : "y");
    bench.connect();
    bench.settle();
    const started = bench.a.events.find(({ type }) => type === "catch-up-started");
    expect(started).toMatchObject({ rung: "states" });
    expect(bench.a.wholesTaken).toBe(2);
    expect(bench.b.revs).toEqual(bench.a.revs);
    expect(bench.a.pusher.hasConfirmed(B, 50)).toBe(true);
    bench.a.write("x");
    bench.settle();
    expect(bench.a.wholesTaken).toBe(2);
    expect(bench.b.revs).toEqual(bench.a.revs);
  });

  test("P9: a newcomer is not sent a whole log of sessions, which comes in bulk, but audited", () => {
    const bench = new Bench({ changeLogBytesMax: 300 });
    for (let i = 0; i < 1_200; i++) bench.a.write(`s${i}`);
    bench.connect();
    bench.settle();
    const started = bench.a.events.find(({ type }) => type === "catch-up-started");
    expect(started).toMatchObject({ rung: "audit" });
    expect(bench.a.audits).toBe(1);
    expect(bench.b.revs.size).toBeLessThan(100);
    expect(bench.a.pusher.hasConfirmed(B, 1)).toBe(false);
    expect(bench.a.pusher.hasConfirmed(B, 1_200)).toBe(true);
  });

  test("P1: what fell out of the log is confirmed by no acknowledgement, on this link or the next", () => {
    const bench = new Bench({ changeLogEntriesMax: 3 });
    for (let i = 0; i < 10; i++) bench.a.write(`s${i}`);
    bench.connect();
    bench.settle();
    expect(bench.a.audits).toBe(1);
    expect(bench.a.pusher.ackedBy(B)).toBe(10);
    const confirmed = (): boolean[] =>
      [1, 7, 8, 10].map((seq) => bench.a.pusher.hasConfirmed(B, seq));
    expect(confirmed()).toEqual([false, false, true, true]);
    bench.reset();
    bench.settle();
    expect(confirmed()).toEqual([false, false, true, true]);
    expect(bench.a.pusher.ackers().map((acker) => acker.hasConfirmed(7))).toEqual([false]);
    // Another process there begins anew, and what it lacks is pushed or left out again.
    bench.a.pusher.peerDown(B);
    bench.a.pusher.peerUp(B, 3 as WriterId);
    bench.a.pusher.onResume(B, 0);
    expect(bench.a.audits).toBe(2);
    expect(bench.a.pusher.hasConfirmed(B, 1)).toBe(false);
  });

  test("acknowledgements of what was never sent are ignored", () => {
    const bench = new Bench();
    bench.connect();
    bench.settle();
    bench.a.write("x");
    bench.a.pusher.onAck(B, 99);
    expect(bench.a.pusher.ackedBy(B)).toBe(0);
    bench.a.pusher.onAck("stranger" as NodeId, 1);
    bench.b.pusher.onPush("stranger" as NodeId, {
      ...{ type: "push", fromSeqExclusive: 0, toSeqInclusive: 1, items: [] },
    });
    expect(bench.b.sent).toEqual([]);
  });
});
