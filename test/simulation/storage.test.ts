/**
 * P10: with disks, a power cut to the whole cluster loses nothing that was acknowledged as durable,
 * and nothing that comes from a disk undoes what the living know.
 */
import { sealRecord, type SessionId, type VersionVector } from "@session-mesh/core";
import { scenario, type Scenario, sessionIdOf } from "@session-mesh/sim";
import { describe, expect, test } from "vitest";

const NAMES = ["n1", "n2", "n3"];

/** The power of every machine is cut at once; later it is back. */
function powerCut(script: Scenario, names = NAMES): Scenario {
  for (const name of names) script.crash(name, { silent: true });
  script.run("1s");
  for (const name of names) script.restart(name);
  return script.run("3s");
}

describe("P10: all nodes lose power at once", () => {
  test("what was acknowledged is there, from the first moment, on every node", () => {
    const script = scenario({ nodes: 3, disks: {} });
    for (let i = 0; i < 20; i++) {
      script.write("n1", `s${i}`, { user: "ada", n: i });
      expect(script.acks("n1", 2)).toMatchObject({ acks: 2, degraded: false });
    }
    for (const name of NAMES) script.crash(name, { silent: true });
    script.run("1s");
    for (const name of NAMES) {
      script.restart(name);
      for (let i = 0; i < 20; i++) script.expect(name, `s${i}`, { user: "ada", n: i });
    }
  });

  test("a write that one peer acknowledged survives on the two that have it", () => {
    const script = scenario({ nodes: 3, disks: {} }).write("n1", "s", { cart: "book" });
    expect(script.acks("n1", 1)).toMatchObject({ degraded: false });
    powerCut(script).settle().expectEverywhere("s", { cart: "book" });
  });

  test("a node alone has what it acknowledged, though nobody else did", () => {
    const script = scenario({ nodes: 1, disks: {} }).write("n1", "s", { cart: "book" });
    expect(script.acks("n1", 1)).toMatchObject({ acks: 0, degraded: true });
    powerCut(script, ["n1"]).expectEverywhere("s", { cart: "book" });
  });

  test("without a disk everything is gone, so the tests above would see it", () => {
    const script = scenario({ nodes: 3 }).write("n1", "s", { cart: "book" });
    script.acks("n1", 2);
    powerCut(script).expectEverywhere("s", "absent");
  });

  test("a logout stays one", () => {
    const script = scenario({ nodes: 3, disks: {} }).write("n1", "s", { user: "ada" }).run("1s");
    script.destroy("n2", "s");
    script.acks("n2", "all");
    powerCut(script).settle().expectEverywhere("s", "destroyed");
  });
});

describe("a disk that is slow, full or broken", () => {
  test("P1: who waits for it is told in time that less is promised, and is served all the same", () => {
    const script = scenario({ nodes: 3, disks: {} });
    for (const name of NAMES) script.cluster.diskOf(name)!.problem = "no space left on device";
    script.write("n1", "s", { cart: "book" });
    expect(script.acks("n1", 1)).toMatchObject({ acks: 0, degraded: true });
    script.run("1s").expectEverywhere("s", { cart: "book" });
    expect(script.events.some(({ event }) => event.type === "persist-failed")).toBe(true);
    expect(script.status("n1").storage).toMatchObject({ isFailing: true, waiting: 1 });
    for (const name of NAMES) script.cluster.diskOf(name)!.problem = undefined;
    script.run("2s").touch("n1", "s");
    expect(script.status("n1").storage).toMatchObject({ isFailing: false, waiting: 0 });
    powerCut(script).expectEverywhere("s", { cart: "book" });
  });
});

test("P8: a node whose disk fails still hears of everything, far beyond what may be unconfirmed", () => {
  const limits = { pushWindowBytesMax: 1_000, pushBatchBytesMax: 500, auditIntervalMs: 600_000 };
  const script = scenario({ nodes: 2, disks: {}, limits });
  script.cluster.diskOf("n2")!.problem = "no space left on device";
  script.write("n1", "first", { n: 0 }).run("2s");
  for (let i = 0; i < 100; i++) script.write("n1", `s${i}`, { n: i }).run("5ms");
  script.run("3s").expect("n2", "s99", { n: 99 });
  expect(script.acks("n1", 1)).toMatchObject({ acks: 0, degraded: true });
  script.cluster.diskOf("n2")!.problem = undefined;
  script.run("2s").write("n1", "s99", { n: 100 });
  expect(script.acks("n1", 1)).toMatchObject({ acks: 1, degraded: false });
  powerCut(script, ["n2"]).expect("n2", "s99", { n: 100 });
});

