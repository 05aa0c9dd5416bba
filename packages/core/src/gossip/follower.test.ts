/** Following a peer where a confirmation means the disk (P10). */
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../config.js";
import type { NodeId, SessionId, WriterId } from "../ids.js";
import type { TombstoneItem } from "../session-state.js";
import type { Message } from "../wire/messages.js";
import { Follower } from "./follower.js";

const A = "a" as NodeId;
const WRITER = 7 as WriterId;

/** A follower whose disk is at a point. */
class Bench {
  readonly sent: Message[] = [];
  point = 1;
  durablePoint = 0;
  isStuck = false;
  isGap = false;
  readonly follower: Follower = new Follower({
    limits: DEFAULT_LIMITS,
    send: (_peer, message) => void this.sent.push(message),
    emit: () => {},
    integrate: () => (this.isGap ? "gap" : "ok"),
    fetch: () => {},
    confirmablePoint: () => this.point,
    isConfirmable: (point) => point <= this.durablePoint,
    isStorageStuck: () => this.isStuck,
  });

  constructor() {
    this.follower.peerUp(A, WRITER);
  }

  push(fromSeqExclusive: number): void {
    const session = "s".repeat(22) as SessionId;
    const times = { absoluteExpiresAtMs: 1, regeneratedAtMs: 0 };
    const item: TombstoneItem = { kind: "tombstone", session, ...times };
    const range = { fromSeqExclusive, toSeqInclusive: fromSeqExclusive + 1 };
    this.follower.onPush(A, { type: "push", ...range, items: [item] });
  }

  durable(point: number): void {
    this.durablePoint = point;
    this.follower.review();
  }
}

test("P10: nothing is confirmed, and nothing had, before it is durable", () => {
  const bench = new Bench();
  bench.push(0);
  bench.push(1);
  expect(bench.sent).toEqual([]);
  expect(bench.follower.haveOf(A)).toBe(0);
  bench.durable(1);
  expect(bench.sent).toEqual([{ type: "ack", seq: 2 }]);
  expect(bench.follower.haveOf(A)).toBe(2);
});

test("what came after a batch had begun waits for the next one", () => {
  const bench = new Bench();
  bench.push(0);
  bench.point = 2;
  bench.push(1);
  bench.durable(1);
  expect(bench.sent).toEqual([{ type: "ack", seq: 1 }]);
  bench.durable(2);
  expect(bench.sent.at(-1)).toEqual({ type: "ack", seq: 2 });
});

test("a gap holds back what comes after it, and not what was before", () => {
  const bench = new Bench();
  bench.push(0);
  bench.isGap = true;
  bench.push(1);
  bench.durable(1);
  expect(bench.sent).toEqual([{ type: "ack", seq: 1 }]);
  bench.follower.gapFilled(A, "s".repeat(22) as SessionId);
  expect(bench.sent.at(-1)).toEqual({ type: "ack", seq: 2 });
});

test("P8: while the disk is stuck the peer is told how far this node has come, once, and no more", () => {
  const bench = new Bench();
  bench.isStuck = true;
  bench.push(0);
  bench.follower.review();
  bench.follower.review();
  expect(bench.sent).toEqual([{ type: "integrated", seq: 1 }]);
  expect(bench.follower.haveOf(A)).toBe(0);
  bench.durable(1);
  expect(bench.sent.at(-1)).toEqual({ type: "ack", seq: 1 });
});

test("a new link begins at what was confirmed, whatever was integrated", () => {
  const bench = new Bench();
  bench.push(0);
  bench.follower.peerDown(A);
  expect(bench.follower.peerUp(A, WRITER)).toBe(0);
  bench.durable(1);
  expect(bench.sent).toEqual([]);
});
