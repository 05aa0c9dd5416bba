/** P8: two real tables with thousands of sessions between them are equal after one round. */
import { expect, test } from "vitest";
import type { EventBody } from "../events.js";
import type { NodeId } from "../ids.js";
import { sessionId, TableNode } from "../session/model/table.suite.js";
import type { Message } from "../wire/messages.js";
import { Auditor } from "./auditor.js";

const [A, B] = ["a", "b"] as unknown as [NodeId, NodeId];

/** A table with an auditor, and what it has said. */
class AuditedNode extends TableNode {
  readonly sent: Message[] = [];
  readonly reports: EventBody[] = [];
  readonly auditor: Auditor = new Auditor({
    limits: this.limits,
    sums: this.sums,
    elapsedMs: () => this.nowMs,
    send: (_peer, message) => this.sent.push(message),
    emit: (event) => this.reports.push(event),
    elementsOf: (partition) => this.table.elementsOf(partition),
    wholeItem: (session) => this.table.toItem(session),
    isExpired: () => false,
    foundSameOrNone: () => {},
    integrate: (_peer, item) => {
      this.integrate(item);
    },
    isComparable: () => true,
    foundEqual: () => {},
    finished: () => {},
  });

  hear(peer: NodeId, message: Message): void {
    const { auditor } = this;
    if (message.type === "audit") auditor.onAudit(peer, message);
    else if (message.type === "partitions") auditor.onPartitions(peer, message);
    else if (message.type === "list") auditor.onList(peer, message);
    else if (message.type === "listed") auditor.onListed(peer, message);
    else if (message.type === "sync") auditor.onSync(peer, message.request, message.items);
    else if (message.type === "synced") auditor.onSynced(peer, message.request);
  }
}

/** Delivers until nobody says anything, and counts what was said by type. */
function converse(a: AuditedNode, b: AuditedNode): Map<string, number> {
  const said = new Map<string, number>();
  for (;;) {
    const [toB, toA] = [a.sent.shift(), b.sent.shift()];
    if (!toA && !toB) return said;
    for (const message of [toB, toA]) {
      if (message) said.set(message.type, (said.get(message.type) ?? 0) + 1);
    }
    if (toB) b.hear(A, toB);
    if (toA) a.hear(B, toA);
  }
}

test("lists in several chunks, both ways: sessions, other copies, logouts and touches", () => {
  const limits = { hotSessionsMax: 10, syncChunkBytesMax: 64 * 1_024 };
  const [a, b] = [new AuditedNode(11, limits), new AuditedNode(22, limits)];
  for (let i = 0; i < 11_000; i++) {
    const item = a.write(sessionId(i), () => {});
    // Every 50th is missing at b.
    if (i % 50 !== 0) b.integrate(item);
  }
  for (let i = 1; i < 11_000; i += 100) {
    a.write(sessionId(i), (value) => (value["a"] = i));
    b.write(sessionId(i), (value) => (value["b"] = i));
    a.destroy(sessionId(i + 1));
    b.destroy(sessionId(i + 2));
    b.write(sessionId(20_000 + i), (value) => (value["only"] = i));
  }
  for (const node of [a, b]) node.nowMs += 60_000;
  a.auditor.start(B, { thorough: false });
  const said = converse(a, b);
  expect(said.get("list")).toBeGreaterThan(1);
  expect(said.get("listed")).toBe(said.get("list"));
  expect(a.sums.toArray()).toEqual(b.sums.toArray());
  expect(a.table.counts.tombstones).toBe(220);
  for (const i of [1, 2, 3, 50, 101, 20_001]) {
    expect(a.read(sessionId(i))).toEqual(b.read(sessionId(i)));
  }
  expect(a.read(sessionId(1))).toEqual({ a: 1, b: 1 });
  expect(a.reports).toEqual([expect.objectContaining({ outcome: "repaired", peer: B })]);
  // What differs, and little else: 220 missing there, 110 written to, 220 destroyed on either side.
  const [report] = a.reports;
  expect(report?.type === "audit-finished" ? report.sent : undefined).toBeLessThan(600);
  a.auditor.start(B, { thorough: false });
  expect(converse(a, b)).toEqual(
    new Map([
      ["audit", 1],
      ["partitions", 1],
    ]),
  );
  expect(a.reports.at(-1)).toMatchObject({ outcome: "equal", sent: 0, received: 0, bytes: 0 });
});

test("rounds of both nodes at once repair as one does", () => {
  const [a, b] = [new AuditedNode(11), new AuditedNode(22)];
  for (let i = 0; i < 300; i++) a.write(sessionId(i), (value) => (value["n"] = i));
  for (let i = 150; i < 450; i++) b.write(sessionId(i), (value) => (value["m"] = i));
  a.auditor.start(B, { thorough: true });
  b.auditor.start(A, { thorough: true });
  converse(a, b);
  expect(a.sums.toArray()).toEqual(b.sums.toArray());
  expect([a.auditor.isBusy, b.auditor.isBusy]).toEqual([false, false]);
});

test("what changes while a round runs is not lost by it", () => {
  const [a, b] = [new AuditedNode(11), new AuditedNode(22)];
  for (let i = 0; i < 50; i++) a.write(sessionId(i), (value) => (value["n"] = i));
  a.auditor.start(B, { thorough: true });
  for (let step = 0; a.sent.length + b.sent.length > 0; step++) {
    const [toB, toA] = [a.sent.shift(), b.sent.shift()];
    if (step < 6) {
      a.write(sessionId(step), (value) => (value["late"] = step));
      b.write(sessionId(100 + step), (value) => (value["late"] = step));
    }
    if (toB) b.hear(A, toB);
    if (toA) a.hear(B, toA);
  }
  a.auditor.start(B, { thorough: true });
  converse(a, b);
  expect(a.sums.toArray()).toEqual(b.sums.toArray());
  expect(b.read(sessionId(5))).toEqual({ n: 5, late: 5 });
  expect(a.read(sessionId(105))).toEqual({ late: 5 });
});
