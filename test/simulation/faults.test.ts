/** The faults themselves: each really happens, does what its name says, and is undone. */
import { createPrng } from "@session-mesh/core";
import { FAULTS, runSeed, scenario, type Scenario } from "@session-mesh/sim";
import { describe, expect, test } from "vitest";

const TIMEOUT_MS = 300_000;

/** How many seeds a fault that is drawn alone may need to happen. */
const SEEDS_MAX = 15;

/** A seed in which one fault alone is drawn, again and again. */
function alone(seed: number, fault: string) {
  const off = Object.fromEntries(FAULTS.map(({ name }) => [name, 0]));
  // Versions are only rolled back where they were rolled out.
  const helper = fault === "downgrade" ? { upgrade: 1 } : {};
  const nemesis = { pauseMs: 300, spellMsMax: 2_000, isSealed: true, areClocksWild: true };
  const limits = { suspicionMs: 500, goneAfterMs: 1_500 };
  return runSeed(seed, {
    override: {
      ...{ nodes: 5, faultsMs: 8_000, limits, clockErrorMsMax: 50 },
      disks: { durability: "disk", latencyMs: 1, jitterMs: 1, failureRate: 0 },
      nemesis: { ...nemesis, jumpMsMax: 50, weights: { ...off, ...helper, [fault]: 1 } },
      workload: { users: 3, pauseMs: 600, idleMs: 86_400_000, absoluteMs: 30 * 86_400_000 },
    },
  });
}

test.each(FAULTS.map(({ name }) => name))(
  "%s really happens, and breaks no promise",
  { timeout: TIMEOUT_MS },
  (fault) => {
    let happened = 0;
    for (let seed = 1; seed <= SEEDS_MAX && happened === 0; seed++) {
      const { failure, faults } = alone(seed, fault);
      expect(failure, `seed ${seed}`).toBeUndefined();
      happened = faults[fault] ?? 0;
    }
    expect(happened).toBeGreaterThan(0);
  },
);

describe("nodes that crash within an input", () => {
  test("P1: what was applied and not sent is gone, and nobody was told otherwise", () => {
    const mesh = scenario({ nodes: 3 }).write("n1", "ada", { a: 1 }).settle();
    const run = mesh.cluster.runOn("n1")!;
    run.crashAfter(0, () => mesh.crash("n1", { lossy: false }));
    let isTold = false;
    mesh.write("n1", "ada", { b: 2 });
    const { last } = mesh;
    expect(last.status).toBe("committed");
    const ticket = run.ticket(() => (isTold = true));
    const seq = last.status === "committed" ? last.seq : 0;
    run.replica.awaitAcks(ticket, { seq, acks: 1 });
    mesh.run("20s");
    expect(run.isAlive).toBe(false);
    expect(isTold).toBe(false);
    for (const node of ["n2", "n3"]) mesh.expect(node, "ada", { a: 1 });
  });
});

describe("links", () => {
  test("a link that is open at one end only is given up, and another one opened", () => {
    const mesh = scenario({ nodes: 2 }).write("n1", "ada", { a: 1 }).settle();
    const [end] = mesh.network.linksBetween("n1", "n2");
    mesh.network.breakOff(end!, "timed out");
    mesh.run("10ms").write("n2", "ada", { b: 2 }).run("10ms");
    expect(mesh.read("n1", "ada")).not.toMatchObject({ value: { b: 2 } });
    mesh.settle({ within: "15s" }).expectEverywhere("ada", { a: 1, b: 2 });
  });

  test("M11: what arrived before a reset, unknown to its sender, counts once", () => {
    const mesh = scenario({ nodes: 2 }).increment("n1", "ada", "n").settle();
    const [end] = mesh.network.linksBetween("n1", "n2");
    mesh.network.stall(end!.peer, true);
    mesh.increment("n1", "ada", "n").run("10ms").expect("n2", "ada", { n: 2 });
    for (const each of [end!, end!.peer]) mesh.network.breakOff(each, "connection reset");
    mesh.run("5ms").increment("n1", "ada", "n").increment("n2", "ada", "n");
    mesh.settle({ within: "15s" }).expectEverywhere("ada", { n: 4 });
    expect(mesh.network.counts.lostFrames).toBeGreaterThan(0);
  });

  test("a peer that does not keep up is cut off, and catches up when it can", () => {
    const mesh = scenario({ nodes: 2, network: { sendBufferBytesMax: 20_000 } });
    const slow = { latencyMs: 1, jitterMs: 0, bytesPerMs: 1 };
    const hurry = mesh.network.paths.setSpeed("n1", "n2", slow);
    for (let i = 0; i < 40; i++) mesh.write("n1", `s${i}`, { blob: "x".repeat(1_000) });
    mesh.run("5s");
    expect(mesh.network.counts.overfullLinks).toBeGreaterThan(0);
    hurry();
    delete (mesh.network.options as { sendBufferBytesMax?: number }).sendBufferBytesMax;
    mesh.settle({ within: "30s" }).expect("n2", "s39", { blob: "x".repeat(1_000) });
  });

  test("P12: damaged frames that no seal stops crash nobody, and make nobody grow", () => {
    const mesh = scenario({ nodes: 3 });
    for (let i = 0; i < 20; i++) mesh.write(`n${(i % 3) + 1}`, `s${i}`, { i, list: [i] });
    const random = createPrng(7);
    mesh.network.tamper = (frame) => (random.chance(0.05) ? flipped(frame, random) : frame);
    for (let i = 0; i < 400; i++) {
      mesh.write(`n${(i % 3) + 1}`, `s${i % 20}`, { [`k${i % 5}`]: i }).run("50ms");
    }
    const rejected = mesh.events.filter(({ event }) => event.type === "frame-rejected");
    expect(rejected.length).toBeGreaterThan(20);
    for (const node of mesh.cluster.names) {
      const { sessions, members, logFill } = mesh.status(node);
      expect(sessions.hot + sessions.cold + sessions.tombstones).toBeLessThan(100);
      expect(members.length).toBeLessThan(30);
      expect(Math.max(logFill.entries, logFill.bytes)).toBeLessThan(1);
    }
  });
});

