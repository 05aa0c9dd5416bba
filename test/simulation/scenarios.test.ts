/** Particular bad days, written down: what is cut, what is written meanwhile, and what must be true. */
import { scenario } from "@session-mesh/sim";
import { describe, expect, test } from "vitest";

describe("partitions", () => {
  test("P3: a logout on the minority side wins over a touch and a write on the majority side", () => {
    const mesh = scenario({ nodes: 5 });
    mesh.write("n1", "s1", { user: "ada" }).settle();
    mesh.partition(["n1", "n2"], ["n3", "n4", "n5"]);
    mesh
      .destroy("n1", "s1")
      .touch("n4", "s1")
      .write("n4", "s1", { cart: ["tea"] })
      .run("30s");
    mesh.expect("n2", "s1", "destroyed").expect("n3", "s1", { user: "ada", cart: ["tea"] });
    mesh.heal().settle({ within: "15s" }).expectEverywhere("s1", "destroyed");
  });

  test("P2, P8: a cart filled on both sides of a partition keeps both halves", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.write("n1", "s1", { cart: [], colour: "red" }).settle();
    mesh.partition(["n1"], ["n2", "n3"]).run("20s");
    const left = mesh.draft("n1", "s1");
    mesh.commit(left, (value: { cart?: string[] }) => value.cart?.push("tea"));
    mesh
      .write("n2", "s1", { cart: ["milk"] })
      .run("10s")
      .write("n3", "s1", { colour: "blue" });
    mesh.heal().settle({ within: "15s" });
    const read = mesh.read("n3", "s1");
    expect(read.status === "found" && read.value).toMatchObject({ colour: "blue" });
    expect(read.status === "found" && [...(read.value["cart"] as string[])].sort()).toEqual([
      "milk",
      "tea",
    ]);
  });

  test("P8: a partition of more than an hour heals by itself", () => {
    const mesh = scenario({ nodes: 4 });
    mesh.write("n1", "s1", { user: "ada" }).settle();
    mesh.partition(["n1", "n2"], ["n3", "n4"]).run("70m");
    mesh.write("n1", "s1", { left: 1 }).write("n3", "s1", { right: 2 }).write("n4", "s2", {});
    mesh.heal().settle({ within: "30s" });
    mesh.expectEverywhere("s1", { user: "ada", left: 1, right: 2 }).expectEverywhere("s2", {});
  });

  test("P8: a path cut in one direction is noticed on both sides, and heals", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.write("n1", "s1", {}).settle();
    mesh.cut("n1", "n2").run("30s");
    expect(mesh.events.some(({ event }) => event.type === "link-closed")).toBe(true);
    mesh.write("n1", "s1", { from1: 1 }).write("n2", "s1", { from2: 2 }).run("30s");
    mesh.heal().settle({ within: "30s" }).expectEverywhere("s1", { from1: 1, from2: 2 });
  });

  test("P8: two nodes that do not reach one another become equal through a third", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.partition(["n1"], ["n2"]).run("20s");
    mesh.write("n1", "s1", { a: 1 }).run("60s").expect("n2", "s1", { a: 1 });
    mesh.write("n2", "s1", { b: 2 }).destroy("n1", "s2").run("60s");
    mesh.expectEverywhere("s1", { a: 1, b: 2 }).expectEverywhere("s2", "destroyed");
  });

  test("P3: a logout on a node that joins is not taken for known while a member is not linked", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.write("n1", "s1", { user: "ada" }).settle();
    mesh.crash("n3").run("10s").partition(["n2"], ["n3"]).restart("n3").run("2s");
    expect(mesh.status("n3").members.find(({ node }) => node === "n2")?.state).toBe("alive");
    expect(mesh.status("n3").hasJoined).toBe(false);
    expect(mesh.destroy("n3", "s1").acks("n3", "all")).toMatchObject({ acks: 1, degraded: true });
    mesh.heal().run("10s").expectEverywhere("s1", "destroyed");
    expect(mesh.status("n3").hasJoined).toBe(true);
  });

  test("P9: what only the other side of a cut may hold is unknown, not absent", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.partition(["n1"], ["n2", "n3"]).run("20s").write("n1", "s1", { user: "ada" });
    expect(mesh.pull("n2", "s1")).toBe("unknown");
    mesh.heal().run("10s");
    expect(mesh.pull("n2", "s1")).toBe("found");
    expect(mesh.pull("n2", "never")).toBe("absent");
  });

  test("M7: a change is not shown before what its author saw, which is fetched from him", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.write("n1", "s1", {}).settle().partition(["n1"], ["n3"]).run("20s");
    mesh.write("n1", "s1", { things: [{ id: 1 }] }).run("50ms");
    mesh.expect("n3", "s1", {}).change("n2", "s1", (value: { things?: { size?: number }[] }) => {
      for (const thing of value.things ?? []) thing.size = 3;
    });
    mesh.run("50ms").expect("n3", "s1", { things: [{ id: 1, size: 3 }] });
  });

  test("P3: who writes to a session that was destroyed hears so at once, though not from its destroyer", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.write("n1", "s1", {}).settle().partition(["n1"], ["n3"]).run("20s");
    mesh.destroy("n1", "s1").run("10ms").crash("n1").write("n3", "s1", { late: true }).run("50ms");
    mesh.expect("n2", "s1", "destroyed").expect("n3", "s1", "destroyed");
  });
});

