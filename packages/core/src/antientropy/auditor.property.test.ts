/** Two auditors between two sets: a round repairs any difference, and moves nothing else. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../config.js";
import type { NodeId, SessionId } from "../ids.js";
import { partitionOf } from "../ids.js";
import type { WholeItem } from "../session-state.js";
import type { Message } from "../wire/messages.js";
import type { FinishedRound } from "./audit-round.js";
import { type AuditElement, Auditor } from "./auditor.js";
import { PartitionSums } from "./partition-sums.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function sessionOf(index: number): SessionId {
  const first = ALPHABET.charAt((index * 7) % 64) + ALPHABET.charAt((index * 13) % 64);
  return `${first}${String(index).padStart(20, "0")}` as SessionId;
}

/** A toy table: a session is a number, copies merge to the larger. */
class ToyNode {
  readonly values = new Map<SessionId, number>();
  readonly changedAtMs = new Map<SessionId, number>();
  readonly expired = new Set<SessionId>();
  readonly settled = new Set<SessionId>();
  readonly sums = new PartitionSums();
  readonly sent: Message[] = [];
  readonly rounds: { readonly outcome: string; readonly isThorough: boolean }[] = [];
  partitionsListed = 0;
  equalPartitions: Set<number> | "all" | undefined;
  integrated = 0;
  nowMs = 1_000_000;
  isComparable = true;
  readonly auditor: Auditor;

  constructor() {
    this.auditor = new Auditor({
      limits: { ...DEFAULT_LIMITS, syncChunkBytesMax: 500 },
      sums: this.sums,
      elapsedMs: () => this.nowMs,
      send: (_peer, message) => this.sent.push(message),
      emit: () => {},
      elementsOf: (partition) => this.#elementsOf(partition),
      wholeItem: (session) => this.#whole(session),
      isExpired: (session) => this.expired.has(session),
      foundSameOrNone: (_peer, session) => this.settled.add(session),
      integrate: (_peer, item) => {
        this.integrated += 1;
        this.put(item.session, (item as unknown as { value: number }).value);
      },
      isComparable: () => this.isComparable,
      foundEqual: (_peer, differing) => {
        const all = this.sums.partitions();
        this.equalPartitions = differing
          ? new Set(all.filter((partition) => !differing.has(partition)))
          : "all";
      },
      finished: (_peer, round) => this.rounds.push(round),
    });
  }

  put(session: SessionId, value: number): void {
    const before = this.values.get(session);
    if (before !== undefined && before >= value) return;
    const old = before === undefined ? undefined : digestOf(session, before);
    this.sums.change(session, old, digestOf(session, value));
    this.values.set(session, value);
  }

  #elementsOf(partition: number): AuditElement[] {
    this.partitionsListed += 1;
    const inPartition = [...this.values].filter(([session]) => partitionOf(session) === partition);
    return inPartition.map(([session, value]) => {
      const changedAtMs = this.changedAtMs.get(session) ?? 0;
      return { session, digest: digestOf(session, value), changedAtMs };
    });
  }

  #whole(session: SessionId): WholeItem | undefined {
    const value = this.values.get(session);
    if (value === undefined) return undefined;
    return { kind: "state", session, value, update: new Uint8Array(100) } as unknown as WholeItem;
  }
}

function digestOf(session: SessionId, value: number): { a: number; b: number } {
  const index = Number(session.slice(2));
  const mixed = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(value + 1, 0x85ebca6b);
  return { a: mixed >>> 0, b: Math.imul(mixed, 0xc2b2ae35) >>> 0 };
}

const [A, B] = ["a", "b"] as unknown as [NodeId, NodeId];

function exchange(a: ToyNode, b: ToyNode): void {
  for (let i = 0; i < 100_000; i++) {
    const toB = a.sent.shift();
    const toA = b.sent.shift();
    if (toB) give(b, A, toB);
    if (toA) give(a, B, toA);
    if (!toA && !toB) return;
  }
  expect.unreachable("the exchange never ends");
}

function give({ auditor }: ToyNode, peer: NodeId, message: Message): void {
  if (message.type === "audit") auditor.onAudit(peer, message);
  else if (message.type === "partitions") auditor.onPartitions(peer, message);
  else if (message.type === "list") auditor.onList(peer, message);
  else if (message.type === "listed") auditor.onListed(peer, message);
  else if (message.type === "sync") auditor.onSync(peer, message.request, message.items);
  else if (message.type === "synced") auditor.onSynced(peer, message.request);
}

function pair(left: ReadonlyMap<number, number>, right: ReadonlyMap<number, number>) {
  const [a, b] = [new ToyNode(), new ToyNode()];
  for (const [index, value] of left) a.put(sessionOf(index), value);
  for (const [index, value] of right) b.put(sessionOf(index), value);
  return { a, b };
}

const set = fc
  .array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 3 })), { maxLength: 60 })
  .map((entries) => new Map(entries));

