/** The table of sessions: what counts, what is refused at the brim, and what is dropped when. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeltaItem } from "../session-state.js";
import { sessionId, START_MS, TableNode } from "./model/table.suite.js";

const S = sessionId(1);
const DAY = 86_400_000;

/** Writes `change` to a session of a new node, and gives both. */
function nodeWith(change: (value: Record<string, unknown>) => void): TableNode {
  const node = new TableNode(11);
  node.write(S, change);
  return node;
}

describe("bytes", () => {
  test("P14: what a request wrote counts at once, though the session is still a live document", () => {
    const node = nodeWith((value) => (value["text"] = "x".repeat(100_000)));
    expect(node.table.counts).toMatchObject({ hot: 1, cold: 0 });
    expect(node.table.counts.bytes).toBeGreaterThan(100_000);
    const full = new TableNode(11, { sessionsBytesMax: 50_000 });
    expect(full.table.limitReached()).toBeUndefined();
    full.write(S, (value) => (value["text"] = "x".repeat(100_000)));
    expect(full.table.limitReached()).toBe("sessionsBytesMax");
  });

  test("P14: shrinking a live document makes room at once, or soon", () => {
    const node = nodeWith((value) => (value["text"] = "x".repeat(100_000)));
    for (let i = 0; i < 1_000; i++) node.write(S, (value) => (value["text"] = "x".repeat(100 + i)));
    expect(node.table.counts.bytes).toBeLessThan(5_000);
  });

  test("what peers push to a session that is bytes counts before it is folded into them", () => {
    const [author, node] = [new TableNode(22), new TableNode(33, { coldDeltasMax: 50 })];
    for (let i = 0; i < 20; i++) {
      node.integrate(author.write(S, (value) => (value[`k${i}`] = "x".repeat(500))));
    }
    expect(node.table.counts).toMatchObject({ hot: 0, cold: 1 });
    expect(node.table.counts.bytes).toBeGreaterThan(10_000);
  });

  test("what is written over again and again does not add up", () => {
    const node = nodeWith(() => {});
    for (let i = 0; i < 2_000; i++) node.write(S, (value) => (value["at"] = i));
    expect(node.table.counts.bytes).toBeLessThan(120 + 2_500);
  });

  test("they are about the same hot and cold, and nothing when nothing is held", () => {
    const node = new TableNode(11, { hotSessionsMax: 3 });
    for (let i = 0; i < 10; i++)
      node.write(sessionId(i), (value) => (value["n"] = "x".repeat(1_000)));
    expect(node.table.counts).toMatchObject({ hot: 3, cold: 7 });
    expect(node.table.counts.bytes).toBeGreaterThan(11_000);
    expect(node.table.counts.bytes).toBeLessThan(13_000);
    for (const held of node.table.sessions()) node.table.use(held);
    expect(node.table.counts.bytes).toBeGreaterThan(11_000);
    for (let i = 0; i < 10; i++) node.destroy(sessionId(i));
    expect(node.table.counts).toEqual({ hot: 0, cold: 0, tombstones: 10, bytes: 0 });
  });
});

describe("limits", () => {
  test("P14: at the brim merging goes on, whatever the limit", () => {
    const limits = { sessionsMax: 1, sessionsBytesMax: 1, tombstonesMax: 1, hotSessionsMax: 1 };
    const [node, other] = [new TableNode(11, limits), new TableNode(22)];
    node.write(S, (value) => (value["n"] = 1));
    expect(node.table.limitReached()).toBe("sessionsBytesMax");
    for (let i = 2; i < 8; i++) {
      const item = other.write(sessionId(i), (value) => (value["n"] = i));
      const whole = other.table.toItem(sessionId(i));
      expect(node.integrate(i % 2 === 0 || !whole ? item : whole)).toBe("applied");
      expect(node.integrate(other.write(sessionId(i), (value) => (value["more"] = i)))).toBe(
        "applied",
      );
    }
    for (let i = 2; i < 8; i++) expect(node.integrate(other.destroy(sessionId(i)))).toBe("applied");
    expect(node.table.counts).toMatchObject({ tombstones: 6 });
    node.destroy(S);
    expect(node.table.limitReached()).toBe("tombstonesMax");
    expect(new TableNode(11, { tombstonesMax: 1 }).table.limitReached()).toBeUndefined();
  });
});

