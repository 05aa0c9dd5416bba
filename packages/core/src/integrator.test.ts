/** Taking in what peers say: each verdict, what is told to whom, and clocks that are too far ahead. */
import { describe, expect, test } from "vitest";
import type { EventBody } from "./events.js";
import { type Hlc, hlcFromMillis } from "./hlc.js";
import type { NodeId, SessionId, WriterId } from "./ids.js";
import { Integrator } from "./integrator.js";
import { sessionId, START_MS, TableNode } from "./session/model/table.suite.js";
import type { DeltaItem, Item, StateItem } from "./session-state.js";

const PEER = "peer" as NodeId;
const S = sessionId(1);
const DAY = 86_400_000;

function bench() {
  const node = new TableNode(11, { absoluteMs: 30 * DAY });
  const events: EventBody[] = [];
  const clocks: Hlc[] = [];
  const refused: string[] = [];
  const toldDestroyed: SessionId[] = [];
  const integrated: SessionId[] = [];
  const integrator = new Integrator({
    limits: node.limits,
    table: node.table,
    digester: node.digester,
    wallMs: () => node.nowMs,
    meshMs: () => node.nowMs,
    emit: (event) => events.push(event),
    sawClock: (hlc) => clocks.push(hlc),
    refuseClock: (_peer, detail) => refused.push(detail),
    tellDestroyed: (_peer, item) => toldDestroyed.push(item.session),
    integrated: (session) => integrated.push(session),
  });
  const take = (item: Item): string => integrator.integrate(PEER, item, "push");
  const audit = (item: Item): string => integrator.integrate(PEER, item, "audit");
  return { node, events, clocks, refused, toldDestroyed, integrated, take, audit };
}

/** A birth by another node, whose clock is `aheadMs` ahead. */
function birth(aheadMs = 0): { author: TableNode; item: DeltaItem; whole: StateItem } {
  const author = new TableNode(22);
  author.nowMs += aheadMs;
  const item = author.write(S, (value) => (value["n"] = 1));
  return { author, item, whole: author.table.toItem(S) as StateItem };
}

const told = (events: readonly EventBody[]): string[] => events.map(({ type }) => type);

describe("what a peer says is", () => {
  test("merged, told once, and its clock is followed", () => {
    const { take, events, clocks, integrated, node } = bench();
    const { item } = birth();
    node.nowMs += 40;
    expect([take(item), take(item)]).toEqual(["ok", "ok"]);
    const lag = { type: "session-integrated", session: S, origin: PEER, path: "push", lagMs: 40 };
    expect(events).toEqual([lag]);
    expect(clocks[0]).toBe(item.commit?.hlc);
    expect(integrated).toEqual([S, S]);
    expect(node.read(S)).toEqual({ n: 1 });
  });

  test("M2: told as a merge where it meets what its author had not seen", () => {
    const { take, node, events } = bench();
    const { author, item } = birth();
    take(item);
    const mine = node.write(S, (value) => (value["n"] = 2));
    author.nowMs += 5;
    take(author.write(S, (value) => (value["n"] = 3)));
    expect(events).toContainEqual(
      expect.objectContaining({ type: "merged", law: "M2", session: S }),
    );
    expect(node.read(S)).toEqual({ n: 3 });
    expect(author.integrate(mine)).toBe("applied");
    expect(author.read(S)).toEqual({ n: 3 });
  });

  test("P9: a first copy is kept as it came, unread, and shows and spreads the same", () => {
    const { take, node } = bench();
    const { author, whole } = birth();
    expect(take(whole)).toBe("ok");
    expect(node.table.counts).toMatchObject({ hot: 0, cold: 1 });
    expect(node.table.get(S)?.isHot).toBe(false);
    expect(node.table.get(S)?.digest).toEqual(author.table.get(S)?.digest);
    expect((node.table.toItem(S) as StateItem).update).toEqual(whole.update);
    expect(node.read(S)).toEqual({ n: 1 });
    take(author.write(S, (value) => (value["m"] = 2)));
    expect(node.read(S)).toEqual({ n: 1, m: 2 });
  });

  test("a first copy is refused whose bytes are none, or hide a later clock than it says", () => {
    const { take, node, events } = bench();
    const { whole } = birth();
    take({ ...whole, update: Uint8Array.of(1, 2, 3) });
    take({ ...whole, hlcMax: 1 as Hlc });
    expect(node.table.get(S)).toBeUndefined();
    expect(told(events)).toEqual(["update-refused", "update-refused"]);
  });

  test("not read again where every revision is held, unless an audit found a difference", () => {
    const { take, audit, events } = bench();
    const { whole } = birth();
    take(whole);
    const broken = { ...whole, update: Uint8Array.of(1, 2, 3) };
    expect(take(broken)).toBe("ok");
    expect(told(events)).toEqual(["session-integrated"]);
    audit(broken);
    expect(told(events)).toEqual(["session-integrated", "update-refused"]);
  });

  test("a gap where it builds on what is missing here", () => {
    const { take, events } = bench();
    const { author } = birth();
    expect(take(author.write(S, (value) => (value["m"] = 1)))).toBe("gap");
    expect(events).toEqual([]);
  });

  test("P12: refused where it is malformed: a change is a gap then, a copy is done with", () => {
    const { take, events, node } = bench();
    const { item, whole } = birth();
    const update = Uint8Array.of(9, 9, 9);
    expect(take({ ...item, commit: { ...item.commit, update } } as DeltaItem)).toBe("gap");
    expect(take({ ...whole, update })).toBe("ok");
    expect(told(events)).toEqual(["update-refused", "update-refused"]);
    expect(node.table.get(S)).toBeUndefined();
  });

  test("P3: answered with the tombstone where the session is destroyed", () => {
    const { take, node, toldDestroyed, events } = bench();
    const { item, whole } = birth();
    node.destroy(S);
    expect([take(item), take(whole)]).toEqual(["ok", "ok"]);
    expect(toldDestroyed).toEqual([S, S]);
    expect(node.read(S)).toBe("destroyed");
    expect(told(events)).toEqual([]);
  });

  test("M9, M13: final where it is a logout, and told once", () => {
    const { take, events, node } = bench();
    take(birth().item);
    const tombstone = { kind: "tombstone", session: S, absoluteExpiresAtMs: 1 } as const;
    take({ ...tombstone, regeneratedAtMs: 0 });
    take({ ...tombstone, regeneratedAtMs: 0 });
    take({ ...tombstone, regeneratedAtMs: 5 });
    const destroyed = { type: "session-destroyed", session: S, origin: PEER };
    expect(events.slice(1)).toEqual([
      { ...destroyed, law: "M9" },
      { ...destroyed, law: "M13" },
    ]);
    expect(node.table.tombstone(S)?.absoluteExpiresAtMs).toBe(START_MS + 30 * DAY);
  });

  test("P4: let go where it is over for every clock within the margin", () => {
    const { take, node } = bench();
    const { whole } = birth();
    node.nowMs += 30 * DAY + node.limits.clockMarginMs;
    expect(take(whole)).toBe("ok");
    expect(node.table.get(S)).toBeUndefined();
    node.nowMs -= 1;
    expect(take(whole)).toBe("ok");
    expect(node.table.get(S)).toBeDefined();
  });
});

