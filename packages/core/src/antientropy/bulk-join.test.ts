/** P9: a joining node is filled by several at once, whoever of them dies, is slow or says nothing. */
import { describe, expect, test } from "vitest";
import type { EventBody } from "../events.js";
import { type NodeId, PARTITION_COUNT, type SessionId } from "../ids.js";
import { sessionId, TableNode } from "../session/model/table.suite.js";
import type { AuditMessage, Message, RangedMessage, RangeMessage } from "../wire/messages.js";
import { BulkJoin } from "./bulk-join.js";
import { RangeDonor } from "./range-donor.js";

const LIMITS = { rangeChunkBytesMax: 1_500 };
const COUNT = 600;

/** A joining node with what it asked for, told and was told to compare. */
class Joiner extends TableNode {
  readonly asked: { readonly peer: NodeId; readonly range: RangeMessage }[] = [];
  readonly told: EventBody[] = [];
  readonly audited: NodeId[] = [];
  readonly answered: NodeId[] = [];
  readonly linked = new Set<NodeId>();
  readonly doubted = new Set<NodeId>();
  isLeaving = false;
  readonly join: BulkJoin = new BulkJoin({
    limits: this.limits,
    elapsedMs: () => this.nowMs,
    send: (peer, message) => {
      if (message.type === "range") this.asked.push({ peer, range: message });
    },
    emit: (event) => this.told.push(event),
    heldCount: () => this.sums.count,
    isDonor: (peer) => this.linked.has(peer) && !this.doubted.has(peer),
    linkedPeers: () => [...this.linked],
    isLeaving: () => this.isLeaving,
    integrate: (_peer, item) => {
      this.integrate(item);
    },
    answerAudit: (peer) => this.answered.push(peer),
    audit: (peer) => this.audited.push(peer),
    finished: () => {},
  });

  link(...peers: NodeId[]): void {
    for (const peer of peers) {
      this.linked.add(peer);
      this.join.peerUp(peer);
    }
  }

  unlink(peer: NodeId): void {
    this.linked.delete(peer);
    this.join.peerDown(peer);
  }

  /** Time passes in steps as long as a tick's. */
  wait(ms: number): void {
    for (let left = ms; left > 0; left -= 250) {
      this.nowMs += 250;
      this.join.tick();
    }
  }

  get finished(): EventBody | undefined {
    return this.told.find(({ type }) => type === "join-finished");
  }
}

/** A node that holds sessions, and what it gave. */
class Giver extends TableNode {
  readonly given: RangedMessage[] = [];
  isJoining = false;
  readonly donor: RangeDonor = new RangeDonor({
    limits: this.limits,
    send: (_peer, message: Message) => {
      if (message.type === "ranged") this.given.push(message);
    },
    elementsOf: (partition) => this.table.elementsOf(partition),
    wholeItem: (session) => this.table.toItem(session),
    isJoining: () => this.isJoining,
  });

  answer(range: RangeMessage): RangedMessage {
    this.donor.onRange("joiner" as NodeId, range);
    return this.given.at(-1) as RangedMessage;
  }
}

const NAMES = ["a", "b", "c"] as unknown as [NodeId, NodeId, NodeId];
const [A, B, C] = NAMES;
const AUDIT: AuditMessage = { type: "audit", round: 1, a: 1, b: 1, count: 1 };

function cluster(count = COUNT) {
  const givers = new Map(NAMES.map((name, i) => [name, new Giver(i + 1, LIMITS)]));
  const first = givers.get(A) as Giver;
  for (let i = 0; i < count; i++) {
    const item = first.write(sessionId(i), (value) => (value["n"] = i));
    for (const [name, giver] of givers) if (name !== A) giver.integrate(item);
  }
  return { joiner: new Joiner(99, LIMITS), givers, first };
}

/** Answers what was asked, oldest first, until nothing is or `step` says stop. */
function run(
  { joiner, givers }: ReturnType<typeof cluster>,
  step: (at: { peer: NodeId; index: number }) => "answer" | "ignore" | "stop" = () => "answer",
): void {
  for (let index = 0; joiner.asked.length > 0; index++) {
    const [next] = joiner.asked;
    if (!next) return;
    const verdict = step({ peer: next.peer, index });
    if (verdict === "stop") return;
    joiner.asked.shift();
    if (verdict === "ignore" || !joiner.linked.has(next.peer)) continue;
    const answer = givers.get(next.peer)?.answer(next.range);
    if (answer) joiner.join.onRanged(next.peer, answer);
  }
}

function expectWhole({ joiner, first }: ReturnType<typeof cluster>): void {
  expect(joiner.sums.toArray()).toEqual(first.sums.toArray());
}

