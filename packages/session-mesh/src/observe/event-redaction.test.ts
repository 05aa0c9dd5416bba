/** The second lock on events: what is not on the list stays inside. */
import type { Event } from "@session-mesh/core";
import { expect, test } from "vitest";
import { redactedJson } from "./event-redaction.js";

const parsed = (event: object): unknown => JSON.parse(redactedJson(event as Event));

test("P12: a field that somebody adds to an event stays inside", () => {
  const event = {
    atMs: 1,
    type: "session-created",
    session: "hash",
    rawId: "raw",
    value: { a: 1 },
  };
  expect(parsed(event)).toEqual({ atMs: 1, type: "session-created", session: "hash" });
});

test("P12: of a type that nobody has judged only the name leaves", () => {
  expect(parsed({ atMs: 1, type: "new", value: 1 })).toEqual({ atMs: 1, type: "new" });
  expect(parsed({ atMs: 1, type: "toString", value: 1 })).toEqual({ atMs: 1, type: "toString" });
});

test("a stranger's text is cut, and cannot break out of its line", () => {
  const reason = `\n\nid: 9\ndata: ${"x".repeat(10_000)}`;
  const json = redactedJson({ atMs: 1, type: "frame-rejected", peer: undefined, reason });
  expect(json).not.toContain("\n");
  expect(json.length).toBeLessThan(400);
});
