/** The table's invariants on random runs of three nodes whose news arrives in any order, or twice. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Item } from "../session-state.js";
import { sessionId, TableNode } from "./model/table.suite.js";

const SESSIONS = [1, 2, 3, 4, 65].map(sessionId);
const LIMITS = { hotSessionsMax: 2, coldDeltasMax: 2, idleMs: 60_000, absoluteMs: 600_000 };

/** What the table adds for a session beside its document. */
const RECORD_BYTES = 120;

const who = fc.nat(2);
const which = fc.nat(SESSIONS.length - 1);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("write"), who, which, key: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("touch", "idle", "read"), who, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("destroy", "regenerate"), who, which }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("deliver"), who, which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait"), who, which: fc.nat(40_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("collect", "sync"), who, which }) },
);

interface Step {
  readonly do: string;
  readonly who: number;
  readonly which: number;
  readonly key?: number;
}

interface News {
  readonly from: TableNode;
  readonly item: Item;
}

class Run {
  readonly nodes = [
    new TableNode(11, LIMITS),
    new TableNode(22, LIMITS),
    new TableNode(33, LIMITS),
  ];
  readonly news: News[] = [];
  readonly verdicts = new Map<string, number>();

  take(step: Step): void {
    const node = this.nodes[step.who] as TableNode;
    const session = SESSIONS[step.which % SESSIONS.length] ?? sessionId(0);
    const held = node.table.get(session);
    const say = (item: Item | undefined): void => {
      if (item) this.news.push({ from: node, item });
    };
    if (step.do === "wait") for (const each of this.nodes) each.nowMs += step.which;
    else if (step.do === "collect") node.table.collect(node.nowMs, () => step.which % 2 === 0);
    else if (step.do === "sync") node.syncFrom(this.nodes[step.which % 3] as TableNode);
    else if (step.do === "deliver") this.#deliver(node, step.which);
    else if (step.do === "destroy") say(node.destroy(session));
    else if (step.do === "regenerate") say(node.destroy(session, node.nowMs));
    else if (step.do === "touch") say(held && node.table.touch(held, node.nowMs));
    else if (step.do === "read") {
      if (held) node.table.use(held);
    } else if (!node.table.tombstone(session)) {
      const idle = step.do === "idle" ? { idleMs: 30_000 + step.which } : {};
      say(
        node.write(
          session,
          (value) => {
            if (step.do === "write") value[`k${step.key}`] = this.news.length;
          },
          idle,
        ),
      );
    }
  }

  #deliver(to: TableNode, pick: number): void {
    const news = this.news[pick % Math.max(1, this.news.length)];
    if (!news || news.from === to) return;
    const verdict = to.integrate(news.item);
    this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + 1);
    // As a follower does: a gap is filled with the whole session.
    const whole = verdict === "gap" && news.from.table.toItem(news.item.session);
    if (whole) to.integrate(whole);
  }
}

function checkInvariants(node: TableNode): void {
  const fresh = node.freshSums();
  expect(node.sums.differing(fresh.toArray()), "2: sums kept are sums made afresh").toEqual([]);
  expect(node.sums.count).toBe(fresh.count);
  let bytes = 0;
  for (const held of node.table.sessions()) {
    expect(node.table.tombstone(held.id), "1: held or destroyed, never both").toBeUndefined();
    expect(node.table.digestOf(held.id)).toEqual(held.digest);
    const { id, stateVector, envelope } = held;
    expect(held.digest).toEqual(node.digester.ofSession(id, stateVector, envelope));
    expect(held.envelope.revisions, "a session that nobody committed to").not.toEqual([]);
    expect(held.countedBytes, "counted anew").toBe(RECORD_BYTES + held.storedBytes);
    bytes += held.countedBytes;
  }
  const { hot, cold, tombstones } = node.table.counts;
  expect(node.table.counts.bytes).toBe(bytes);
  expect(hot + cold + tombstones).toBe(fresh.count);
  expect(hot).toBe([...node.table.sessions()].filter((held) => held.isHot).length);
  expect(hot).toBeLessThanOrEqual(LIMITS.hotSessionsMax);
}

/** What a session counts for is near what it takes, hot or cold. */
function checkBytes(node: TableNode): void {
  for (const held of node.table.sessions()) {
    const counted = held.countedBytes - RECORD_BYTES;
    const item = node.table.toItem(held.id);
    const bytes = item?.kind === "state" ? item.update.length : 0;
    expect(counted).toBeGreaterThanOrEqual(bytes - 200);
    expect(counted).toBeLessThanOrEqual(Math.max(2 * bytes, bytes + 1_100));
  }
}

test("invariants 1 and 2 hold after every step, and in the end all nodes are equal", () => {
  const seen = new Map<string, number>();
  const property = fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
    const run = new Run();
    for (const each of steps) {
      run.take(each);
      for (const node of run.nodes) checkInvariants(node);
    }
    // Around twice: the last to hear something must be heard by all.
    const { nodes } = run;
    for (const to of [...nodes, ...nodes]) for (const from of nodes) to.syncFrom(from);
    const [first] = nodes as [TableNode];
    for (const node of nodes) {
      checkInvariants(node);
      expect(node.sums.toArray()).toEqual(first.sums.toArray());
      for (const session of SESSIONS) expect(node.read(session)).toEqual(first.read(session));
      checkBytes(node);
    }
    for (const [verdict, count] of run.verdicts) {
      seen.set(verdict, (seen.get(verdict) ?? 0) + count);
    }
  });
  fc.assert(property, { numRuns: 30 });
  for (const verdict of ["applied", "known", "gap"]) {
    expect(seen.get(verdict), `deliveries that were ${verdict}`).toBeGreaterThan(5);
  }
});

test("M9: whatever is said of a destroyed session, before or after, it stays destroyed", () => {
  const property = fc.property(
    fc.array(step, { minLength: 1, maxLength: 40, size: "max" }),
    fc.nat(),
    (steps, at) => {
      const run = new Run();
      const [target, destroyer] = [SESSIONS[0] ?? sessionId(0), run.nodes[0] as TableNode];
      const whens = steps.filter((each) => each.do !== "collect" && each.do !== "wait");
      whens.forEach((each, i) => {
        if (i === at % whens.length)
          run.news.push({ from: destroyer, item: destroyer.destroy(target) });
        run.take(each);
        if (i >= at % whens.length) expect(destroyer.read(target)).toBe("destroyed");
      });
      const heard = run.nodes.filter((node) => node.table.tombstone(target));
      for (const node of heard) {
        for (const { item } of run.news) if (item.session === target) node.integrate(item);
        for (const other of run.nodes) node.syncFrom(other);
        expect(node.table.get(target)).toBeUndefined();
        expect(node.read(target)).toBe("destroyed");
        checkInvariants(node);
      }
    },
  );
  fc.assert(property, { numRuns: 30 });
});