describe("P9: a node that holds nothing", () => {
  test("is filled by all donors, each with a part, and nothing comes twice but what was on its way", () => {
    const mesh = cluster();
    mesh.joiner.link(A, B, C);
    run(mesh);
    expectWhole(mesh);
    const parts = [...mesh.givers.values()].map(({ given }) => given.length);
    expect(Math.min(...parts)).toBeGreaterThan(5);
    expect(mesh.joiner.finished).toMatchObject({ outcome: "complete" });
    const { sessions } = mesh.joiner.finished as { sessions: number };
    expect(sessions).toBeGreaterThanOrEqual(COUNT);
    expect(sessions).toBeLessThan(COUNT * 1.2);
    expect(mesh.joiner.audited.sort()).toEqual([A, B, C]);
    expect(mesh.joiner.join.isJoining).toBe(false);
  });

  test("tells its progress in a few steps that only go up", () => {
    const mesh = cluster();
    mesh.joiner.link(A, B);
    run(mesh);
    const done = mesh.joiner.told.flatMap((event) =>
      event.type === "join-progress" ? [event.partitionsDone] : [],
    );
    expect(mesh.joiner.told[0]).toEqual({ type: "join-started", donors: 1 });
    expect(done.length).toBeGreaterThan(3);
    expect(done.length).toBeLessThanOrEqual(16);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(PARTITION_COUNT);
  });

  test("P12: has four chunks in flight from a donor, and one from who never answered", () => {
    const mesh = cluster();
    mesh.joiner.link(A);
    expect(mesh.joiner.asked).toHaveLength(1);
    run(mesh, ({ index }) => (index < 8 ? "answer" : "stop"));
    expect(mesh.joiner.asked).toHaveLength(4);
    for (const { items } of mesh.givers.get(A)?.given ?? []) expect(items.length).toBeLessThan(20);
  });

  test("P3: takes logouts as well, and a copy does not come back over one that is known", () => {
    const mesh = cluster();
    mesh.joiner.destroy(sessionId(5));
    for (const giver of mesh.givers.values()) giver.destroy(sessionId(7));
    mesh.joiner.link(A, B);
    run(mesh);
    expect(mesh.joiner.table.get(sessionId(5))).toBeUndefined();
    expect(mesh.joiner.table.tombstone(sessionId(5))).toBeDefined();
    expect(mesh.joiner.table.tombstone(sessionId(7))).toBeDefined();
  });

  test("asks one question of a cluster that is as empty", () => {
    const mesh = cluster(0);
    mesh.joiner.link(A);
    run(mesh);
    expect(mesh.givers.get(A)?.given).toHaveLength(1);
    expect(mesh.joiner.finished).toMatchObject({ outcome: "complete", sessions: 0 });
  });
});

describe("what a donor leaves undone goes to another", () => {
  test("when it dies half way", () => {
    const mesh = cluster();
    mesh.joiner.link(A, B, C);
    run(mesh, ({ index }) => {
      if (index === 9) mesh.joiner.unlink(B);
      if (index === 15) mesh.joiner.unlink(C);
      return "answer";
    });
    expectWhole(mesh);
    expect(mesh.joiner.finished).toMatchObject({ outcome: "complete" });
  });

  test("when it is suspected or leaves, which the next tick sees; its audit is answered then", () => {
    const mesh = cluster();
    mesh.joiner.link(A, B);
    mesh.joiner.join.onAudit(B, AUDIT);
    run(mesh, ({ index }) => (index < 10 ? "answer" : "stop"));
    expect(mesh.joiner.answered).toEqual([]);
    mesh.joiner.doubted.add(B);
    mesh.joiner.wait(250);
    expect(mesh.joiner.answered).toEqual([B]);
    run(mesh, ({ peer }) => (peer === B ? "ignore" : "answer"));
    expectWhole(mesh);
  });

  test("when it never answers, as one of an older version", () => {
    const mesh = cluster();
    mesh.joiner.link(A, B);
    run(mesh, ({ peer }) => (peer === A ? "ignore" : "answer"));
    expect(mesh.joiner.finished).toBeUndefined();
    mesh.joiner.wait(500);
    run(mesh);
    expectWhole(mesh);
    expect(mesh.givers.get(A)?.given).toEqual([]);
    expect(mesh.joiner.finished).toMatchObject({ outcome: "complete" });
  });

  test("when it is the last one waited for, and slow, though it answers now and then", () => {
    const mesh = cluster();
    mesh.joiner.link(A, B);
    run(mesh, ({ peer, index }) => (peer === A && index > 8 ? "ignore" : "answer"));
    expect(mesh.joiner.finished).toBeUndefined();
    mesh.joiner.wait(500);
    run(mesh, ({ peer }) => (peer === A ? "ignore" : "answer"));
    expectWhole(mesh);
  });

  test("when it goes backwards, or sends nothing without an end", () => {
    for (const last of [sessionId(0), "-".repeat(22) as SessionId]) {
      const mesh = cluster();
      mesh.joiner.link(A, B);
      const [first] = mesh.joiner.asked.splice(0, 1);
      const request = first?.range.request ?? 0;
      const answer = { type: "ranged", request, isGiven: true, last } as const;
      mesh.joiner.join.onRanged(A, { ...answer, items: [] });
      run(mesh);
      expectWhole(mesh);
      expect(mesh.givers.get(A)?.given).toEqual([]);
    }
  });

  test("when it is joining itself", () => {
    const mesh = cluster();
    (mesh.givers.get(A) as Giver).isJoining = true;
    mesh.joiner.link(A, B);
    run(mesh);
    expect(mesh.givers.get(A)?.given).toEqual([expect.objectContaining({ isGiven: false })]);
    expectWhole(mesh);
  });
});

