/** What happens when nodes go, in order or without a word, and when they come back. */
import type { Script } from "./script.js";

/** Crashes and deploys. */
export const DEPLOYS: readonly Script[] = [
  {
    name: "P7: server 1 goes down for a deploy, its users carry on at server 2, and back",
    play: (begin) => {
      const mesh = begin({ nodes: 2 }).write("n1", "ada", { cart: ["tea"] });
      mesh.that("n2 has what ada wrote", mesh.acks("n1", 1).acks === 1);
      mesh.cluster.deploy("n1", { downMs: 5_000 });
      mesh.run("2s").that("n1 is down", !mesh.cluster.runOn("n1"));
      mesh.expect("n2", "ada", { cart: ["tea"] }).write("n2", "ada", { paid: true });
      mesh.run("5s").that("n1 is back", mesh.cluster.runOn("n1") !== undefined);
      mesh.settle().expect("n1", "ada", { cart: ["tea"], paid: true });
      mesh.write("n1", "ada", { cart: ["tea", "milk"] }).settle();
      mesh.expectEverywhere("ada", { cart: ["tea", "milk"], paid: true });
    },
  },
  {
    name: "P1: a crash right after an acknowledgement loses nothing",
    play: (begin) => {
      const mesh = begin({ nodes: 3 });
      for (const acks of [1, 2, "all"] as const) {
        mesh.write("n1", `with ${acks}`, { user: "ada" });
        mesh.that(`${acks} acknowledged`, !mesh.acks("n1", acks).degraded);
      }
      mesh.crash("n1", { silent: true, lossy: true }).run("1s");
      mesh.settle({ among: ["n2", "n3"], within: "30s" });
      for (const acks of [1, 2, "all"]) mesh.expect("n2", `with ${acks}`, { user: "ada" });
    },
  },
  {
    name: "P1: with nobody there an acknowledgement says so, and nobody is waited for twice",
    play: (begin) => {
      const mesh = begin({ nodes: 2 }).pause("n2").write("n1", "ada", { n: 1 });
      const startedAtMs = mesh.nowMs;
      const { acks, degraded } = mesh.acks("n1", 1);
      mesh.that("nobody acknowledged", acks === 0 && degraded);
      mesh.that("it took no longer than the deadline", mesh.nowMs - startedAtMs < 120);
      const againAtMs = mesh.nowMs;
      mesh.that("nobody does", mesh.write("n1", "ada", { n: 2 }).acks("n1", 1).degraded);
      mesh.that("n2 was not waited for again", mesh.nowMs - againAtMs < 5);
      mesh.resume("n2").run("1s").write("n1", "ada", { n: 3 });
      mesh.that("n2 acknowledges again", mesh.acks("n1", 1).acks === 1);
    },
  },
  {
    name: "P7: a rolling deploy of all nodes loses nothing",
    play: (begin) => {
      const mesh = begin({ nodes: 3, keepsNodeIds: false });
      for (let i = 0; i < 50; i++) mesh.write(`n${(i % 3) + 1}`, `s${i}`, { i });
      mesh.destroy("n1", "s0");
      for (const node of ["n1", "n2", "n3"]) {
        const { confirmed, peers, soleHeldCount } = mesh.deploy(node);
        mesh.that(`two hold all of ${node}`, confirmed && peers === 2 && soleHeldCount === 0);
        mesh.write(node, "s1", { [node]: "new" });
      }
      mesh.settle({ within: "15s" }).expectEverywhere("s0", "destroyed");
      for (let i = 2; i < 50; i++) mesh.expectEverywhere(`s${i}`, { i });
      mesh.expectEverywhere("s1", { i: 1, n1: "new", n2: "new", n3: "new" });
    },
  },
  {
    name: "P7: a node that is alone says how many sessions it alone held",
    play: (begin) => {
      const mesh = begin({ nodes: 2 }).crash("n2").run("10s");
      mesh.write("n1", "ada", {}).write("n1", "bob", {});
      const { confirmed, peers, soleHeldCount } = mesh.deploy("n1");
      mesh.that("nobody confirmed", !confirmed && peers === 0);
      mesh.that("it alone held two sessions", soleHeldCount === 2);
    },
  },
  {
    name: "P7: what a node acknowledges while it drains is no promise",
    play: (begin) => {
      const mesh = begin({ nodes: 2 }).run("1s");
      mesh.cluster.deploy("n2", { downMs: 60_000 });
      mesh.that("nobody counts", mesh.write("n1", "ada", {}).acks("n1", 1).degraded);
    },
  },
  {
    name: "P9: a node that comes back empty is in sync again, and serves meanwhile",
    play: (begin) => {
      const mesh = begin({ nodes: 3 });
      for (let i = 0; i < 200; i++) mesh.write("n1", `s${i}`, { i });
      mesh.settle().crash("n3").run("5s").write("n1", "late", {}).restart("n3").run("400ms");
      mesh.that("n3 finds what it is asked for", mesh.pull("n3", "s150") === "found");
      mesh.expect("n3", "s150", { i: 150 }).settle({ within: "10s" });
      mesh.expect("n3", "s199", { i: 199 }).expect("n3", "late", {});
    },
  },
];