describe("crashes and deploys", () => {
  test("P1: a crash right after an acknowledgement loses nothing", () => {
    const mesh = scenario({ nodes: 3 });
    for (const acks of [1, 2, "all"] as const) {
      mesh.write("n1", `s-${acks}`, { user: "ada" });
      expect(mesh.acks("n1", acks)).toMatchObject({ degraded: false });
    }
    mesh.crash("n1", { silent: true, lossy: true }).run("1s");
    mesh.settle({ among: ["n2", "n3"], within: "30s" });
    for (const acks of [1, 2, "all"]) mesh.expect("n2", `s-${acks}`, { user: "ada" });
  });

  test("P1: with nobody there an acknowledgement says so, and nobody is waited for twice", () => {
    const mesh = scenario({ nodes: 2 });
    mesh.pause("n2").write("n1", "s1", { n: 1 });
    const startedAtMs = mesh.nowMs;
    expect(mesh.acks("n1", 1)).toMatchObject({ acks: 0, degraded: true });
    expect(mesh.nowMs - startedAtMs).toBeLessThan(120);
    const againAtMs = mesh.nowMs;
    expect(mesh.write("n1", "s1", { n: 2 }).acks("n1", 1)).toMatchObject({ degraded: true });
    expect(mesh.nowMs - againAtMs).toBeLessThan(5);
    mesh.resume("n2").run("1s").write("n1", "s1", { n: 3 });
    expect(mesh.acks("n1", 1)).toMatchObject({ acks: 1, degraded: false });
  });

  test("P7: a rolling deploy of all nodes loses nothing", () => {
    const mesh = scenario({ nodes: 3, keepsNodeIds: false });
    for (let i = 0; i < 50; i++) mesh.write(`n${(i % 3) + 1}`, `s${i}`, { i });
    mesh.destroy("n1", "s0");
    for (const node of ["n1", "n2", "n3"]) {
      expect(mesh.deploy(node)).toMatchObject({ confirmed: true, peers: 2, soleHeldCount: 0 });
      mesh.write(node, "s1", { [node]: "new" });
    }
    mesh.settle({ within: "15s" }).expectEverywhere("s0", "destroyed");
    for (let i = 2; i < 50; i++) mesh.expectEverywhere(`s${i}`, { i });
    mesh.expectEverywhere("s1", { i: 1, n1: "new", n2: "new", n3: "new" });
  });

  test("P7: server 1 goes down for a deploy, its users carry on at server 2, and back", () => {
    const mesh = scenario({ nodes: 2 });
    mesh.write("n1", "ada", { cart: ["tea"] });
    expect(mesh.acks("n1", 1).acks).toBe(1);
    const drained = mesh.deploy("n1");
    expect(drained.confirmed).toBe(true);
    mesh.expect("n2", "ada", { cart: ["tea"] }).write("n2", "ada", { paid: true });
    mesh.settle().expect("n1", "ada", { cart: ["tea"], paid: true });
  });

  test("P7: a node that is alone says how many sessions it alone held", () => {
    const mesh = scenario({ nodes: 2 });
    mesh.crash("n2").run("10s").write("n1", "s1", {}).write("n1", "s2", {});
    const drained = mesh.deploy("n1");
    expect(drained).toMatchObject({ confirmed: false, peers: 0, soleHeldCount: 2 });
  });

  test("P7: what a node acknowledges while it drains is no promise", () => {
    const mesh = scenario({ nodes: 2 });
    mesh.run("1s").cluster.deploy("n2", { downMs: 60_000 });
    mesh.write("n1", "s1", {});
    expect(mesh.acks("n1", 1)).toMatchObject({ degraded: true });
  });

  test("P9: a node that comes back empty is in sync again, and serves meanwhile", () => {
    const mesh = scenario({ nodes: 3 });
    for (let i = 0; i < 200; i++) mesh.write("n1", `s${i}`, { i });
    mesh.settle().crash("n3").run("5s").write("n1", "late", {}).restart("n3").run("400ms");
    expect(mesh.pull("n3", "s150")).toBe("found");
    mesh.expect("n3", "s150", { i: 150 }).settle({ within: "10s" });
    mesh.expect("n3", "s199", { i: 199 }).expect("n3", "late", {});
  });
});

