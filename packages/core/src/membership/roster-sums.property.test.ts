/** Sums over members: equal for equal tables, whatever led to them, and else not. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { MemberState } from "../events.js";
import type { NodeId, WriterId } from "../ids.js";
import type { MemberFact } from "../wire/messages.js";
import { PARTS_MAX, partOf, partsFor, RosterSums } from "./roster-sums.js";

const STATES: readonly MemberState[] = ["alive", "suspect", "down", "left", "gone"];

const FACT: fc.Arbitrary<MemberFact> = fc.record({
  node: fc.nat(20).map((n) => `n${n}` as NodeId),
  incarnation: fc.integer({ min: 1, max: 2 ** 50 }),
  state: fc.constantFrom(...STATES),
  draining: fc.boolean(),
  writer: fc.maxSafeNat().map((n) => n as WriterId),
  address: fc.string({ maxLength: 20 }),
});

const sumsOf = (facts: Iterable<MemberFact>): RosterSums => {
  const sums = new RosterSums();
  for (const fact of facts) sums.replace(undefined, fact);
  return sums;
};

test("are those of the facts that are left, in any order", () => {
  const property = fc.property(fc.array(FACT, { maxLength: 40 }), (facts) => {
    const table = new Map<NodeId, MemberFact>();
    const sums = new RosterSums();
    for (const fact of facts) {
      sums.replace(table.get(fact.node), fact);
      table.set(fact.node, fact);
    }
    const fresh = sumsOf([...table.values()].reverse());
    expect(sums.inParts(PARTS_MAX)).toEqual(fresh.inParts(PARTS_MAX));
  });
  fc.assert(property);
});

test("tell facts apart that differ in anything, in their part alone", () => {
  const fields = ["incarnation", "state", "draining", "writer", "address"] as const;
  const property = fc.property(FACT, FACT, fc.constantFrom(...fields), (fact, other, field) => {
    const [a, b] = [{ ...fact, state: "alive" } as const, { ...fact, [field]: other[field] }];
    fc.pre(a[field] !== b[field]);
    const [one, two] = [a, b].map((each) => sumsOf([each]).inParts(PARTS_MAX) ?? []);
    const unlike = one?.flatMap((sum, part) => (sum === two?.[part] ? [] : [part]));
    expect(unlike).toEqual([partOf(fact)]);
  });
  fc.assert(property);
});

test("in fewer parts are sums of sums in more", () => {
  const property = fc.property(fc.array(FACT, { maxLength: 40 }), (facts) => {
    const sums = sumsOf(facts);
    const fine = sums.inParts(16) ?? [];
    const coarse = fine.slice(0, 8).map((sum, part) => (sum + (fine[part + 8] ?? 0)) >>> 0);
    expect(sums.inParts(8)).toEqual(coarse);
  });
  fc.assert(property);
});

test("are as many as there are eights of members, up to 128, a power of two", () => {
  expect([1, 8, 9, 17, 100, 1_000, 5_000].map(partsFor)).toEqual([1, 1, 2, 4, 16, 128, 128]);
  for (const parts of [0, 3, 256]) expect(new RosterSums().inParts(parts)).toBeUndefined();
});
