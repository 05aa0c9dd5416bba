/** Hearsay about members: what is believed, and what would take a member's voice away. */
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../config.js";
import type { NodeId, WriterId } from "../ids.js";
import type { MemberFact } from "../wire/messages.js";
import { Roster } from "./roster.js";

const ACCUSER = "accuser" as NodeId;

function createRoster(): Roster {
  const identity = { cluster: "shop", node: "self" as NodeId, writer: 7 as WriterId };
  const rest = { address: "", seeds: [], digestKey: [1, 2] as const, limits: DEFAULT_LIMITS };
  return new Roster({ config: { ...identity, ...rest }, elapsedMs: () => 0, emit: () => {} });
}

const fact = (over: Partial<MemberFact> = {}): MemberFact => ({
  node: "other" as NodeId,
  incarnation: 3,
  state: "alive",
  draining: false,
  writer: 8 as WriterId,
  address: "",
  ...over,
});

test("a doubt is refuted by the next incarnation", () => {
  const roster = createRoster();
  roster.hearOfSelf(fact({ node: "self" as NodeId, incarnation: 5, state: "down" }), ACCUSER);
  expect(roster.self).toMatchObject({ state: "alive", incarnation: 6 });
});

test("P12: that a member is gone is believed of nobody: it could not hear of it, nor refute", () => {
  const roster = createRoster();
  roster.hear(fact());
  roster.hear(fact({ incarnation: 4, state: "gone" }));
  expect(roster.get("other" as NodeId)?.fact).toEqual(fact());
  roster.hear(fact({ incarnation: 4, state: "left" }));
  expect(roster.untold.take().facts).toEqual([fact({ incarnation: 4, state: "left" })]);
});

test("P12: nobody can drive a member to an incarnation beyond which there is none", () => {
  const roster = createRoster();
  const last = { incarnation: Number.MAX_SAFE_INTEGER, state: "left" } as const;
  roster.hearOfSelf(fact({ node: "self" as NodeId, ...last }), ACCUSER);
  expect(roster.self.incarnation).toBe(1);
  roster.hear(fact());
  roster.hear(fact(last));
  expect(roster.get("other" as NodeId)?.fact).toEqual(fact());
  roster.hear(fact({ node: "unheard of" as NodeId, incarnation: Number.MAX_SAFE_INTEGER }));
  expect(roster.get("unheard of" as NodeId)).toBeUndefined();
  roster.hear(fact({ incarnation: 1_000, state: "down" }));
  expect(roster.get("other" as NodeId)?.fact.state).toBe("down");
});

test("what changes a fact is news, and the same again is none", () => {
  const roster = createRoster();
  roster.hear(fact());
  expect(roster.takeHasNews()).toBe(true);
  roster.hear(fact());
  roster.hear(fact({ incarnation: 2, state: "down" }));
  expect(roster.takeHasNews()).toBe(false);
  roster.hear(fact({ state: "suspect" }));
  expect(roster.takeHasNews()).toBe(true);
  roster.forget("other" as NodeId);
  expect(roster.takeHasNews()).toBe(true);
  expect(roster.takeHasNews()).toBe(false);
});
