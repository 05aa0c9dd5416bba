/** What was waited for in vain is remembered, and what is lost is told from what may yet come. */
import { expect, test } from "vitest";
import type { SessionId, WriterId } from "../ids.js";
import type { VersionVector } from "../session-state.js";
import { UnreachedRevisions } from "./unreached-revisions.js";

const SESSION = "s" as SessionId;
const WRITER = 7 as WriterId;
const upTo = (rev: number): VersionVector => [WRITER, rev];

test("P5: that a revision is lost says nothing about later ones of its writer", () => {
  const unreached = new UnreachedRevisions(10);
  unreached.add(SESSION, upTo(3), { isLost: true });
  unreached.add(SESSION, upTo(5), { isLost: false });
  expect(unreached.split(SESSION, upTo(5))).toEqual({ lost: [], wanted: upTo(5) });
  expect(unreached.split(SESSION, upTo(3))).toEqual({ lost: upTo(3), wanted: [] });
  expect(unreached.wasWaitedFor(SESSION, upTo(5))).toBe(true);
});

test("P5: what was lost once stays lost, whatever is waited for later", () => {
  const unreached = new UnreachedRevisions(10);
  unreached.add(SESSION, upTo(5), { isLost: true });
  unreached.add(SESSION, upTo(4), { isLost: true });
  expect(unreached.split(SESSION, upTo(5))).toEqual({ lost: upTo(5), wanted: [] });
});

test("what was waited for in vain is worth another wait when a link has come up", () => {
  const unreached = new UnreachedRevisions(10);
  unreached.add(SESSION, upTo(5), { isLost: false });
  expect(unreached.wasWaitedFor(SESSION, upTo(5))).toBe(true);
  expect(unreached.wasWaitedFor(SESSION, upTo(6))).toBe(false);
  unreached.peerUp();
  expect(unreached.wasWaitedFor(SESSION, upTo(5))).toBe(false);
});

test("the oldest is forgotten first", () => {
  const unreached = new UnreachedRevisions(1);
  unreached.add(SESSION, upTo(5), { isLost: true });
  unreached.add("t" as SessionId, upTo(1), { isLost: true });
  expect(unreached.split(SESSION, upTo(5)).lost).toEqual([]);
  expect(unreached.split("t" as SessionId, upTo(1)).lost).toEqual(upTo(1));
});
