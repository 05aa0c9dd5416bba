/** P7: when a node can be stopped. */
import type { Event, MemberStatus, NodeId, WriterId } from "@session-mesh/core";
import { expect, test } from "vitest";
import { DrainWatch } from "./drain-watch.js";

const peer = (state: Partial<MemberStatus>): MemberStatus => ({
  node: "b" as NodeId,
  writer: 1 as WriterId,
  state: "alive",
  address: "",
  incarnation: 1,
  isDraining: false,
  isLinked: true,
  isSelf: false,
  ackedSeq: 5,
  inFlightBytes: 0,
  ...state,
});

const finished = (outcome: Partial<Event>): Event =>
  ({
    atMs: 1,
    type: "drain-finished",
    confirmed: true,
    peers: 1,
    soleHeldCount: 0,
    ...outcome,
  }) as Event;

function isDrained(event: Event | undefined, ...members: MemberStatus[]): boolean {
  const watch = new DrainWatch();
  if (event) watch.hear(event);
  return watch.state({ members, seq: 5, isDraining: true }).drained;
}

test("not before a drain has ended", () => {
  expect(isDrained(undefined, peer({}))).toBe(false);
  expect(isDrained({ atMs: 1, type: "drain-started" }, peer({}))).toBe(false);
});

test("when all confirmed, and not when some did not", () => {
  expect(isDrained(finished({}), peer({}))).toBe(true);
  expect(isDrained(finished({ confirmed: false }), peer({}))).toBe(false);
});

test("alone: only where there is nothing to lose", () => {
  expect(isDrained(finished({ confirmed: false, peers: 0, soleHeldCount: 1 }))).toBe(false);
  expect(isDrained(finished({ confirmed: false, peers: 0, soleHeldCount: 0 }))).toBe(true);
});

test("a write after the drain is waited for, from peers that stay and answer", () => {
  expect(isDrained(finished({}), peer({ ackedSeq: 4 }))).toBe(false);
  expect(isDrained(finished({}), peer({ ackedSeq: undefined }))).toBe(false);
  expect(isDrained(finished({}), peer({ ackedSeq: 4, isDraining: true }))).toBe(true);
  expect(isDrained(finished({}), peer({ ackedSeq: 4, state: "suspect" }))).toBe(true);
  expect(isDrained(finished({}), peer({ ackedSeq: 4, isLinked: false }))).toBe(true);
});