describe("merging", () => {
  test("a birth that is malformed leaves nothing behind", () => {
    const item = nodeWith((value) => (value["n"] = 1));
    const birth = new TableNode(22).write(S, (value) => (value["n"] = 1));
    const broken = { ...birth, commit: { ...birth.commit, update: Uint8Array.of(1, 2, 3) } };
    const node = new TableNode(33);
    expect(node.integrate(broken as DeltaItem)).toBe("rejected");
    expect(node.table.get(S)).toBeUndefined();
    expect(node.sums.count).toBe(0);
    expect(node.table.counts.bytes).toBe(0);
    expect(item.sums.count).toBe(1);
    expect(node.integrate(birth)).toBe("applied");
    expect(node.read(S)).toEqual({ n: 1 });
  });

  test("a change to a session that is not held is a gap, unless it begins one", () => {
    const author = new TableNode(22);
    const birth = author.write(S, (value) => (value["n"] = 1));
    const second = author.write(S, (value) => (value["m"] = 2));
    const node = new TableNode(33);
    expect(node.integrate(second)).toBe("gap");
    author.nowMs += DAY / 2;
    const held = author.table.get(S);
    expect(node.integrate((held && author.table.touch(held, author.nowMs)) as DeltaItem)).toBe(
      "gap",
    );
    expect(node.table.get(S)).toBeUndefined();
    expect(node.integrate(birth)).toBe("applied");
    expect(node.integrate(birth)).toBe("known");
    expect(node.integrate(second)).toBe("applied");
    expect(node.read(S)).toEqual({ n: 1, m: 2 });
  });

  test("a change whose author saw what is missing here is a gap, or half of a thing would show", () => {
    const [first, second, node] = [new TableNode(22), new TableNode(33), new TableNode(44)];
    const birth = first.write(S, (value) => (value["cart"] = { items: [1] }));
    const push = first.write(S, (value) => (value["cart"] as { items: number[] }).items.push(2));
    for (const item of [birth, push]) second.integrate(item);
    const late = second.write(S, (value) => (value["total"] = 2));
    expect([birth, late].map((item) => node.integrate(item))).toEqual(["applied", "gap"]);
    expect(node.read(S)).toEqual({ cart: { items: [1] } });
    expect([push, late].map((item) => node.integrate(item))).toEqual(["applied", "applied"]);
    expect(node.read(S)).toEqual({ cart: { items: [1, 2] }, total: 2 });
  });

  test("M11: a session merges the same hot and cold, and goes hot and cold without a change", () => {
    const step = fc.record({ who: fc.nat(1), key: fc.nat(3), whole: fc.boolean() });
    const property = fc.property(
      fc.array(step, { minLength: 1, size: "max", maxLength: 30 }),
      (steps) => {
        const authors = [new TableNode(22), new TableNode(33)] as const;
        const hot = new TableNode(44);
        const cold = new TableNode(55, { coldDeltasMax: 3 });
        steps.forEach(({ who, key, whole }, i) => {
          const [author, other] = who === 0 ? authors : ([authors[1], authors[0]] as const);
          const item = author.write(S, (value) => (value[`k${key}`] = i));
          const news = (whole && author.table.toItem(S)) || item;
          const verdicts = [hot, cold].map((node) => node.integrate(news));
          expect(verdicts[0]).toBe(verdicts[1]);
          if (key === 0) other.syncFrom(author);
          const held = hot.table.get(S);
          if (held) hot.table.use(held);
          expect(cold.table.counts.hot).toBe(0);
          expect(hot.sums.toArray()).toEqual(cold.sums.toArray());
        });
        expect(hot.read(S)).toEqual(cold.read(S));
      },
    );
    fc.assert(property, { numRuns: 30 });
  });
});

describe("collecting", () => {
  const limits = { idleMs: 60_000, absoluteMs: 10 * DAY, clockMarginMs: 60_000 };
  const everywhere = (): boolean => true;
  const nowhere = (): boolean => false;

  function aged(ageMs: number): TableNode {
    const node = new TableNode(11, limits);
    node.write(S, (value) => (value["n"] = 1));
    node.nowMs += ageMs;
    return node;
  }

  test("P4: what is idle-expired stays until no member could revive it", () => {
    const node = aged(DAY);
    node.table.collect(node.nowMs, nowhere);
    expect(node.table.get(S)).toBeDefined();
    node.table.collect(node.nowMs, everywhere);
    expect(node.table.get(S)).toBeUndefined();
    expect(node.sums.count).toBe(0);
    const collected = { type: "session-collected", session: S, reason: "idle" };
    expect(node.events).toContainEqual(collected);
  });

  test("P4: within the clock margin of its idle time nothing is dropped", () => {
    const lifeMs = 60_000 + limits.clockMarginMs;
    const node = aged(lifeMs - 1);
    node.table.collect(node.nowMs, everywhere);
    expect(node.table.get(S)).toBeDefined();
    // Touches are rounded up to a quantum of 3 s.
    node.table.collect(node.nowMs + 3_001, everywhere);
    expect(node.table.get(S)).toBeUndefined();
  });

  test("P4: none outlives its absolute lifetime by more than the margin, touched or not", () => {
    const node = aged(10 * DAY);
    const held = node.table.get(S);
    if (held) node.table.touch(held, node.nowMs);
    node.table.collect(node.nowMs + limits.clockMarginMs - 1, nowhere);
    expect(node.table.get(S)).toBeDefined();
    node.table.collect(node.nowMs + limits.clockMarginMs, nowhere);
    expect(node.table.get(S)).toBeUndefined();
    const collected = { type: "session-collected", session: S, reason: "absolute" };
    expect(node.events).toContainEqual(collected);
  });

  test("P3: a tombstone goes twice the margin after the absolute lifetime, when all copies are dead", () => {
    const node = aged(1_000);
    const copy = node.table.toItem(S);
    node.destroy(S);
    const endMs = START_MS + 10 * DAY;
    node.table.collect(endMs + 2 * limits.clockMarginMs - 1, everywhere);
    expect(node.table.counts.tombstones).toBe(1);
    node.table.collect(endMs + 2 * limits.clockMarginMs, everywhere);
    expect(node.table.counts.tombstones).toBe(0);
    expect(node.sums.count).toBe(0);
    expect(node.sums.root()).toEqual(new TableNode(1).sums.root());
    // A copy that comes back now is dead by its own envelope.
    if (copy) node.integrate(copy);
    node.table.collect(endMs + 2 * limits.clockMarginMs, nowhere);
    expect(node.table.get(S)).toBeUndefined();
  });

  test("P3: a tombstone outlives every copy, though its maker knew of none", () => {
    const node = new TableNode(11, { ...limits, absoluteMs: DAY });
    const other = new TableNode(22, limits);
    other.write(S, (value) => (value["n"] = 1));
    other.integrate(node.destroy(S));
    expect(other.table.tombstone(S)?.absoluteExpiresAtMs).toBe(START_MS + 10 * DAY);
    node.syncFrom(other);
    expect(node.sums.toArray()).toEqual(other.sums.toArray());
  });
});