describe("a clock more than 24 h ahead", () => {
  const farAhead = hlcFromMillis(START_MS + DAY + 1_000);
  const latest = (Number.MAX_SAFE_INTEGER - 1) as Hlc;

  test("is refused, its sender told how to mend it, and nothing taken", () => {
    const { take, refused, clocks, events, node } = bench();
    const { item, whole } = birth(DAY + 5_000);
    expect([take(item), take(whole)]).toEqual(["refused", "refused"]);
    expect(refused[0]).toMatch(/86405 s ahead of ours; synchronize/);
    expect(told(events)).toEqual(["update-refused", "update-refused"]);
    expect(clocks).toEqual([]);
    expect(node.table.get(S)).toBeUndefined();
    expect(take(birth(DAY - 1).item)).toBe("ok");
  });

  test.each([farAhead, latest])("is refused wherever it hides: %i", (hlc) => {
    const { item, whole } = birth();
    const idleStamp = { hlc, writer: 22 as WriterId };
    const { take } = bench();
    expect(take({ ...whole, hlcMax: hlc })).toBe("refused");
    expect(take({ ...whole, envelope: { ...whole.envelope, idleStamp } })).toBe("refused");
    expect(take({ ...item, fields: { ...item.fields, idleStamp } })).toBe("refused");
    expect(take({ ...item, commit: undefined, fields: { idleMs: 5, idleStamp } })).toBe("refused");
    const unknown = new Map([["user", { join: "last", value: 1, stamp: idleStamp }]] as const);
    expect(take({ ...item, fields: { ...item.fields, unknown } })).toBe("refused");
  });

  test("P12: no copy raises a session's clock above what it says, so that commits go on", () => {
    const { take, node, events } = bench();
    const { whole } = birth(365 * DAY);
    const says = hlcFromMillis(START_MS);
    const idleStamp = { hlc: says, writer: 22 as WriterId };
    take({ ...whole, hlcMax: says, envelope: { ...whole.envelope, idleStamp } });
    expect(told(events)).toEqual(["update-refused"]);
    expect(node.table.get(S)).toBeUndefined();
    const { commit } = node.write(S, (value) => (value["mine"] = 1));
    expect(commit?.hlc).toBeLessThan(hlcFromMillis(START_MS + 1_000));
  });
});
