/** P11: what one node of this version does with what a node of the next version says and writes. */
import type { EventBody } from "@session-mesh/core";
import {
  type Dialect,
  NEXT_MESSAGE,
  nextVersion,
  type NextVersionOptions,
  scenario,
  type Scenario,
  marksIn,
} from "@session-mesh/sim";
import { describe, expect, test } from "vitest";
import { fieldsOn, marksOf, writeNext } from "./next-writes.js";

/** Installs a version on a node, as kill -9 and a start would. */
function reinstall(mesh: Scenario, node: string, dialect: Dialect | undefined): void {
  mesh.crash(node).cluster.install(node, dialect);
  mesh.restart(node).run("3s");
}

/** A cluster of which some nodes are of the next version. */
function mixed(next: readonly string[], options: NextVersionOptions = {}): Scenario {
  const mesh = scenario({ nodes: 3 });
  for (const node of next) reinstall(mesh, node, nextVersion(options));
  mesh.events.length = 0;
  return mesh;
}

/** What a node told of one kind. */
function eventsOn<T extends EventBody["type"]>(
  mesh: Scenario,
  node: string,
  type: T,
): Extract<EventBody, { type: T }>[] {
  return mesh.events.flatMap(({ node: on, event }) =>
    on === node && event.type === type ? [event as Extract<EventBody, { type: T }>] : [],
  );
}

describe("P11: fields of an envelope that this version does not know", () => {
  test("join as they say, on a node between two of the next version that do not meet", () => {
    const mesh = mixed(["n1", "n2"]);
    const left = { max: 7, min: -1, or: false, last: ["left"] };
    const right = { max: 3, min: -9, or: true, last: ["right", { later: true }] };
    mesh.write("n3", "s1", { user: "ada" }).settle().partition(["n1"], ["n2"]);
    writeNext(mesh, { node: "n1", session: "s1" }, { fields: left });
    mesh.run("10ms");
    writeNext(mesh, { node: "n2", session: "s1" }, { fields: right });
    mesh.run("100ms");
    const joined = { max: 7, min: -9, or: true, last: ["right", { later: true }] };
    expect(fieldsOn(mesh, "n3", "s1")).toEqual(joined);
    expect(fieldsOn(mesh, "n1", "s1")).toEqual(left);
    mesh.heal().settle({ within: "15s" });
    for (const node of mesh.cluster.names) expect(fieldsOn(mesh, node, "s1")).toEqual(joined);
  });

  test("stay where nobody of the next version is left, and come back to it", () => {
    const mesh = mixed(["n1"]);
    const fields = { max: 7, min: -1, or: true, last: ["kept"] };
    writeNext(mesh, { node: "n1", session: "s1" }, { fields });
    mesh.run("50ms");
    expect(fieldsOn(mesh, "n2", "s1")).toEqual(fields);
    mesh.write("n2", "s1", { user: "ada" }).settle();
    reinstall(mesh, "n1", undefined);
    mesh.write("n2", "s1", { seen: 1 }).touch("n3", "s1").settle();
    reinstall(mesh, "n3", nextVersion());
    mesh.settle().expectEverywhere("s1", { user: "ada", seen: 1 });
    for (const node of mesh.cluster.names) expect(fieldsOn(mesh, node, "s1")).toEqual(fields);
  });
});

describe("P11: entries of a document that this version does not know", () => {
  test("stay in a session that this version edits, replaces and passes on", () => {
    const mesh = mixed(["n1"]);
    writeNext(mesh, { node: "n1", session: "s1" }, { mark: "old" });
    mesh.write("n1", "s1", { cart: { tea: 1 }, user: "ada" }).settle();
    mesh.expectEverywhere("s1", { cart: { tea: 1 }, user: "ada" });
    mesh.change("n2", "s1", (value: Record<string, unknown>) => {
      for (const name of Object.keys(value)) delete value[name];
      Object.assign(value, { cart: ["milk"], seen: true });
    });
    mesh.settle().expectEverywhere("s1", { cart: ["milk"], seen: true });
    reinstall(mesh, "n1", undefined);
    mesh.settle().crash("n2").run("10s").restart("n2").settle();
    const marks = marksOf(mesh, "s1");
    expect([...marks.keys()].sort()).toEqual(["n1", "n2", "n3"]);
    for (const seen of marks.values()) expect(seen).toEqual(marksIn(["old"]));
  });

  test("M2: lie beneath what this version writes on the same path later, and above what was before", () => {
    const mesh = mixed(["n1"]);
    mesh.write("n2", "s1", { user: "ada", "next-a": "before" }).settle();
    writeNext(mesh, { node: "n1", session: "s1" }, { mark: "a" });
    mesh.settle().expectEverywhere("s1", { user: "ada" });
    mesh.write("n3", "s1", { "next-a": "after" }).settle();
    mesh.expectEverywhere("s1", { user: "ada", "next-a": "after" });
  });

  test("M9: go with their session when this version destroys it", () => {
    const mesh = mixed(["n1"]);
    writeNext(mesh, { node: "n1", session: "s1" }, { mark: "old" });
    mesh.settle().destroy("n2", "s1").settle().expectEverywhere("s1", "destroyed");
  });
});