describe("a thorough round", () => {
  test("P8: makes any two sets equal, and sends only what differs", () => {
    fc.assert(
      fc.property(set, set, (left, right) => {
        const { a, b } = pair(left, right);
        const lacks = (x: typeof left, y: typeof left): number =>
          [...y].filter(([index, value]) => (x.get(index) ?? -1) < value).length;
        const differs = [...new Set([...left.keys(), ...right.keys()])].filter(
          (index) => left.get(index) !== right.get(index),
        ).length;
        a.auditor.start(B, { thorough: true });
        exchange(a, b);
        expect(new Map([...a.values].sort())).toEqual(new Map([...b.values].sort()));
        expect(a.sums.root()).toEqual(b.sums.root());
        expect(a.integrated).toBeGreaterThanOrEqual(lacks(left, right));
        expect(a.integrated).toBeLessThanOrEqual(differs);
        expect(b.integrated).toBeLessThanOrEqual(differs);
        const outcome = differs === 0 ? "equal" : "repaired";
        expect(a.rounds).toEqual([expect.objectContaining({ outcome, isThorough: true })]);
        expect(a.auditor.isBusy).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("P4: both sides learn which partitions were equal", () => {
    fc.assert(
      fc.property(set, set, (left, right) => {
        const { a, b } = pair(left, right);
        const differing = new Set(a.sums.differing(b.sums.toArray()));
        const equal = a.sums.partitions().filter((partition) => !differing.has(partition));
        a.auditor.start(B, { thorough: true });
        exchange(a, b);
        const expected = differing.size === 0 ? "all" : new Set(equal);
        expect(a.equalPartitions).toEqual(expected);
        expect(b.equalPartitions).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  test("P7: compares what was changed a moment ago, and hands over what is dead here", () => {
    const { a, b } = pair(
      new Map([
        [1, 1],
        [2, 2],
      ]),
      new Map([[4, 4]]),
    );
    a.changedAtMs.set(sessionOf(1), a.nowMs);
    b.changedAtMs.set(sessionOf(4), b.nowMs);
    a.expired.add(sessionOf(2));
    b.expired.add(sessionOf(4));
    a.auditor.start(B, { thorough: true });
    exchange(a, b);
    expect([a.values.size, b.values.size]).toEqual([3, 3]);
  });

  test("hands over everything once where digests cannot be compared", () => {
    const { a, b } = pair(new Map([[1, 1]]), new Map([[2, 2]]));
    a.isComparable = false;
    a.auditor.start(B, { thorough: true });
    exchange(a, b);
    expect(b.values.size).toBe(2);
    expect(a.rounds).toEqual([expect.objectContaining({ outcome: "repaired" })]);
    a.auditor.start(B, { thorough: false });
    expect(a.rounds.at(-1)).toMatchObject({ outcome: "incomparable" });
  });
});

describe("a periodic round", () => {
  test("leaves out what was changed a moment ago, on either side", () => {
    const { a, b } = pair(
      new Map([[1, 1]]),
      new Map([
        [2, 2],
        [1, 0],
      ]),
    );
    a.changedAtMs.set(sessionOf(1), a.nowMs - 100);
    b.changedAtMs.set(sessionOf(2), b.nowMs - 100);
    a.auditor.start(B, { thorough: false });
    exchange(a, b);
    expect([a.integrated, b.integrated]).toEqual([0, 0]);
    a.nowMs += 3_000;
    b.nowMs += 3_000;
    a.auditor.start(B, { thorough: false });
    exchange(a, b);
    expect(a.values).toEqual(
      new Map([
        [sessionOf(1), 1],
        [sessionOf(2), 2],
      ]),
    );
  });

  test("P4: sends nothing dead to who lacks it, and both ends know that it is settled", () => {
    const { a, b } = pair(
      new Map([
        [1, 1],
        [3, 3],
      ]),
      new Map([
        [2, 2],
        [3, 3],
      ]),
    );
    for (const index of [1, 3]) a.expired.add(sessionOf(index));
    for (const index of [2, 3]) b.expired.add(sessionOf(index));
    a.auditor.start(B, { thorough: false });
    exchange(a, b);
    expect([a.integrated, b.integrated]).toEqual([0, 0]);
    expect(a.settled.has(sessionOf(1))).toBe(true);
    expect(b.settled.has(sessionOf(2))).toBe(true);
  });

  test("P4: repairs a copy that is dead here and alive there", () => {
    const { a, b } = pair(new Map([[1, 1]]), new Map([[1, 2]]));
    a.expired.add(sessionOf(1));
    a.auditor.start(B, { thorough: false });
    exchange(a, b);
    expect(a.values.get(sessionOf(1))).toBe(2);
  });
});

describe("a round that goes wrong", () => {
  test("is given up when the peer does not answer, or is lost", () => {
    const { a } = pair(new Map([[1, 1]]), new Map());
    a.auditor.start(B, { thorough: true });
    a.nowMs += DEFAULT_LIMITS.auditDeadlineMs + 1;
    a.auditor.tick();
    expect(a.rounds).toEqual([expect.objectContaining({ outcome: "abandoned" })]);
    a.auditor.start(B, { thorough: true });
    a.auditor.peerDown(B);
    expect(a.rounds).toHaveLength(2);
    expect(a.auditor.isBusy).toBe(false);
  });

  test("answers of another round or another peer change nothing", () => {
    const { a } = pair(new Map([[1, 1]]), new Map());
    a.auditor.start(B, { thorough: true });
    a.sent.length = 0;
    a.auditor.onPartitions("c" as NodeId, { type: "partitions", round: 1, sums: [] });
    a.auditor.onPartitions(B, { type: "partitions", round: 7, sums: [] });
    a.auditor.onListed(B, { type: "listed", round: 7, wanted: [sessionOf(1)], lacking: [] });
    expect(a.sent).toEqual([]);
    expect(a.auditor.isBusy).toBe(true);
  });

  test("P12: a list that names a partition a million times costs no more than one", () => {
    const { a } = pair(new Map([[1, 1]]), new Map());
    const partition = partitionOf(sessionOf(1));
    const partitions = Array.from({ length: 1_000_000 }, () => partition);
    const list = { type: "list", round: 1, isThorough: true, partitions } as const;
    a.auditor.onList(B, { ...list, entries: [], differing: [] });
    expect(a.partitionsListed).toBe(1);
  });
});
