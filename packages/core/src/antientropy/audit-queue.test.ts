/** Whom to audit next: one at a time, whoever needs it first, and everyone in turn. */
import { expect, test } from "vitest";
import type { NodeId } from "../ids.js";
import { createPrng } from "../prng.js";
import { AuditQueue } from "./audit-queue.js";

const names = ["a", "b", "c", "d", "e"] as readonly string[] as readonly NodeId[];

function bench(peers: readonly NodeId[] = names) {
  const started: string[] = [];
  const state = { isBusy: false, trusted: [...peers] };
  const queue = new AuditQueue({
    random: createPrng(1),
    isBusy: () => state.isBusy,
    isTrusted: (peer) => state.trusted.includes(peer),
    trustedPeers: () => state.trusted,
    start: (peer, { thorough }) => {
      state.isBusy = true;
      started.push(thorough ? `${peer}!` : peer);
    },
  });
  /** The round under way ends. */
  const finish = (): void => {
    state.isBusy = false;
    queue.next();
  };
  return { queue, state, started, finish };
}

const [A, B, C] = names as unknown as [NodeId, NodeId, NodeId];

test("one round at a time, in the order asked for", () => {
  const { queue, started, finish } = bench();
  for (const peer of [A, B, C]) queue.add(peer, { thorough: false });
  expect(started).toEqual(["a"]);
  finish();
  finish();
  finish();
  expect(started).toEqual(["a", "b", "c"]);
});

test("asked for twice it is made once, thorough if either asked so", () => {
  const { queue, started, finish } = bench();
  queue.add(A, { thorough: false });
  for (const thorough of [false, true, false]) queue.add(B, { thorough });
  finish();
  finish();
  expect(started).toEqual(["a", "b!"]);
});

test("a peer asked for during its own round is audited again after it", () => {
  const { queue, started, finish } = bench();
  queue.add(A, { thorough: true });
  queue.add(A, { thorough: true });
  finish();
  expect(started).toEqual(["a!", "a!"]);
});

test("who is not trusted any more is left out, and the next one gets its turn", () => {
  const { queue, state, started, finish } = bench();
  for (const peer of [A, B, C]) queue.add(peer, { thorough: false });
  state.trusted = [A, C];
  finish();
  expect(started).toEqual(["a", "c"]);
});

test("P8: as time goes by everyone is audited, each once before anyone is again", () => {
  const { queue, started, finish } = bench();
  for (let i = 0; i < 15; i++) {
    queue.addNext();
    finish();
  }
  for (const from of [0, 5, 10]) expect(started.slice(from, from + 5).sort()).toEqual(names);
});

test("who comes or goes within a cycle neither stops nor repeats it", () => {
  const { queue, state, started, finish } = bench();
  queue.addNext();
  finish();
  const [first] = started;
  state.trusted = names.filter((peer) => peer !== first).slice(1);
  for (let i = 0; i < 3; i++) {
    queue.addNext();
    finish();
  }
  expect(started.slice(1).sort()).toEqual([...state.trusted].sort());
  const alone = bench([]);
  alone.queue.addNext();
  expect(alone.started).toEqual([]);
});

test("when one is lost some others are audited, not all", () => {
  const { queue, started, finish } = bench();
  queue.addSome(2);
  finish();
  finish();
  expect(new Set(started).size).toBe(2);
});

test("a round that ends at once does not hold up the rest", () => {
  const started: NodeId[] = [];
  let isBusy = false;
  const queue: AuditQueue = new AuditQueue({
    random: createPrng(1),
    isBusy: () => isBusy,
    isTrusted: () => true,
    trustedPeers: () => names,
    start: (peer) => {
      started.push(peer);
      isBusy = true;
      // As digests that cannot be compared end a round.
      isBusy = false;
      queue.next();
    },
  });
  for (const peer of names) queue.add(peer, { thorough: false });
  expect(started).toEqual(names);
});
