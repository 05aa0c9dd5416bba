/** Asking peers for one session: what is absent, what is unknown, and what is found. */
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../config.js";
import type { NodeId, SessionId } from "../ids.js";
import type { PullOutcome, Ticket } from "../runtime.js";
import type { WholeItem } from "../session-state.js";
import type { Message } from "../wire/messages.js";
import { Puller } from "./puller.js";

const SESSION = "A".repeat(22) as SessionId;
const ITEM: WholeItem = {
  ...{ kind: "tombstone", session: SESSION, absoluteExpiresAtMs: 1, regeneratedAtMs: 0 },
};

function bench(
  { linked, members }: { linked: string[]; members: string[] },
  limits: Partial<Limits> = {},
) {
  const sent: { peer: string; message: Message }[] = [];
  const settled = new Map<number, PullOutcome["status"]>();
  const integrated: SessionId[] = [];
  const filled: string[] = [];
  const puller = new Puller({
    limits: { ...DEFAULT_LIMITS, ...limits },
    elapsedMs: () => 0,
    send: (peer, message) => sent.push({ peer, message }),
    emit: () => {},
    scheduleDeadline: () => {},
    settle: (ticket, { status }) => settled.set(ticket, status),
    integrate: (_peer, item) => integrated.push(item.session),
    wholeItem: () => ITEM,
    linkedPeers: () => linked as unknown as NodeId[],
    isCertain: (answered) => members.every((member) => answered.has(member as NodeId)),
    gapFilled: (peer) => filled.push(peer),
  });
  const answer = (peer: string, item?: WholeItem): void => {
    const asked = sent.findLast((each) => each.peer === peer && each.message.type === "pull");
    const request = asked?.message.type === "pull" ? asked.message.request : -1;
    puller.onPulled(peer as NodeId, { type: "pulled", request, item });
  };
  const pull = (ticket: number): void =>
    puller.pull(ticket as Ticket, SESSION, { thorough: false });
  return { puller, sent, settled, integrated, filled, answer, pull, linked, members };
}

describe("P9: a miss", () => {
  test("is absent only when every member that is expected has said no", () => {
    const { pull, answer, settled } = bench({ linked: ["a", "b"], members: ["a", "b"] });
    pull(1);
    answer("a");
    expect(settled.size).toBe(0);
    answer("b");
    expect(settled.get(1)).toBe("absent");
  });

  test("is unknown when a member cannot be asked", () => {
    const { pull, answer, settled } = bench({ linked: ["a"], members: ["a", "down"] });
    pull(1);
    answer("a");
    expect(settled.get(1)).toBe("unknown");
  });

  test("is unknown when a member does not answer in time, or its link is lost", () => {
    const late = bench({ linked: ["a", "b"], members: ["a", "b"] });
    late.pull(1);
    late.answer("a");
    late.puller.fireDeadline(1);
    expect(late.settled.get(1)).toBe("unknown");
    const lost = bench({ linked: ["a"], members: ["a"] });
    lost.pull(1);
    lost.puller.peerDown("a" as NodeId);
    expect(lost.settled.get(1)).toBe("unknown");
  });

  test("asks a member too whose link opens meanwhile, and waits for it", () => {
    const { puller, pull, answer, settled, members } = bench({
      linked: ["a"],
      members: ["a", "b"],
    });
    pull(1);
    puller.peerUp("b" as NodeId);
    answer("a");
    expect(settled.size).toBe(0);
    answer("b");
    expect(settled.get(1)).toBe("absent");
    expect(members).toHaveLength(2);
  });

  test("of a node that is alone by design is absent at once", () => {
    const { pull, settled } = bench({ linked: [], members: [] });
    pull(1);
    expect(settled.get(1)).toBe("absent");
  });
});

describe("a session that is held elsewhere", () => {
  test("is found with the first copy; a second one is merged all the same", () => {
    const { pull, answer, settled, integrated } = bench({
      linked: ["a", "b"],
      members: ["a", "b"],
    });
    pull(1);
    answer("b", ITEM);
    expect(settled.get(1)).toBe("found");
    answer("a", ITEM);
    expect(integrated).toHaveLength(2);
  });

  test("is asked for once, however many wait", () => {
    const { pull, answer, settled, sent } = bench({ linked: ["a"], members: ["a"] });
    pull(1);
    pull(2);
    expect(sent).toHaveLength(1);
    answer("a", ITEM);
    expect([...settled]).toEqual([
      [1, "found"],
      [2, "found"],
    ]);
  });
});

describe("gaps", () => {
  test("are filled by the answer of the peer that was asked, even when it has nothing", () => {
    const { puller, answer, filled, integrated } = bench({ linked: ["a", "b"], members: [] });
    puller.fetch("a" as NodeId, SESSION);
    answer("b", ITEM);
    expect(filled).toEqual([]);
    answer("a");
    expect(filled).toEqual(["a"]);
    expect(integrated).toEqual([SESSION]);
  });

  test("P1: are not filled by a link that closes", () => {
    const { puller, answer, filled } = bench({ linked: ["a"], members: [] });
    puller.fetch("a" as NodeId, SESSION);
    puller.peerDown("a" as NodeId);
    answer("a", ITEM);
    expect(filled).toEqual([]);
    expect(puller.pullCount).toBe(0);
  });
});

test("pulls are bounded: one too many is unknown at once", () => {
  const { puller, pull, settled } = bench({ linked: ["a"], members: ["a"] }, { pullsMax: 1 });
  pull(1);
  puller.pull(2 as Ticket, "B".repeat(22) as SessionId, { thorough: false });
  expect(settled.get(2)).toBe("unknown");
});

test("a pull of a peer is answered with what is held", () => {
  const { puller, sent } = bench({ linked: [], members: [] });
  puller.onPull("a" as NodeId, 7, SESSION);
  expect(sent).toEqual([{ peer: "a", message: { type: "pulled", request: 7, item: ITEM } }]);
});
