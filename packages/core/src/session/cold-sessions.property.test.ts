/** A table that keeps its sessions as records is one that never does: same reads, envelopes, digests. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Item, ShellFields } from "../session-state.js";
import { sessionId, TableNode } from "./model/table.suite.js";

const SESSIONS = Array.from({ length: 6 }, (_, i) => sessionId(i * 64));
const LIFE = { idleMs: 60_000, absoluteMs: 600_000 };
/** Longer than what is kept as a record. */
const LONG = "x".repeat(9_000);

const which = fc.nat(SESSIONS.length - 1);
const step = fc.oneof(
  fc.record({ do: fc.constant("write"), which, n: fc.nat(5) }),
  fc.record({ do: fc.constant("merge"), which, n: fc.nat(5) }),
  fc.record({ do: fc.constantFrom("touch", "read", "whole", "evict"), which, n: fc.nat(5) }),
  fc.record({ do: fc.constantFrom("lengthen", "shorten", "field"), which, n: fc.nat(1) }),
  fc.record({ do: fc.constantFrom("destroy", "collect", "wait"), which, n: fc.nat(30_000) }),
);

/** What a peer may say in a field that no record can keep. */
const fieldsOf = (n: number): ShellFields =>
  new Map([["note", { join: "last", value: n === 0 ? 5n : { n: [1, "é"] } }]]);

class Pair {
  readonly cold = new TableNode(11, { ...LIFE, hotSessionsMax: 1, coldDeltasMax: 2 });
  readonly warm = new TableNode(11, { ...LIFE, hotSessionsMax: 1_000, coldDeltasMax: 1_000 });
  readonly peer = new TableNode(22, LIFE);
  readonly taken = new Map<string, number>();
  #count = 0;

  take({ do: what, which, n }: { do: string; which: number; n: number }): void {
    const session = SESSIONS[which] ?? sessionId(0);
    this.#count += 1;
    this.taken.set(what, (this.taken.get(what) ?? 0) + 1);
    for (const node of [this.cold, this.warm]) this.#act(node, what, session, n);
    if (what === "wait") this.peer.nowMs += n;
    if (what === "merge") this.#merge(session, n);
    // The warm one never evicts: all that it holds are live documents.
    for (const held of this.warm.table.sessions()) this.warm.table.use(held);
  }

  #merge(session: (typeof SESSIONS)[number], n: number): void {
    if (this.peer.table.tombstone(session)) return;
    this.peer.syncFrom(this.warm);
    if (this.peer.table.tombstone(session)) return;
    const delta = this.peer.write(session, (value) => (value[`k${n}`] = n));
    const item: Item = (n === 0 && this.peer.table.toItem(session)) || delta;
    const verdicts = [this.cold, this.warm].map((node) => node.integrate(item));
    expect(verdicts[0]).toBe(verdicts[1]);
  }

  #act(node: TableNode, what: string, session: (typeof SESSIONS)[number], n: number): void {
    const held = node.table.get(session);
    if (what === "wait") node.nowMs += n;
    else if (what === "collect") node.table.collect(node.nowMs, () => n % 2 === 0);
    else if (what === "destroy" && n % 3 === 0) node.destroy(session);
    else if (what === "touch" && held) node.table.touch(held, node.nowMs);
    else if (what === "read" && held) node.table.use(held);
    else if (what === "whole") node.table.toItem(session);
    else if (what === "field" && held) this.#setField(node, session, n);
    else if (!["write", "lengthen", "shorten"].includes(what)) return;
    else if (!node.table.tombstone(session)) {
      node.write(session, (value) => {
        if (what === "write") value[`k${n}`] = this.#count;
        else value["long"] = what === "lengthen" ? LONG : "";
      });
    }
  }

  #setField(node: TableNode, session: (typeof SESSIONS)[number], n: number): void {
    const held = node.table.get(session);
    if (!held) return;
    const hlc = Math.max(held.hlcMax, 400_000_000_000_000) + 1;
    node.table.commit(held, {
      operations: [],
      idleMs: undefined,
      fields: fieldsOf(n),
      nowMs: node.nowMs,
      stamp: { hlc: hlc as typeof held.hlcMax, writer: node.writer },
    });
  }

  expectEqual(): void {
    expect(this.cold.sums.toArray()).toEqual(this.warm.sums.toArray());
    expect(this.cold.table.counts.hot).toBeLessThanOrEqual(1);
    for (const session of SESSIONS) {
      const [cold, warm] = [this.cold.table.get(session), this.warm.table.get(session)];
      expect(cold?.envelope).toEqual(warm?.envelope);
      expect(cold?.digest).toEqual(warm?.digest);
      expect(cold?.stateVector).toEqual(warm?.stateVector);
      expect(cold?.hlcMax).toEqual(warm?.hlcMax);
      expect(cold?.changedAtMs).toEqual(warm?.changedAtMs);
      expect(cold?.heardAtMs).toEqual(warm?.heardAtMs);
      expect(this.cold.read(session)).toEqual(this.warm.read(session));
      expect(this.cold.table.tombstone(session)).toEqual(this.warm.table.tombstone(session));
    }
  }
}

test("M11: a table that evicts at once and one that never does say the same of every session", () => {
  const taken = new Map<string, number>();
  const property = fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
    const pair = new Pair();
    for (const each of steps) {
      pair.take(each);
      pair.expectEqual();
    }
    for (const [what, count] of pair.taken) taken.set(what, (taken.get(what) ?? 0) + count);
  });
  fc.assert(property, { numRuns: 25 });
  for (const what of ["write", "merge", "touch", "lengthen", "field", "destroy", "collect"]) {
    expect(taken.get(what), `steps of ${what}`).toBeGreaterThan(2);
  }
});