describe("P11: a message that this version does not know", () => {
  test("is told and else ignored, whatever it comes before", () => {
    const mesh = mixed(["n1"]);
    mesh.write("n1", "s1", { a: 1 }).write("n2", "s1", { b: 2 }).settle();
    const told = eventsOn(mesh, "n2", "message-unknown");
    expect(told.length).toBeGreaterThan(1);
    expect(told).toContainEqual({
      type: "message-unknown",
      peer: "n1",
      messageType: NEXT_MESSAGE,
    });
    expect(eventsOn(mesh, "n2", "frame-rejected")).toEqual([]);
  });

  test("is a sign of life, though it be the only one", () => {
    const mesh = mixed(["n1"], { hasNewHeartbeat: true });
    mesh.run("60s");
    expect(eventsOn(mesh, "n2", "member-changed")).toEqual([]);
    expect(eventsOn(mesh, "n2", "link-closed")).toEqual([]);
  });
});

describe("P11: digests of another version", () => {
  test.each(["n1", "n2", "n3"])("P3: %s comes empty and gets everything, unasked", (node) => {
    const mesh = scenario({ nodes: 3 });
    for (let i = 0; i < 50; i++) mesh.write(node, `s${i}`, { i });
    mesh.settle().destroy(node, "s7").settle();
    reinstall(mesh, node, nextVersion({ digestVersion: 2 }));
    mesh.settle().expect(node, "s7", "destroyed").expect(node, "s49", { i: 49 });
  });

  test("P8: both sides of a partition get what the other wrote", () => {
    const mesh = mixed(["n1"], { digestVersion: 2 });
    mesh.write("n1", "s1", { user: "ada" }).settle().partition(["n1"], ["n2", "n3"]).run("20s");
    mesh.write("n1", "s1", { left: 1 }).write("n3", "s1", { right: 2 }).destroy("n2", "s2");
    mesh
      .heal()
      .settle({ within: "15s" })
      .expectEverywhere("s1", { user: "ada", left: 1, right: 2 });
    mesh.expectEverywhere("s2", "destroyed");
  });
});

describe("P11: a version that has no protocol in common", () => {
  test("is refused with the reason, on both sides, and nothing passes", () => {
    const mesh = scenario({ nodes: 3 });
    mesh.write("n1", "s1", { user: "ada" }).settle();
    reinstall(mesh, "n3", nextVersion({ protocols: [3, 3] }));
    mesh.run("20s").write("n1", "s1", { seen: 1 }).write("n3", "s2", { alone: true }).run("20s");
    mesh.expect("n3", "s1", "absent").expect("n1", "s2", "absent");
    mesh.expect("n2", "s1", { user: "ada", seen: 1 });
    const detail = "protocol 3 to 3 has none in common with 1 to 1; upgrade one version at a time";
    const refusal = { type: "peer-refused", address: "n3:7946", code: "protocol", detail };
    expect(eventsOn(mesh, "n1", "peer-refused")).toContainEqual({ ...refusal, byPeer: false });
    const refusedBy = eventsOn(mesh, "n3", "peer-refused").map(({ code }) => code);
    expect(new Set(refusedBy)).toEqual(new Set(["protocol"]));
    expect(mesh.status("n1").refusals).toMatchObject([{ address: "n3:7946", code: "protocol" }]);
    reinstall(mesh, "n3", nextVersion({ protocols: [1, 3] }));
    mesh.settle({ within: "30s" }).expectEverywhere("s1", { user: "ada", seen: 1 });
    expect(mesh.status("n1").refusals).toEqual([]);
  });
});