describe("with nobody left to ask", () => {
  test("the join ends at once, and audits go on", () => {
    const mesh = cluster();
    mesh.joiner.link(A);
    mesh.joiner.join.onAudit(A, AUDIT);
    mesh.joiner.wait(1_250);
    expect(mesh.joiner.finished).toMatchObject({ outcome: "incomplete", sessions: 0 });
    expect(mesh.joiner.answered).toEqual([A]);
    mesh.joiner.join.onAudit(A, AUDIT);
    expect(mesh.joiner.answered).toEqual([A, A]);
  });

  test("a join that broke off goes on where it was when someone comes", () => {
    const mesh = cluster();
    mesh.joiner.link(A);
    run(mesh, ({ index }) => (index < 12 ? "answer" : "stop"));
    const before = mesh.joiner.sums.count;
    expect(before).toBeGreaterThan(100);
    mesh.joiner.unlink(A);
    mesh.joiner.asked.length = 0;
    expect(mesh.joiner.finished).toMatchObject({ outcome: "incomplete" });
    mesh.joiner.link(B);
    run(mesh);
    expectWhole(mesh);
    expect(mesh.joiner.told.at(-1)).toMatchObject({ outcome: "complete" });
    const given = mesh.givers.get(B)?.given.flatMap(({ items }) => items) ?? [];
    expect(given.length).toBeLessThan(COUNT - before + 60);
  });

  test("a node that stood still itself blames nobody for it", () => {
    const mesh = cluster();
    mesh.joiner.link(A);
    mesh.joiner.nowMs += 5_000;
    mesh.joiner.join.tick();
    expect(mesh.joiner.finished).toBeUndefined();
    run(mesh);
    expectWhole(mesh);
  });
});

test("P12: a donor that gives a grain at a time for ever holds audits up for minutes only", () => {
  const mesh = cluster(1);
  mesh.joiner.link(A);
  const tombstone = { kind: "tombstone", absoluteExpiresAtMs: 1, regeneratedAtMs: 0 } as const;
  for (let i = 0; i < 2_000 && !mesh.joiner.finished; i++) {
    const [next] = mesh.joiner.asked.splice(0, 1);
    const last = `A${String(i).padStart(21, "0")}` as SessionId;
    const items = [{ ...tombstone, session: last }];
    const answer = { type: "ranged", isGiven: true, last, items } as const;
    mesh.joiner.join.onRanged(A, { ...answer, request: next?.range.request ?? 0 });
    mesh.joiner.wait(250);
    mesh.joiner.asked.splice(1);
  }
  expect(mesh.joiner.finished).toMatchObject({ outcome: "incomplete" });
  expect(mesh.joiner.finished).toHaveProperty("durationMs", 300_250);
  expect(mesh.joiner.audited).toEqual([A]);
});

describe("no bulk is asked for", () => {
  test("by a node that holds much, or was compared with another", () => {
    const [much, compared] = [cluster(), cluster()];
    for (let i = 0; i < 1_001; i++) much.joiner.write(sessionId(i), () => {});
    compared.joiner.write(sessionId(1), () => {});
    compared.joiner.join.proved();
    for (const { joiner } of [much, compared]) {
      joiner.link(A, B);
      expect(joiner.asked).toEqual([]);
      expect(joiner.told).toEqual([]);
    }
  });

  test("by a node that is about to go", () => {
    const mesh = cluster();
    mesh.joiner.link(A);
    run(mesh, ({ index }) => (index < 5 ? "answer" : "stop"));
    mesh.joiner.isLeaving = true;
    mesh.joiner.wait(250);
    expect(mesh.joiner.finished).toMatchObject({ outcome: "incomplete" });
    mesh.joiner.asked.length = 0;
    mesh.joiner.link(B);
    expect(mesh.joiner.asked).toEqual([]);
  });

  test("answers to what was not asked are not taken", () => {
    const mesh = cluster();
    const whole = { type: "range", fromInclusive: 0, toExclusive: 256, after: undefined } as const;
    const answer = (mesh.givers.get(A) as Giver).answer({ ...whole, request: 1 });
    mesh.joiner.join.onRanged(A, answer);
    mesh.joiner.link(B);
    mesh.joiner.join.onRanged(A, answer);
    mesh.joiner.join.onRanged(B, { ...answer, request: 77 });
    expect(mesh.joiner.sums.count).toBe(0);
  });
});
