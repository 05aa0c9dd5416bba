/**
 * M11 on random runs of five replicas against the model, with everything that requests can do; and
 * documents that are put together from the same commits in any way.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Hlc } from "../hlc.js";
import type { WriterId } from "../ids.js";
import { SessionDocument, diff } from "./document.js";
import { checkLaw } from "./model/mesh.suite.js";
import { ACTIONS, type ActionName, type Live } from "./model/requests.suite.js";

const runs = process.env["SESSION_MESH_RUNS"];
/** Not moves, which the model does not see; nor equal elements, of which it cannot tell which went. */
const ALL = (Object.keys(ACTIONS) as ActionName[]).filter(
  (name) => name !== "move" && name !== "pushEqual",
);

test("M11: no order, loss, repetition or repair of messages makes a difference", () => {
  const counts = checkLaw({ actions: ALL, runs, replicas: 5, steps: 90 });
  expect(counts.gaps).toBeGreaterThan(0);
  expect(counts.duplicates).toBeGreaterThan(0);
  expect(counts.merges).toBeGreaterThan(0);
});

interface Write {
  readonly writer: number;
  readonly action: ActionName;
  readonly dice: readonly [number, number, number];
}

/** Three writers who hear nothing of one another; their updates, each in its writer's order. */
function isolatedUpdates(writes: readonly Write[]): Uint8Array[][] {
  let uid = 0;
  return [0, 1, 2].map((who) => {
    const document = SessionDocument.create("s");
    const updates: Uint8Array[] = [];
    for (const { action, dice } of writes.filter((write) => write.writer === who)) {
      const { value, base } = document.read();
      const tree = { k: "object" as const, fields: new Map() };
      const nextUid = (): string => `${++uid}`;
      ACTIONS[action]({ tree, live: value as Live, hadItems: false, nextUid }, dice);
      const stamp = { hlc: (document.hlcMax + 1) as Hlc, writer: (who + 1) as WriterId };
      const update = document.commit(diff(base, value, { bytesMax: 1_000_000 }), stamp, 1);
      if (update) updates.push(update);
    }
    return updates;
  });
}

test("M11: the same commits make the same document, in any order and by any way", () => {
  const write = fc.record({
    writer: fc.nat(2),
    action: fc.constantFrom<ActionName>("set", "setObject", "setList", "push"),
    dice: fc.tuple(fc.nat(30), fc.nat(30), fc.nat(255)),
  });
  const property = fc.property(
    fc.array(write, { minLength: 6, maxLength: 20 }),
    fc.array(fc.nat(2), { minLength: 60, maxLength: 60 }),
    (writes, order) => {
      const updates = isolatedUpdates(writes);
      const straight = SessionDocument.create("s");
      for (const update of updates.flat()) straight.apply(update, 1);
      const queues = updates.map((queue) => [...queue]);
      const mixed = SessionDocument.create("s");
      const deltas: Uint8Array[] = [];
      for (const who of [...order, ...updates.flatMap((queue, w) => queue.map(() => w))]) {
        const update = queues[who]?.shift();
        if (update) deltas.push(update, update);
      }
      for (const delta of deltas) mixed.apply(delta, 1);
      const [head, ...rest] = deltas;
      const first = SessionDocument.create("s");
      if (head) first.apply(head, 1);
      const hydrated = SessionDocument.hydrate("s", first.encode(), rest);
      const expected = straight.read().value;
      for (const document of [mixed, hydrated, SessionDocument.hydrate("s", mixed.encode())]) {
        expect(document.read().value).toEqual(expected);
        expect(new Map([...document.stateVector].sort())).toEqual(
          new Map([...straight.stateVector].sort()),
        );
      }
    },
  );
  fc.assert(property, { numRuns: Number(runs ?? 200) });
});
