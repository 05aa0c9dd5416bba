/** P5 in the protocol: waiting for what a reader has seen, and for how long, on simulated nodes. */
import { scenario, type Scenario } from "@session-mesh/sim";
import { describe, expect, test } from "vitest";
import { ask, Reader, revisionsOn, waitFor } from "./reader.js";

const SESSION = "s1";

/** Writes on a node, and returns what a reader has seen then. */
function writeOn(mesh: Scenario, node: string): { session: string; revisions: readonly number[] } {
  mesh.write(node, SESSION, { n: mesh.nowMs });
  return { session: SESSION, revisions: revisionsOn(mesh, node, SESSION) };
}

function start(options: Partial<Parameters<typeof scenario>[0]> = {}): Scenario {
  return scenario({ nodes: 3, ...options })
    .write("n1", SESSION, { user: "ada" })
    .settle();
}

describe("while the writer or a holder is there", () => {
  test("P5: a write that is on its way is waited for, not longer than its way takes", () => {
    const mesh = start({ network: { latencyMs: 5, jitterMs: 0 } });
    const waited = waitFor(mesh, "n2", writeOn(mesh, "n1"));
    expect(waited).toMatchObject({ status: "fresh", missing: [], lost: [] });
    expect(waited.tookMs).toBeLessThanOrEqual(10);
    expect(revisionsOn(mesh, "n2", SESSION)).toEqual(revisionsOn(mesh, "n1", SESSION));
  });

  test("P5: what is held already costs no time, and so does a session that was destroyed", () => {
    const mesh = start();
    const wanted = writeOn(mesh, "n1");
    mesh.settle();
    expect(waitFor(mesh, "n2", wanted)).toMatchObject({ status: "fresh" });
    const more = { session: SESSION, revisions: [4, 9_999] };
    mesh.destroy("n2", SESSION);
    expect(ask(mesh, "n2", more)).toEqual({});
    mesh.run("1ms");
    expect(waitFor(mesh, "n2", more)).toMatchObject({ status: "fresh", missing: [] });
    expect(mesh.events.filter(({ event }) => event.type === "token-waited")).toEqual([]);
  });

  test("P5: what a dead writer told only one node is fetched from there", () => {
    const mesh = start();
    mesh.cut("n1", "n2");
    const wanted = writeOn(mesh, "n1");
    mesh.run("5ms").crash("n1").run("10ms");
    const waited = waitFor(mesh, "n2", wanted);
    expect(waited.status).toBe("fresh");
    expect(waited.tookMs).toBeLessThanOrEqual(6);
  });

  test("P5: a copy that lacks the write does not end the wait, the next one does", () => {
    const mesh = start({ nodes: 4 });
    mesh.partition(["n1"], ["n2", "n3"]);
    const wanted = writeOn(mesh, "n1");
    mesh.run("20ms");
    expect(waitFor(mesh, "n2", wanted)).toMatchObject({ status: "fresh" });
  });

  test("P5: a hundred readers of one session ask once", () => {
    const mesh = start({ network: { latencyMs: 5, jitterMs: 0 } });
    const wanted = writeOn(mesh, "n1");
    const answers = Array.from({ length: 100 }, () => ask(mesh, "n2", wanted));
    expect(mesh.status("n2")).toMatchObject({ pullCount: 1, tokenWaiterCount: 100 });
    mesh.run("20ms");
    expect(answers.every(({ outcome }) => outcome?.status === "fresh")).toBe(true);
  });

  test("P5: who lacked the write when asked, and got it then, is asked again", () => {
    const mesh = start({ network: { latencyMs: 5, jitterMs: 0 } });
    mesh.cut("n1", "n2");
    const first = ask(mesh, "n2", writeOn(mesh, "n1"));
    mesh.run("4ms");
    const second = ask(mesh, "n2", writeOn(mesh, "n1"));
    expect(mesh.status("n2").pullCount).toBe(2);
    mesh.run("40ms");
    expect([first.outcome?.status, second.outcome?.status]).toEqual(["fresh", "fresh"]);
  });
});

