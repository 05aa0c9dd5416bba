/** Doubt: of whom it is said, of whom it is believed, and how it ends. */
import { expect, test } from "vitest";
import { DEFAULT_LIMITS, type ReplicaConfig } from "../config.js";
import type { LinkId, NodeId, WriterId } from "../ids.js";
import { createPrng } from "../prng.js";
import type { MemberFact, Message } from "../wire/messages.js";
import { Roster } from "./roster.js";
import { Suspicion } from "./suspicion.js";

const [B, C] = ["b", "c"] as unknown as [NodeId, NodeId];

function factOf(node: NodeId): MemberFact {
  const rest = { incarnation: 1, state: "alive", draining: false, writer: 1 as WriterId } as const;
  return { node, address: `${node}:1`, ...rest };
}

/** Node a, linked with b, which has told it of c. */
function bench() {
  const sent: Message[] = [];
  const closed: LinkId[] = [];
  let nowMs = 0;
  const config: ReplicaConfig = {
    ...{ cluster: "x", node: "a" as NodeId, writer: 9 as WriterId, address: "a:1", seeds: [] },
    ...{ digestKey: [1, 2], limits: DEFAULT_LIMITS },
  };
  const roster = new Roster({ config, elapsedMs: () => nowMs, emit: () => {} });
  const suspicion = new Suspicion(
    {
      limits: DEFAULT_LIMITS,
      random: createPrng(1),
      elapsedMs: () => nowMs,
      closeLink: (link) => closed.push(link),
      send: (_link, message) => sent.push(message),
      trustChanged: () => {},
      forgotten: () => {},
    },
    roster,
  );
  const b = roster.meet(factOf(B));
  if (b) b.link = 1 as LinkId;
  roster.hear(factOf(C));
  /** Lets time pass, tick by tick, for c. */
  const pass = (ms: number): void => {
    for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 250) {
      const c = roster.get(C);
      if (c) suspicion.age(c, nowMs);
    }
  };
  const stateOf = (node: NodeId): string | undefined => roster.get(node)?.fact.state;
  return { roster, suspicion, sent, closed, pass, stateOf };
}

test("P9: a member that others speak of and nobody reaches is given up", () => {
  const { pass, sent, stateOf } = bench();
  pass(9_000);
  expect(sent).toEqual([]);
  pass(2_000);
  expect(sent).toContainEqual({ type: "probe", node: C });
  expect(stateOf(C)).toBe("alive");
  pass(3_000);
  expect(stateOf(C)).toBe("suspect");
  pass(DEFAULT_LIMITS.suspicionMs + 500);
  expect(stateOf(C)).toBe("down");
  pass(DEFAULT_LIMITS.goneAfterMs + 500);
  expect(stateOf(C)).toBe("gone");
  pass(DEFAULT_LIMITS.goneAfterMs + 500);
  expect(stateOf(C)).toBeUndefined();
});

test("P8: a member that others do reach stays alive, however long this node does not", () => {
  const { pass, suspicion, sent, stateOf } = bench();
  for (let i = 0; i < 1_000; i++) {
    pass(500);
    const isAsked = sent.splice(0).some(({ type }) => type === "probe");
    if (isAsked) suspicion.onProbeResult({ type: "probe-result", node: C, isReached: true });
    expect(stateOf(C)).toBe("alive");
  }
});

test("doubt about a member that this node reaches is told to the member, and not believed", () => {
  const { suspicion, sent, stateOf } = bench();
  const doubt = { ...factOf(B), state: "down" } as const;
  suspicion.hearOf(doubt);
  expect(stateOf(B)).toBe("alive");
  expect(sent).toEqual([{ type: "members", members: [doubt] }]);
  suspicion.hearOf({ ...factOf(C), state: "down" });
  expect(stateOf(C)).toBe("down");
});