describe("queues that overflow", () => {
  test("a peer that missed more deltas than the log keeps catches up by whole sessions", () => {
    const mesh = scenario({ nodes: 2, limits: { changeLogBytesMax: 2_000 } });
    mesh.partition(["n1"], ["n2"]).run("20s");
    for (let i = 0; i < 200; i++) mesh.write("n1", `s${i % 20}`, { [`k${i}`]: i });
    mesh.heal().settle({ within: "15s" });
    expect(rungs(mesh)).toContain("states");
  });

  test("a peer that missed more than the log remembers catches up by an audit", () => {
    const mesh = scenario({ nodes: 2, limits: { changeLogEntriesMax: 20 } });
    mesh.partition(["n1"], ["n2"]).run("20s");
    for (let i = 0; i < 200; i++) mesh.write("n1", `s${i % 50}`, { [`k${i}`]: i });
    mesh.heal().settle({ within: "15s" });
    expect(rungs(mesh)).toContain("audit");
  });
});

describe("clocks", () => {
  test("M2: whoever overwrites what he saw wins, though the other's clock runs 10 min ahead", () => {
    const mesh = scenario({ nodes: 3, clocks: { n1: 600_000 } });
    mesh.write("n1", "s1", { colour: "red" }).settle();
    mesh.write("n2", "s1", { colour: "blue" }).settle().expectEverywhere("s1", { colour: "blue" });
    mesh.write("n3", "s1", { colour: "green" }).settle();
    mesh.expectEverywhere("s1", { colour: "green" });
    mesh.run("5s");
    expect(mesh.status("n1").isClockSafe).toBe(false);
    expect(mesh.status("n2").isClockSafe).toBe(true);
  });

  test("a node whose clock is 25 h ahead is refused, and told so", () => {
    const mesh = scenario({ nodes: 3, clocks: { n1: 25 * 3_600_000 } });
    mesh.write("n1", "s1", {}).write("n2", "s2", {}).run("30s");
    expect(mesh.status("n1").refusals).toContainEqual(
      expect.objectContaining({ code: "clock", byPeer: true }),
    );
    mesh.expect("n2", "s1", "absent").expect("n3", "s2", {});
  });

  test("a node whose clock leaps 25 h ahead later is refused as soon as it writes", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.clock("n1", "25h").write("n1", "s1", {}).run("10s");
    mesh.expect("n2", "s1", "absent");
    expect(mesh.status("n1").refusals[0]).toMatchObject({ code: "clock", byPeer: true });
    // What it wrote is from the future as long as it lives; a new process is welcome.
    mesh.crash("n1").clock("n1", "0ms").restart("n1").settle();
    expect(mesh.status("n1").refusals).toEqual([]);
    expect(mesh.status("n2").refusals).toEqual([]);
  });
});