describe("when nobody reachable has it", () => {
  test("P5: behind a cut nobody noticed yet, the wait takes 150 ms and no more", () => {
    const mesh = start();
    mesh.partition(["n1"], ["n2", "n3"]);
    const wanted = writeOn(mesh, "n1");
    const waited = waitFor(mesh, "n2", wanted);
    expect(waited).toMatchObject({ status: "stale", lost: [] });
    expect(waited.missing).not.toEqual([]);
    expect(waited.tookMs).toBeGreaterThanOrEqual(149);
    expect(waited.tookMs).toBeLessThanOrEqual(152);
  });

  test("P5: across a cut that is known it is declared each time, after one exchange", () => {
    const mesh = start();
    mesh.partition(["n1"], ["n2", "n3"]).run("20s");
    const wanted = writeOn(mesh, "n1");
    for (let i = 0; i < 3; i++) {
      const waited = waitFor(mesh, "n2", wanted);
      expect(waited).toMatchObject({ status: "stale", lost: [] });
      expect(waited.tookMs).toBeLessThanOrEqual(6);
    }
    mesh.heal().settle({ within: "15s" });
    expect(waitFor(mesh, "n2", wanted)).toMatchObject({ status: "fresh", missing: [] });
  });

  test("P5: a write that died with its writer costs one wait; then it is known to be lost", () => {
    const mesh = start();
    mesh.partition(["n1"], ["n2", "n3"]);
    const wanted = writeOn(mesh, "n1");
    mesh.crash("n1", { lossy: true }).heal().restart("n1").run("5s");
    const first = waitFor(mesh, "n2", wanted);
    expect(first).toMatchObject({ status: "stale" });
    expect(first.lost).toEqual(first.missing);
    const answer = ask(mesh, "n2", wanted);
    mesh.run("0ms");
    expect(answer.outcome).toEqual({
      kind: "freshness",
      status: "fresh",
      missing: [],
      lost: first.lost,
    });
    expect(mesh.status("n2").pullCount).toBe(0);
  });

  test("P5: a writer that fell a moment ago may be back: waited for once, not with each request", () => {
    const mesh = start();
    mesh.partition(["n1"], ["n2", "n3"]);
    const wanted = writeOn(mesh, "n1");
    mesh.crash("n1", { lossy: true }).heal().run("10ms");
    expect(waitFor(mesh, "n2", wanted).tookMs).toBeGreaterThanOrEqual(149);
    const again = waitFor(mesh, "n2", wanted);
    expect(again).toMatchObject({ status: "stale", lost: [] });
    expect(again.tookMs).toBeLessThanOrEqual(6);
  });

  test("P5: a writer that comes back during the wait is asked", () => {
    const mesh = start();
    mesh.partition(["n1"], ["n2", "n3"]);
    const wanted = writeOn(mesh, "n1");
    mesh.network.reset("n1", "n2");
    mesh.run("10ms").heal();
    expect(waitFor(mesh, "n2", wanted)).toMatchObject({ status: "fresh" });
  });

  test("P5: alone, a node declares at once", () => {
    const mesh = scenario({ nodes: 1 }).write("n1", SESSION, {});
    const waited = waitFor(mesh, "n1", { session: SESSION, revisions: [7, 7] });
    expect(waited).toMatchObject({ status: "stale", lost: [7, 7] });
    expect(waited.tookMs).toBeLessThanOrEqual(1);
  });

  test("a bound on the waiting serves at once what is here", () => {
    const mesh = start({ limits: { tokenWaitersMax: 2 } });
    mesh.partition(["n1"], ["n2", "n3"]);
    const wanted = writeOn(mesh, "n1");
    const answers = [1, 2, 3].map(() => ask(mesh, "n2", wanted));
    mesh.run("1ms");
    expect(answers.map(({ outcome }) => outcome?.status)).toEqual([undefined, undefined, "stale"]);
    expect(mesh.events.at(-2)?.event).toMatchObject({ limit: "tokenWaitersMax", value: 2 });
    mesh.run("400ms");
    expect(mesh.status("n2")).toMatchObject({ pullCount: 0, tokenWaiterCount: 0 });
  });

  test("what is remembered as lost is bounded; what is forgotten costs another wait", () => {
    const mesh = start({ limits: { unreachedRevisionsMax: 1 } });
    const lost = (writer: number) => ({ session: SESSION, revisions: [writer, 1] });
    expect(waitFor(mesh, "n2", lost(5)).status).toBe("stale");
    expect(waitFor(mesh, "n2", lost(5)).status).toBe("fresh");
    expect(waitFor(mesh, "n2", lost(6)).status).toBe("stale");
    expect(waitFor(mesh, "n2", lost(5)).status).toBe("stale");
  });
});