describe("disks are not to be trusted", () => {
  test("records that are torn are left out and counted, and come back from the others", () => {
    const script = scenario({ nodes: 3, disks: {} });
    for (let i = 0; i < 50; i++) script.write("n2", `s${i}`, { n: i });
    script.run("2s").crash("n1");
    expect(script.cluster.diskOf("n1")!.tear(0.5)).toBeGreaterThan(5);
    script.run("1s").restart("n1").run("1s");
    const restored = script.events.find(({ event }) => event.type === "restored");
    const torn = script.cluster.diskOf("n1")!.counts.torn;
    expect(restored?.event).toMatchObject({ sessions: 50 - torn, damaged: torn });
    script.settle();
    for (let i = 0; i < 50; i++) script.expect("n1", `s${i}`, { n: i });
  });

  test("P3: an old disk brings no session back that was destroyed since", () => {
    const script = scenario({ nodes: 3, disks: {} }).write("n1", "s", { user: "ada" }).run("1s");
    const old = script.cluster.diskOf("n1")!.image();
    script.destroy("n2", "s").run("1s").crash("n1");
    script.cluster.diskOf("n1")!.replace(old);
    script.run("1s").restart("n1").settle().expectEverywhere("s", "destroyed");
  });

  test("P4: nor one whose proof of destruction has been forgotten: it is dead by its own lifetime", () => {
    const limits = { absoluteMs: 20_000, idleMs: 20_000, clockMarginMs: 1_000 };
    const script = scenario({ nodes: 3, disks: {}, limits }).write("n1", "s", { user: "ada" });
    const old = script.run("1s").cluster.diskOf("n1")!.image();
    script.destroy("n2", "s").run("1s").crash("n1").run("60s");
    expect(script.status("n2").sessions.tombstones).toBe(0);
    script.cluster.diskOf("n1")!.replace(old);
    script.restart("n1").expect("n1", "s", "expired").run("20s");
    script.expectEverywhere("s", "absent");
    expect(script.cluster.diskOf("n1")!.recordCount).toBe(0);
  });

  test("P8: an old disk from before a partition is brought up to date, and takes nothing back", () => {
    const script = scenario({ nodes: 3, disks: {} });
    script.write("n1", "s", { a: 1, b: 1 }).run("1s");
    const old = script.cluster.diskOf("n1")!.image();
    script.write("n1", "s", { a: 2 }).run("1s").crash("n1");
    script.partition(["n1"], ["n2", "n3"]).cluster.diskOf("n1")!.replace(old);
    script.restart("n1").run("1s").expect("n1", "s", { a: 1, b: 1 });
    script.write("n1", "s", { c: 3 }).write("n2", "s", { b: 2 }).run("5s");
    script.heal().settle().expectEverywhere("s", { a: 2, b: 2, c: 3 });
  });

  test("M8, M11: counters count what came after an old disk once, and what was on it once", () => {
    const script = scenario({ nodes: 2, disks: {} });
    script.increment("n1", "s", "views", 5).run("1s");
    const old = script.cluster.diskOf("n1")!.image();
    script.increment("n1", "s", "views", 2).increment("n2", "s", "views", 3).run("1s").crash("n1");
    script.cluster.diskOf("n1")!.replace(old);
    script.restart("n1").increment("n1", "s", "views", 1).settle();
    script.expectEverywhere("s", { views: 11 });
  });

  test("a disk that was put into another machine serves there, and no writer is used twice", () => {
    const script = scenario({ nodes: 2, disks: {} }).write("n1", "s", { user: "ada" }).run("1s");
    const image = script.cluster.diskOf("n1")!.image();
    script.crash("n1").crash("n2").cluster.diskOf("n2")!.replace(image);
    script.run("1s").restart("n2").expect("n2", "s", { user: "ada" });
    script.write("n2", "s", { at: "n2" }).restart("n1").write("n1", "s", { also: "n1" }).settle();
    script.expectEverywhere("s", { user: "ada", at: "n2", also: "n1" });
    const writers = script.events.flatMap(({ event }) =>
      event.type === "started" ? [event.writer] : [],
    );
    expect(new Set(writers).size).toBe(writers.length);
  });
});

test("P5: what came back from a disk may be lacking elsewhere, and its readers take that along", () => {
  const script = scenario({ nodes: 2, disks: {} }).partition(["n1"], ["n2"]);
  script.write("n1", "s", { user: "ada" }).run("1s").crash("n1").run("1s").restart("n1").heal();
  const isLinked = (): boolean => script.status("n1").members.some((member) => member.isLinked);
  while (!isLinked()) script.run("1ms");
  const read = script.read("n1", "s");
  const revisions = read.status === "found" ? read.revisions : [];
  const unshared = (): VersionVector => {
    const { replica } = script.cluster.runOn("n1")!;
    return replica.unshared(sessionIdOf("s"), revisions).revisions;
  };
  expect(revisions.length).toBe(2);
  expect(unshared()).toEqual(revisions);
  script.run("90s");
  expect(unshared()).toEqual([]);
});

test("what a newer version stored is left where it is, and told", () => {
  const script = scenario({ nodes: 1, disks: {} }).write("n1", "s", { user: "ada" }).run("1s");
  const disk = script.cluster.diskOf("n1")!;
  const [[session, record]] = [...disk.image()] as [[SessionId, Uint8Array]];
  const newer = sealRecord(record.subarray(9), { version: 2, key: [1, 2] });
  script.crash("n1");
  disk.replace(new Map([[session, newer]]));
  script.restart("n1").run("10s").expect("n1", "s", "absent");
  expect(script.events.find(({ event }) => event.type === "restored")?.event).toMatchObject({
    ...{ newer: 1, damaged: 0, sessions: 0 },
  });
  expect(disk.recordCount).toBe(1);
});
