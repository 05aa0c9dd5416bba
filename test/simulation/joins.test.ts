/** P9: a node that comes empty is filled by several at once, whatever happens to them meanwhile. */
import type { EventBody } from "@session-mesh/core";
import { type Dialect, scenario } from "@session-mesh/sim";
import { describe, expect, test } from "vitest";

const COUNT = 1_200;

type Mesh = ReturnType<typeof scenario>;

/** Chunks small enough that a join takes many of them. */
const LIMITS = { rangeChunkBytesMax: 2_000, changeLogBytesMax: 20_000, changeLogEntriesMax: 50 };

/** What an older version makes of what it does not know. */
const OLDER: Dialect = {
  said: (frame) => [frame],
  heard: (frame) => (frame[1] === 19 ? Uint8Array.of(0x91, 99) : frame),
};

/** Some nodes that hold sessions, and others that are down. */
function filled(nodes: number, down: readonly string[], count = COUNT): Mesh {
  const mesh = scenario({ nodes, limits: LIMITS });
  for (const node of down) mesh.crash(node);
  for (let i = 0; i < count; i++) {
    mesh.write(`n${(i % (nodes - down.length)) + 1}`, `s${i}`, { i });
    if (i % 100 === 0) mesh.run("5ms");
  }
  const among = mesh.cluster.names.filter((name) => !down.includes(name));
  return mesh.settle({ among, within: "60s" });
}

type Told<Type extends EventBody["type"]> = Extract<EventBody, { type: Type }>;

function told<Type extends EventBody["type"]>(mesh: Mesh, node: string, type: Type): Told<Type>[] {
  const events = mesh.events.filter((each) => each.node === node && each.event.type === type);
  return events.map(({ event }) => event as Told<Type>);
}

/** Runs until so many partitions of a join are there. */
function runUntil(mesh: Mesh, node: string, partitions: number, step: () => void = () => {}): void {
  const before = told(mesh, node, "join-progress").length;
  const untilMs = mesh.nowMs + 20_000;
  const isThere = (): boolean => {
    const done = told(mesh, node, "join-progress").slice(before);
    return done.some(({ partitionsDone }) => partitionsDone >= partitions);
  };
  while (!isThere()) {
    expect(mesh.nowMs).toBeLessThan(untilMs);
    mesh.run("1ms");
    step();
  }
}

function outcomes(mesh: Mesh, node: string): string[] {
  return told(mesh, node, "join-finished").map(({ outcome }) => outcome);
}

function donorsOf(mesh: Mesh, node: string): Set<string> {
  const joined = told(mesh, node, "session-integrated").filter(({ path }) => path === "join");
  return new Set(joined.map(({ origin }) => origin));
}

test("P9: several donors share the bulk, audits prove it, and it is served meanwhile", () => {
  const mesh = filled(4, ["n4"]);
  mesh.restart("n4");
  runUntil(mesh, "n4", 32);
  expect(mesh.status("n4").sessions.cold).toBeLessThan(COUNT);
  expect(mesh.pull("n4", `s${COUNT - 1}`)).toBe("found");
  mesh.expect("n4", `s${COUNT - 1}`, { i: COUNT - 1 }).settle({ within: "2s" });
  expect(outcomes(mesh, "n4").at(-1)).toBe("complete");
  expect(donorsOf(mesh, "n4")).toEqual(new Set(["n1", "n2", "n3"]));
  mesh.run("1s");
  const audits = told(mesh, "n4", "audit-finished").slice(-3);
  expect(audits.every(({ outcome, received }) => outcome === "equal" && received === 0)).toBe(true);
});

