/** Dissemination: what is left out of a greeting or a telling is known to who does not get it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS, type ReplicaConfig } from "../config.js";
import type { MemberState } from "../events.js";
import type { LinkId, NodeId, WriterId } from "../ids.js";
import { createPrng } from "../prng.js";
import type { MemberFact, Message } from "../wire/messages.js";
import { Dissemination } from "./dissemination.js";
import { Roster } from "./roster.js";

const STATES: readonly MemberState[] = ["alive", "suspect", "down", "left"];

const FACT: fc.Arbitrary<MemberFact> = fc.record({
  node: fc.nat(40).map((n) => `n${n}` as NodeId),
  incarnation: fc.integer({ min: 1, max: 3 }),
  state: fc.constantFrom(...STATES),
  draining: fc.constant(false),
  writer: fc.constant(1 as WriterId),
  address: fc.constant(""),
});
const FACTS = fc.array(FACT, { maxLength: 60 });

/** A node that says what it sends, by link. */
class Node {
  readonly roster: Roster;
  readonly dissemination: Dissemination;
  readonly sent: { link: LinkId; members: readonly MemberFact[] }[] = [];

  constructor(name: string, facts: readonly MemberFact[]) {
    const config: ReplicaConfig = {
      ...{ cluster: "c", node: name as NodeId, writer: 9 as WriterId, address: "", seeds: [] },
      ...{ digestKey: [1, 2], limits: DEFAULT_LIMITS },
    };
    this.roster = new Roster({ config, elapsedMs: () => 0, emit: () => {} });
    this.hear(facts);
    const send = (link: LinkId, message: Message): void => {
      if (message.type === "members") this.sent.push({ link, members: message.members });
    };
    const sendAll = (links: readonly LinkId[], message: Message): void => {
      for (const link of links) send(link, message);
    };
    this.dissemination = new Dissemination({ random: createPrng(1), send, sendAll }, this.roster);
  }

  hear(facts: readonly MemberFact[]): void {
    for (const fact of facts) {
      if (fact.node !== this.roster.self.node) this.roster.hear(fact);
    }
  }

  link(node: string, link: number): void {
    const fact = { node: node as NodeId, incarnation: 1, state: "alive", draining: false } as const;
    const member = this.roster.meet({ ...fact, writer: 1 as WriterId, address: "" });
    if (member) member.link = link as LinkId;
  }

  /** What it sent by a link since it was last asked. */
  sentBy(link: number): MemberFact[] {
    const sent = this.sent.filter((each) => each.link === link).flatMap(({ members }) => members);
    this.sent.length = 0;
    return sent;
  }

  get view(): MemberFact[] {
    return this.roster.facts().sort((a, b) => (a.node < b.node ? -1 : 1));
  }
}

const greet = (from: Node, sums: readonly number[] | undefined): MemberFact[] => {
  from.dissemination.greet(1 as LinkId, { node: "to" as NodeId, outdated: [], sums });
  return from.sentBy(1);
};

test("P8: who is greeted by his sums knows what he would know by the whole table", () => {
  const property = fc.property(FACTS, FACTS, FACTS, (common, mine, his) => {
    const from = new Node("from", [...common, ...mine]);
    const [one, other] = [new Node("to", common), new Node("to", common)];
    const sums = one.roster.sums();
    // What he hears after his hello makes no difference.
    for (const to of [one, other]) to.hear(his);
    one.hear(greet(from, sums));
    other.hear(from.roster.facts());
    expect(one.view).toEqual(other.view);
  });
  fc.assert(property, { numRuns: 500 });
});

test("who knows the same is told nothing at hello, and hears that it was all", () => {
  const facts = fc.sample(FACT, { numRuns: 50, seed: 1 });
  const from = new Node("from", facts);
  from.sent.length = 0;
  from.dissemination.greet(1 as LinkId, {
    ...{ node: "to" as NodeId, outdated: [] },
    sums: from.roster.sums(),
  });
  expect(from.sent).toEqual([{ link: 1, members: [] }]);
});

test.each([[undefined], [[]], [[1, 2, 3]], [Array.from({ length: 256 }, () => 0)]])(
  "P11: who comes with no sums, or with sums of other parts, is told all: %j",
  (sums) => {
    const from = new Node("from", fc.sample(FACT, { numRuns: 50, seed: 1 }));
    expect(greet(from, sums)).toEqual(from.roster.facts());
  },
);

test("P5: all others are told at once of who says hello, and of nobody else", () => {
  const node = new Node("from", []);
  node.link("a", 2);
  node.dissemination.tick();
  node.sent.length = 0;
  node.hear([{ ...node.roster.self, node: "elsewhere" as NodeId }]);
  node.link("to", 1);
  node.dissemination.greet(1 as LinkId, { node: "to" as NodeId, outdated: [], sums: undefined });
  expect(node.sentBy(2).map((fact) => fact.node)).toEqual(["to"]);
  node.dissemination.tick();
  expect(node.sentBy(2).map((fact) => fact.node)).toEqual(["elsewhere"]);
});

test("news are told to all but those who told the very same", () => {
  const node = new Node("from", []);
  for (const [name, link] of [
    ["a", 2],
    ["b", 3],
    ["c", 4],
  ] as const)
    node.link(name, link);
  node.dissemination.tick();
  node.sent.length = 0;
  const fact: MemberFact = { ...node.roster.self, node: "x" as NodeId, state: "suspect" };
  node.hear([fact]);
  node.roster.untold.heard(2 as LinkId, [fact]);
  node.roster.untold.heard(3 as LinkId, [{ ...fact, state: "alive" }]);
  node.dissemination.tick();
  expect(node.sent.map(({ link }) => link)).toEqual([3, 4]);
  // What supersedes it was told by nobody.
  node.sent.length = 0;
  node.hear([{ ...fact, state: "down" }]);
  node.dissemination.tick();
  expect(node.sent.map(({ link }) => link)).toEqual([2, 3, 4]);
});