describe("what a reader takes along", () => {
  test("P5: nothing of what every member has acknowledged", () => {
    const mesh = start();
    const reader = new Reader();
    mesh.write("n1", SESSION, { n: 1 });
    reader.shown(mesh, "n1", SESSION);
    expect(reader.token).toHaveLength(2);
    const later = new Reader();
    mesh.run("10ms");
    later.shown(mesh, "n1", SESSION);
    expect(later.token).toEqual([]);
  });

  test("P5: another's write, which a third may lack, until it has been here for six audits", () => {
    const mesh = start();
    mesh.write("n1", SESSION, { n: 1 }).run("10ms");
    const readsOn = (node: string): Reader => {
      const reader = new Reader();
      reader.shown(mesh, node, SESSION);
      return reader;
    };
    expect(readsOn("n2").token).toHaveLength(2);
    mesh.run("61s");
    expect(readsOn("n2").token).toEqual([]);
  });

  test("P5: of two nodes one never tells what the other one wrote", () => {
    const mesh = start({ nodes: 2 });
    mesh.write("n1", SESSION, { n: 1 }).run("10ms");
    const reader = new Reader();
    reader.shown(mesh, "n2", SESSION);
    expect(reader.token).toEqual([]);
  });

  test("P5: everything that was written since a member cannot be reached, and nothing older", () => {
    const mesh = start();
    mesh.run("70s").partition(["n1", "n2"], ["n3"]).run("20s");
    const before = new Reader();
    before.shown(mesh, "n1", SESSION);
    expect(before.token).toEqual([]);
    mesh.write("n1", SESSION, { n: 1 }).run("2m");
    const after = new Reader();
    after.shown(mesh, "n1", SESSION);
    expect(after.token).toHaveLength(2);
    const crossed = waitFor(mesh, "n3", { session: SESSION, revisions: after.token });
    expect(crossed.status).toBe("stale");
  });
});

test("P1: a peer whose link has come up and who has not said yet where he is, is waited for", () => {
  const mesh = scenario({ nodes: 1 });
  const isResume = (frame: Uint8Array): boolean => frame[1] === 2;
  mesh.network.tamper = (frame) => (isResume(frame) ? undefined : frame);
  mesh.cluster.add("n2");
  mesh.cluster.start("n2");
  mesh.run("1s").write("n1", SESSION, { user: "ada" });
  const startedAtMs = mesh.nowMs;
  expect(mesh.acks("n1", 1)).toEqual({ kind: "acks", acks: 0, degraded: true });
  expect(mesh.nowMs - startedAtMs).toBeGreaterThanOrEqual(99);
  mesh.network.tamper = undefined;
  mesh.network.reset("n1", "n2");
  mesh.run("5s").write("n1", SESSION, { user: "bob" });
  expect(mesh.acks("n1", 1)).toMatchObject({ acks: 1, degraded: false });
});
