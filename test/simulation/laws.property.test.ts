/**
 * M9, M10 and M13, which speak of whole sessions: random requests on four replicas, over links that
 * are cut, mended and broken at random, against a model that knows nothing of replicas.
 */
import { scenario, type Scenario } from "@session-mesh/sim";
import fc from "fast-check";
import { expect, test } from "vitest";

const NODES = ["n1", "n2", "n3", "n4"];
const node = fc.constantFrom(...NODES);
const pair = fc.tuple(node, node).filter(([a, b]) => a !== b);

type Step = readonly [what: string, where: string, other?: string];

const network = fc.oneof(
  pair.map(([a, b]): Step => ["cut", a, b]),
  pair.map(([a, b]): Step => ["reset", a, b]),
  fc.constant<Step>(["heal", ""]),
  fc.constantFrom("50ms", "700ms", "4s", "12s").map((duration): Step => ["run", duration]),
);

/** Random steps, some of them of the network: delay, loss, repair. */
function stepsOf(requests: fc.Arbitrary<Step>): fc.Arbitrary<Step[]> {
  return fc.array(fc.oneof({ weight: 3, arbitrary: requests }, { weight: 2, arbitrary: network }), {
    minLength: 4,
    maxLength: 25,
  });
}

/** Runs the network's steps, and hands the others on. */
function play(mesh: Scenario, steps: readonly Step[], request: (step: Step) => void): void {
  for (const step of steps) {
    const [what, where, other = ""] = step;
    if (what === "cut") mesh.cut(where, other);
    else if (what === "reset") mesh.reset(where, other);
    else if (what === "heal") mesh.heal();
    else if (what === "run") mesh.run(where as "1s");
    else {
      mesh.run("1ms");
      request(step);
    }
  }
  mesh.heal().settle({ within: "60s" });
}

const on = (what: string): fc.Arbitrary<Step> => node.map((where): Step => [what, where]);

test("M9: destroy and anything, on any nodes, in any order of arrival: destroyed", () => {
  const requests = fc.oneof(
    ...["write", "touch", "commit what was read before", "read", "destroy"].map(on),
  );
  const property = fc.property(stepsOf(requests), fc.nat(), (steps, seed) => {
    const mesh = scenario({ nodes: 4, seed }).write("n1", "s", { user: "ada" }).settle();
    const written = new Set<string>();
    const drafts = new Map(NODES.map((each) => [each, mesh.draft(each, "s")]));
    let isDestroyed = false;
    play(mesh, steps, ([what, where]) => {
      const name = `w${written.size}`;
      if (what === "destroy") {
        mesh.destroy(where, "s");
        isDestroyed = true;
      } else if (what === "touch") mesh.touch(where, "s");
      else if (what === "read") drafts.set(where, mesh.draft(where, "s"));
      else {
        const draft = what === "write" ? mesh.draft(where, "s") : drafts.get(where);
        if (!draft || draft.snapshot.value["user"] === undefined) return;
        mesh.commit(draft, (value: Record<string, unknown>) => (value[name] = true));
        if (mesh.last.status === "committed") written.add(name);
        drafts.set(where, mesh.draft(where, "s"));
      }
    });
    if (isDestroyed) mesh.expectEverywhere("s", "destroyed");
    else {
      const marks = Object.fromEntries([...written].map((name) => [name, true]));
      mesh.expectEverywhere("s", { user: "ada", ...marks });
    }
  });
  fc.assert(property, { numRuns: 150 });
}, 120_000);

test("M10: the later touch counts, and the later idle time, whichever nodes saw them", () => {
  const idles = ["10m", "12m", "15m"] as const;
  const minutes = { "10m": 10, "12m": 12, "15m": 15 };
  const requests = fc.oneof(
    on("touch"),
    on("touch"),
    fc.constantFrom("40s", "100s").map((duration): Step => ["run", duration]),
    fc.tuple(node, fc.constantFrom(...idles)).map(([where, idle]): Step => ["idle", where, idle]),
  );
  const property = fc.property(stepsOf(requests), fc.nat(), (steps, seed) => {
    const mesh = scenario({ nodes: 4, seed }).write("n1", "s", {}, "12m").settle();
    let idle: (typeof idles)[number] = "12m";
    let touchedAtMs = wallMs(mesh);
    play(mesh, steps, ([what, where, other]) => {
      // An idle time that this node holds already is no change, and beats no later one.
      const read = mesh.read(where, "s");
      const asked = other as (typeof idles)[number];
      if (what === "idle") {
        if (read.status === "found" && read.idleMs === minutes[asked] * 60_000) return;
        mesh.idle(where, "s", asked);
        idle = asked;
      } else mesh.touch(where, "s");
      touchedAtMs = wallMs(mesh);
    });
    const idleMs = minutes[idle] * 60_000;
    // A touch is rounded up by at most a twentieth of the longest idle time it was made under.
    const quantumMs = (minutes["15m"] * 60_000) / 20;
    if (wallMs(mesh) >= touchedAtMs + idleMs) return;
    for (const each of NODES) {
      const read = mesh.read(each, "s");
      expect(read).toMatchObject({ status: "found", idleMs });
      if (read.status !== "found") continue;
      expect(read.expiresAtMs).toBeGreaterThanOrEqual(touchedAtMs + idleMs);
      expect(read.expiresAtMs).toBeLessThanOrEqual(touchedAtMs + idleMs + quantumMs);
    }
  });
  fc.assert(property, { numRuns: 150 });
}, 120_000);

test("M13: each new session lives, and late writes to the old one die with it", () => {
  const requests = fc.oneof(...["regenerate", "write", "write", "logout"].map(on));
  const property = fc.property(stepsOf(requests), fc.nat(), (steps, seed) => {
    const mesh = scenario({ nodes: 4, seed }).write("n1", "s", { user: "ada" }).settle();
    const expected = new Map<string, Record<string, unknown>>();
    let isOver = false;
    let writes = 0;
    play(mesh, steps, ([what, where]) => {
      const read = mesh.read(where, "s");
      if (read.status !== "found") return;
      if (what === "regenerate") {
        const fresh = `s${expected.size + 1}`;
        mesh.regenerate(where, "s", fresh);
        expected.set(fresh, read.value);
        isOver = true;
      } else if (what === "logout") {
        mesh.destroy(where, "s");
        isOver = true;
      } else mesh.write(where, "s", { [`w${(writes += 1)}`]: true });
    });
    if (isOver) mesh.expectEverywhere("s", "destroyed");
    for (const [fresh, value] of expected) mesh.expectEverywhere(fresh, value as never);
  });
  fc.assert(property, { numRuns: 150 });
}, 120_000);

/** The true time; all clocks show it. */
function wallMs(mesh: Scenario): number {
  return mesh.cluster.clockOf("n1").wallMs();
}