describe("lifetimes", () => {
  test("P4: idle expiry comes everywhere at once, whatever the clocks, and not before", () => {
    const mesh = scenario({ nodes: 3, clocks: { n1: -20_000, n3: 20_000 } });
    mesh.write("n1", "s1", { user: "ada" }, "60s").settle().run("50s");
    mesh.expectEverywhere("s1", { user: "ada" }).touch("n2", "s1").run("50s");
    mesh.expectEverywhere("s1", { user: "ada" }).run("15s").expectEverywhere("s1", "expired");
  });

  test("P4: a touch from across a partition revives a session that seemed expired", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.write("n1", "s1", { user: "ada" }, "60s").settle();
    mesh.partition(["n1"], ["n2", "n3"]);
    for (let i = 0; i < 6; i++) mesh.run("30s").touch("n2", "s1");
    mesh.expect("n1", "s1", "expired").heal().settle({ within: "15s" });
    mesh.expectEverywhere("s1", { user: "ada" });
  });

  test("P4: an expired session is dropped by all, and is not passed round", () => {
    const mesh = scenario({ nodes: 3 });
    for (let i = 0; i < 10; i++) mesh.write("n1", `s${i}`, {}, "60s");
    mesh.settle().run("10m");
    for (const node of ["n1", "n2", "n3"]) {
      expect(mesh.status(node).sessions).toMatchObject({ hot: 0, cold: 0 });
    }
    const moved = mesh.events.filter(({ event }) => {
      return event.type === "session-integrated" && event.path === "audit";
    });
    expect(moved.length).toBeLessThan(20);
  });

  test("P4: what one side alone wrote is not dropped while the other is out of reach", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.write("n1", "s1", {}, "60s").settle().partition(["n1", "n2"], ["n3"]);
    mesh.write("n1", "s1", { alone: true });
    for (let i = 0; i < 10; i++) mesh.run("30s").touch("n3", "s1");
    mesh.expect("n1", "s1", "expired").heal().settle({ within: "15s" });
    mesh.expectEverywhere("s1", { alone: true });
  });

  test("P3: a tombstone outlives every copy, also one that its maker did not hold", () => {
    const mesh = scenario({ nodes: 2, limits: { absoluteMs: 3_600_000 } });
    mesh.partition(["n1"], ["n2"]).run("5s").write("n1", "s1", {});
    mesh.run("30m").destroy("n2", "s1").run("25m").heal().settle({ within: "30s" });
    mesh.expectEverywhere("s1", "destroyed").run("2h").expectEverywhere("s1", "absent");
    expect(mesh.status("n1").sessions.tombstones).toBe(0);
  });

  test("P14: at sessionsMax creating fails, writing goes on, and merging is never refused", () => {
    const mesh = scenario({ nodes: 2, limits: { sessionsMax: 2 } });
    mesh
      .partition(["n1"], ["n2"])
      .write("n1", "s1", {})
      .write("n1", "s2", {})
      .write("n1", "s3", {});
    expect(mesh.last).toEqual({ status: "full", limit: "sessionsMax" });
    expect(mesh.write("n1", "s1", { more: 1 }).last.status).toBe("committed");
    mesh.write("n2", "s4", {}).heal().settle({ within: "15s" });
    mesh.expectEverywhere("s1", { more: 1 }).expectEverywhere("s4", {});
    expect(mesh.status("n1").sessions).toMatchObject({ tombstones: 0 });
    mesh.destroy("n2", "s1").destroy("n2", "s2").settle().write("n1", "s5", { ok: true });
    expect(mesh.last.status).toBe("committed");
  });
});

function rungs(mesh: ReturnType<typeof scenario>): string[] {
  return mesh.events.flatMap(({ event }) =>
    event.type === "catch-up-started" ? [event.rung] : [],
  );
}