describe("donors", () => {
  test("P9: that die half way are replaced by those that live", () => {
    const mesh = filled(4, ["n4"]);
    mesh.restart("n4");
    runUntil(mesh, "n4", 32);
    mesh.crash("n2");
    runUntil(mesh, "n4", 96);
    mesh.crash("n3", { silent: true, lossy: true });
    mesh.settle({ among: ["n1", "n4"], within: "10s" });
    expect(outcomes(mesh, "n4").at(-1)).toBe("complete");
  });

  test("P9: that are about to leave are not asked", () => {
    const mesh = filled(4, ["n4"]);
    mesh.restart("n4");
    runUntil(mesh, "n4", 32);
    mesh.cluster.deploy("n2", { downMs: 500 });
    mesh.run("5s").settle({ within: "15s" });
    expect(outcomes(mesh, "n4").at(-1)).toBe("complete");
    expect(told(mesh, "n2", "drain-finished").at(-1)).toMatchObject({ confirmed: true });
  });

  test("P9, P11: of an older version, which never answer, cost a moment and no more", () => {
    const mesh = filled(4, ["n4"]);
    mesh.cluster.install("n1", OLDER);
    mesh
      .crash("n1")
      .restart("n1")
      .run("5s")
      .settle({ among: ["n1", "n2", "n3"] });
    mesh.restart("n4").run("4s").settle({ within: "1s" });
    expect(outcomes(mesh, "n4").at(-1)).toBe("complete");
    expect(donorsOf(mesh, "n4")).toEqual(new Set(["n2", "n3"]));
    expect(told(mesh, "n1", "message-unknown")).toHaveLength(1);
  });

  test("P9, P11: all of an older version leave it to audits", () => {
    const mesh = filled(3, ["n3"], 300);
    for (const name of ["n1", "n2"]) mesh.cluster.install(name, OLDER);
    mesh.crash("n1").restart("n1").run("5s").crash("n2").restart("n2").run("5s");
    mesh.restart("n3").settle({ within: "15s" });
    expect(outcomes(mesh, "n3").at(-1)).toBe("incomplete");
    expect(donorsOf(mesh, "n3").size).toBe(0);
    mesh.expectEverywhere("s299", { i: 299 });
  });
});

describe("a join", () => {
  test("P8, P9: during a partition takes what one side has, and the rest after the heal", () => {
    const mesh = filled(4, ["n4"]);
    mesh.partition(["n1", "n4"], ["n2", "n3"]).run("10s").write("n2", "s7", { other: true });
    mesh
      .restart("n4")
      .run("5s")
      .settle({ among: ["n1", "n4"] });
    expect(donorsOf(mesh, "n4")).toEqual(new Set(["n1"]));
    mesh.write("n4", "s8", { here: true }).heal().settle({ within: "20s" });
    mesh.expectEverywhere("s7", { i: 7, other: true }).expectEverywhere("s8", { i: 8, here: true });
  });

  test("P8, P9: that is cut off from all goes on where it was", () => {
    const mesh = filled(3, ["n3"]);
    mesh.restart("n3");
    runUntil(mesh, "n3", 96);
    mesh.partition(["n3"], ["n1", "n2"]).run("20s");
    expect(outcomes(mesh, "n3").at(-1)).toBe("incomplete");
    const before = told(mesh, "n3", "join-finished").at(-1)?.sessions ?? 0;
    mesh.heal().run("10s").settle({ within: "15s" });
    const last = told(mesh, "n3", "join-finished").at(-1);
    expect(last?.outcome).toBe("complete");
    expect(last?.sessions).toBeLessThan(COUNT - before / 2);
  });

  test("P3: a session that is destroyed meanwhile never comes back by the bulk", () => {
    const mesh = filled(4, ["n4"]);
    mesh.restart("n4");
    const destroyed: string[] = [];
    let i = 0;
    runUntil(mesh, "n4", 250, () => {
      const node = `n${(i % 4) + 1}`;
      const session = `s${(i * 37) % COUNT}`;
      if (i % 3 === 0) {
        mesh.destroy(node, session);
        destroyed.push(session);
      } else if (!destroyed.includes(session)) {
        mesh.write(node, session, { [`w${i}`]: i });
        mesh.write(node, `new${i}`, { i });
      }
      i += 1;
      const [dead] = destroyed;
      if (dead !== undefined && destroyed.length > 8) mesh.expect("n4", dead, "destroyed");
    });
    expect(destroyed.length).toBeGreaterThan(10);
    mesh.settle({ within: "15s" });
    for (const session of destroyed) mesh.expectEverywhere(session, "destroyed");
    mesh.run("30s");
    for (const session of destroyed) mesh.expectEverywhere(session, "destroyed");
  });

  test("P9: of two nodes at once fills both from those that hold something", () => {
    const mesh = filled(5, ["n4", "n5"]);
    mesh.restart("n4").restart("n5").settle({ within: "5s" });
    for (const node of ["n4", "n5"]) {
      expect(outcomes(mesh, node).at(-1)).toBe("complete");
      const donors = donorsOf(mesh, node);
      for (const joining of ["n4", "n5"]) expect(donors.has(joining)).toBe(false);
      expect(donors.size).toBe(3);
    }
  });

  test("P1: does not delay acknowledgements, of others or its own", () => {
    const mesh = filled(4, ["n4"]);
    mesh.restart("n4");
    runUntil(mesh, "n4", 32);
    for (const node of ["n1", "n4"]) {
      const startedAtMs = mesh.nowMs;
      expect(mesh.write(node, "s1", { at: node }).acks(node, "all")).toEqual(
        expect.objectContaining({ acks: 3, degraded: false }),
      );
      expect(mesh.nowMs - startedAtMs).toBeLessThan(50);
    }
    mesh.settle();
  });
});