/** A frame with some of its bits turned. */
function flipped(frame: Uint8Array, random: ReturnType<typeof createPrng>): Uint8Array {
  const copy = frame.slice();
  for (let i = random.range(1, 4); i > 0; i--) {
    const at = random.range(0, copy.length);
    copy[at] = Number(copy[at]) ^ (1 << random.range(0, 8));
  }
  return copy;
}

describe("found by the swarm", () => {
  test("P4: who holds a commit holds its touch, though another node has marked it first", () => {
    const mesh = scenario({ nodes: 3, limits: { auditIntervalMs: 60_000 } });
    mesh.write("n1", "ada", {}, "60s").settle().partition(["n2"], ["n3"]).run("15s");
    mesh.touch("n3", "ada").run("5ms").write("n1", "ada", { a: 1 }).run("10ms");
    const [first, second] = ["n1", "n2"].map((node) => {
      const read = mesh.read(node, "ada");
      return read.status === "found" && [read.value, read.expiresAtMs];
    });
    expect(first).toEqual([{ a: 1 }, expect.any(Number)]);
    expect(second).toEqual(first);
  });
});

describe("readiness", () => {
  test("P4: a node whose clock is an hour off gets no requests until it is right", () => {
    const mesh = scenario({ nodes: 3 });
    const isServing = () => mesh.cluster.names.map((name) => mesh.cluster.runOn(name)!.isServing);
    expect(isServing()).toEqual([true, true, true]);
    mesh.clock("n2", "1h").run("5s");
    expect(isServing()).toEqual([true, false, true]);
    mesh.clock("n2", "0ms").run("5s");
    expect(isServing()).toEqual([true, true, true]);
  });
});

describe("scale", () => {
  test("P7, P9: from one node to twenty and down to three, drained, nothing is lost", () => {
    const mesh = scenario({ nodes: 1 });
    const names = Array.from({ length: 20 }, (_, i) => `n${i + 1}`);
    for (let i = 0; i < 30; i++) mesh.write("n1", `s${i}`, { i });
    for (const name of names.slice(1)) {
      mesh.cluster.add(name);
      mesh.cluster.start(name);
      mesh.run("300ms").write(name, "s0", { [name]: true });
    }
    mesh.settle({ within: "30s" });
    for (const name of names.slice(0, 17)) {
      mesh.write(name, "s1", { [name]: true }).destroy(name, `s${2 + names.indexOf(name)}`);
      leave(mesh, name);
    }
    expect(mesh.cluster.names).toEqual(["n18", "n19", "n20"]);
    mesh.settle({ within: "30s" });
    const all = Object.fromEntries(names.slice(1).map((name) => [name, true]));
    mesh.expectEverywhere("s0", { i: 0, ...all }).expectEverywhere("s29", { i: 29 });
    const gone = Object.fromEntries(names.slice(0, 17).map((name) => [name, true]));
    mesh.expectEverywhere("s1", { i: 1, ...gone }).expectEverywhere("s18", "destroyed");
  });
});

/** Drains a node that does not come back. */
function leave(mesh: Scenario, name: string): void {
  let isConfirmed = false;
  mesh.cluster.onEnd((run, drained) => {
    if (run.machine === name) isConfirmed = drained?.confirmed === true;
  });
  mesh.cluster.drain(name, () => mesh.cluster.remove(name));
  while (mesh.cluster.has(name)) mesh.run("100ms");
  expect(isConfirmed, name).toBe(true);
}
