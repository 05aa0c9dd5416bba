/** P4: what was seen equal, when, and on which process. */
import { expect, test } from "vitest";
import { PARTITION_COUNT, type NodeId } from "../ids.js";
import { Equality } from "./equality.js";

const [A, B] = ["a", "b"] as unknown as [NodeId, NodeId];
const at = (ms: number) => ({ meshMs: 1_000_000 + ms, elapsedMs: ms });

test("partitions that differed keep the moment at which they were last equal", () => {
  const equality = new Equality();
  equality.found(A, undefined, at(1));
  equality.found(A, new Set([3, 255]), at(2));
  equality.found(A, new Set([3]), at(3));
  expect(equality.seenAt(A, 3)).toEqual(at(1));
  expect(equality.seenAt(A, 255)).toEqual(at(3));
  for (const partition of [0, 1, 2, 4, 254]) expect(equality.seenAt(A, partition)).toEqual(at(3));
});

test("what was never equal was so before all time", () => {
  const equality = new Equality();
  equality.found(A, new Set([7]), at(1));
  for (const [member, partition] of [[A, 7] as const, [B, 0] as const]) {
    const never = equality.seenAt(member, partition);
    expect(never.meshMs).toBe(0);
    expect(never.elapsedMs).toBe(Number.NEGATIVE_INFINITY);
  }
});

test("a member that is another process now has equalled nothing, the others what they had", () => {
  const equality = new Equality();
  for (const member of [A, B]) equality.found(member, undefined, at(1));
  equality.forget(A);
  for (let partition = 0; partition < PARTITION_COUNT; partition += 51) {
    expect(equality.seenAt(A, partition).elapsedMs).toBe(Number.NEGATIVE_INFINITY);
    expect(equality.seenAt(B, partition)).toEqual(at(1));
  }
});
