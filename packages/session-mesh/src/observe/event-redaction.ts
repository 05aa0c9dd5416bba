/**
 * What of an event leaves the process: an allow-list, so that a field somebody adds to an event stays
 * inside until somebody else has decided that it may go.
 *
 * Passed on are keyed hashes, sizes, clocks, node names and addresses. Events hold no raw ids and no
 * values in the first place (P12); this is the second lock on that door.
 *
 * Not here: sending (event-streams.ts).
 */
import type { Event, EventBody } from "@session-mesh/core";

/** Longest text of an event that is passed on; reasons and details may come from strangers. */
const TEXT_LENGTH_MAX = 256;

type FieldOf<Type extends EventBody["type"]> = Exclude<
  keyof Extract<EventBody, { type: Type }>,
  "type"
>;

const FIELDS: { readonly [Type in EventBody["type"]]: readonly FieldOf<Type>[] } = {
  started: ["node", "writer"],
  stopped: [],
  "link-opened": ["peer", "address"],
  "link-closed": ["peer", "reason"],
  "member-changed": ["member", "incarnation", "from", "to", "draining", "reason"],
  refuted: ["incarnation", "accuser"],
  "peer-refused": ["address", "code", "byPeer", "detail"],
  "frame-rejected": ["peer", "reason"],
  "message-unknown": ["peer", "messageType"],
  "node-name-taken": ["member", "address"],
  "session-created": ["session"],
  "session-committed": ["session", "stamp", "rev", "operationCount", "deltaBytes"],
  "session-touched": ["session", "touchedAtMs"],
  "session-destroyed": ["session", "origin", "law"],
  "user-revoked": ["user", "cutoffMs", "destroyedCount"],
  "session-integrated": ["session", "origin", "path", "lagMs"],
  merged: ["session", "law", "pathHash", "winner", "loser"],
  "session-collected": ["session", "reason"],
  "tombstones-collected": ["count"],
  "session-evicted": ["session"],
  "limit-refused": ["limit", "value"],
  "acks-settled": ["wanted", "got", "degraded", "waitedMs"],
  "gap-found": ["session", "peer"],
  "update-refused": ["peer", "session", "reason"],
  "catch-up-started": ["peer", "fromSeq", "toSeq", "rung"],
  "audit-finished": ["peer", "outcome", "sent", "received", "bytes", "tookMs"],
  "join-started": ["donors"],
  "join-progress": ["partitionsDone", "partitionsTotal", "sessions", "bytes", "donors"],
  "join-finished": ["outcome", "sessions", "bytes", "durationMs"],
  "pull-finished": ["session", "outcome", "asked", "tookMs"],
  "token-waited": ["session", "outcome", "missingCount", "lostCount", "waitedMs"],
  "stale-served": ["session"],
  "miss-incomplete": ["session"],
  "drain-started": [],
  "drain-finished": ["confirmed", "peers", "soleHeldCount"],
  "changed-after-headers": ["session"],
  restored: ["sessions", "tombstones", "damaged", "newer"],
  persisted: ["records", "bytes", "tookMs"],
  "persist-failed": ["reason", "waiting"],
  "clock-offset": ["offsetMs", "safe"],
};

/** The event as JSON on one line, with the fields that may leave; of an unknown type only the name. */
export function redactedJson(event: Event): string {
  const allowed: readonly string[] = Object.hasOwn(FIELDS, event.type) ? FIELDS[event.type] : [];
  const given: Readonly<Record<string, unknown>> = { ...event };
  const kept: Record<string, unknown> = { atMs: event.atMs, type: event.type };
  for (const field of allowed) {
    const value = given[field];
    kept[field] = typeof value === "string" ? value.slice(0, TEXT_LENGTH_MAX) : value;
  }
  return JSON.stringify(kept);
}
