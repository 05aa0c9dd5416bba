/** The roster: every node that heard the same facts believes the same, and only a member refutes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, type Limits, type ReplicaConfig } from "../config.js";
import type { EventBody, MemberState } from "../events.js";
import type { NodeId, WriterId } from "../ids.js";
import type { MemberFact } from "../wire/messages.js";
import { supersedes } from "./member.js";
import { Roster } from "./roster.js";

const SELF = "self" as NodeId;

function rosterOf(limits: Partial<Limits> = {}) {
  const events: EventBody[] = [];
  let nowMs = 0;
  const config: ReplicaConfig = {
    ...{ cluster: "c", node: SELF, writer: 9 as WriterId, address: "self:1", seeds: [] },
    ...{ digestKey: [1, 2], limits: { ...DEFAULT_LIMITS, ...limits } },
  };
  const roster = new Roster({
    config,
    elapsedMs: () => (nowMs += 1),
    emit: (event) => events.push(event),
  });
  return { roster, events };
}

function factOf(node: string, fact: Partial<MemberFact> = {}): MemberFact {
  const rest = { incarnation: 1, state: "alive", draining: false, writer: 1 as WriterId } as const;
  return { node: node as NodeId, address: `${node}:1`, ...rest, ...fact };
}

const STATES: readonly MemberState[] = ["alive", "suspect", "down", "left"];
const fact = fc.record({
  incarnation: fc.integer({ min: 1, max: 4 }),
  state: fc.constantFrom(...STATES),
});

describe("hearsay", () => {
  test("M11: the order and number of times in which facts are heard make no difference", () => {
    fc.assert(
      fc.property(fc.array(fact, { minLength: 1, maxLength: 8 }), fc.gen(), (facts, gen) => {
        const known = factOf("n");
        const hear = (order: readonly (typeof facts)[number][]): MemberFact | undefined => {
          const { roster } = rosterOf();
          roster.meet(known);
          for (const each of order) roster.hear({ ...known, ...each });
          return roster.get(known.node)?.fact;
        };
        const shuffled = [...facts, ...facts].sort(() => gen(fc.integer, { min: -1, max: 1 }));
        expect(hear(shuffled)).toEqual(hear(facts));
      }),
    );
  });

  test("of two facts one supersedes, unless they say the same", () => {
    fc.assert(
      fc.property(fact, fact, (a, b) => {
        const [x, y] = [factOf("n", a), factOf("n", b)];
        const isSame = a.incarnation === b.incarnation && a.state === b.state;
        expect(Number(supersedes(x, y)) + Number(supersedes(y, x))).toBe(isSame ? 0 : 1);
      }),
    );
  });

  test("of a member that has left, or that nobody knows to live, makes no member", () => {
    const { roster } = rosterOf();
    roster.hear(factOf("n", { state: "left" }));
    expect(roster.get("n" as NodeId)).toBeUndefined();
  });

  test("is passed on once, and one's own verdict `gone` never", () => {
    const { roster } = rosterOf();
    const member = roster.meet(factOf("n"));
    expect(roster.untold.take().facts).toHaveLength(1);
    expect(roster.untold.take().facts).toEqual([]);
    if (member) roster.setState(member, "gone", "test");
    expect(roster.untold.take().facts).toEqual([]);
    expect(roster.facts().map(({ node }) => node)).toEqual([SELF]);
  });
});

describe("refutation", () => {
  test("doubt about oneself is refuted by a higher incarnation, old doubt is not", () => {
    const { roster, events } = rosterOf();
    const doubt = factOf("self", { state: "suspect", incarnation: 5, writer: 9 as WriterId });
    roster.hearOfSelf(doubt, "n" as NodeId);
    expect(roster.self).toMatchObject({ incarnation: 6, state: "alive" });
    expect(events).toContainEqual({ type: "refuted", incarnation: 6, accuser: "n" });
    roster.hearOfSelf(doubt, "n" as NodeId);
    expect(roster.self.incarnation).toBe(6);
    expect(roster.untold.take().facts).toEqual([roster.self]);
  });

  test("a former process under this name is outbid, itself is not", () => {
    const { roster } = rosterOf();
    roster.hearOfSelf(factOf("self", { incarnation: 3, writer: 8 as WriterId }), "n" as NodeId);
    expect(roster.self.incarnation).toBe(4);
    roster.hearOfSelf(factOf("self", { incarnation: 4, writer: 9 as WriterId }), "n" as NodeId);
    expect(roster.self.incarnation).toBe(4);
  });
});

describe("processes that come back", () => {
  test("a hello of another process counts, whatever incarnation the one before had", () => {
    const { roster } = rosterOf();
    roster.meet(factOf("n", { incarnation: 7 }));
    const again = roster.meet(factOf("n", { incarnation: 1, writer: 2 as WriterId }));
    expect(again?.fact).toMatchObject({ incarnation: 1, state: "alive", writer: 2 });
  });

  test("whoever answers at the address of an unreachable member has taken its place", () => {
    const { roster } = rosterOf();
    const old = roster.meet(factOf("old", { address: "h:1" }));
    if (old) roster.setState(old, "suspect", "test");
    roster.meet(factOf("new", { address: "h:1" }));
    expect(old?.fact.state).toBe("gone");
    expect([...roster.wantedAddresses().values()]).toEqual(["new"]);
  });
});

test("members are bounded: room is made of those that are gone, else a further one is refused", () => {
  const { roster } = rosterOf({ membersMax: 2 });
  roster.meet(factOf("a"));
  const b = roster.meet(factOf("b"));
  expect(roster.meet(factOf("c"))).toBeUndefined();
  if (b) roster.setState(b, "left", "test");
  expect(roster.meet(factOf("c"))).toBeDefined();
  expect([...roster.members()].map(({ fact: { node } }) => node)).toEqual(["a", "c"]);
});

test("P9: hearsay does not bring back a node whose place another is known to have taken", () => {
  const { roster } = rosterOf();
  const linked = roster.meet(factOf("new", { address: "h:1" }));
  if (linked) linked.link = 1 as never;
  roster.hear(factOf("old", { address: "h:1" }));
  roster.hear(factOf("former self", { address: "self:1" }));
  expect([...roster.members()].map(({ fact: { node } }) => node)).toEqual(["new"]);
});

test("whoever says hello has taken the place of who was only said to be there", () => {
  const { roster } = rosterOf();
  roster.hear(factOf("old", { address: "h:1" }));
  roster.meet(factOf("new", { address: "h:1" }));
  expect(roster.get("old" as NodeId)?.fact.state).toBe("gone");
});
