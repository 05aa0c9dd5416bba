/** What happens while nodes cannot reach one another, and when they can again. */
import type { Script } from "./script.js";

/** Partitions. */
export const PARTITIONS: readonly Script[] = [
  {
    name: "P3: a logout on the minority side wins over a touch and a write on the majority side",
    play: (begin) => {
      const mesh = begin({ nodes: 5 }).write("n1", "ada", { user: "ada" }).settle();
      mesh.partition(["n1", "n2"], ["n3", "n4", "n5"]);
      mesh.destroy("n1", "ada");
      mesh.touch("n4", "ada").write("n4", "ada", { cart: ["tea"] });
      mesh.run("30s").expect("n2", "ada", "destroyed");
      mesh.expect("n3", "ada", { user: "ada", cart: ["tea"] });
      mesh.heal().settle({ within: "15s" }).expectEverywhere("ada", "destroyed");
    },
  },
  {
    name: "P2, P8: a cart filled on both sides of a partition keeps both halves",
    play: (begin) => {
      const mesh = begin({ nodes: 3 }).write("n1", "ada", { cart: [], colour: "red" }).settle();
      mesh.partition(["n1"], ["n2", "n3"]).run("20s");
      mesh.change("n1", "ada", (session: { cart?: string[] }) => session.cart?.push("tea"));
      mesh.change("n2", "ada", (session: { cart?: string[] }) => session.cart?.push("milk"));
      mesh.run("10s").write("n3", "ada", { colour: "blue" });
      mesh.heal().settle({ within: "15s" });
      const read = mesh.read("n3", "ada");
      const { cart, colour } = read.status === "found" ? read.value : {};
      const bought = [...(cart as string[])].sort().join(" and ");
      mesh.that("both halves are in the cart", bought === "milk and tea");
      mesh.that("the colour is the one chosen last", colour === "blue");
    },
  },
  {
    name: "P8: a partition of more than an hour heals by itself",
    play: (begin) => {
      const mesh = begin({ nodes: 4 }).write("n1", "ada", { user: "ada" }).settle();
      mesh.partition(["n1", "n2"], ["n3", "n4"]).run("70m");
      mesh.write("n1", "ada", { left: 1 }).write("n3", "ada", { right: 2 }).write("n4", "bob", {});
      mesh.heal().settle({ within: "30s" }).expectEverywhere("bob", {});
      mesh.expectEverywhere("ada", { user: "ada", left: 1, right: 2 });
    },
  },
  {
    name: "P8: a path cut in one direction is noticed on both sides, and heals",
    play: (begin) => {
      const mesh = begin({ nodes: 3 }).write("n1", "ada", {}).settle();
      mesh.cut("n1", "n2").run("30s");
      const isNoticed = mesh.events.some(({ event }) => event.type === "link-closed");
      mesh.that("the silent link was closed", isNoticed);
      mesh.write("n1", "ada", { from1: 1 }).write("n2", "ada", { from2: 2 }).run("30s");
      mesh.heal().settle({ within: "30s" }).expectEverywhere("ada", { from1: 1, from2: 2 });
    },
  },
  {
    name: "P8: two nodes that do not reach one another become equal through a third",
    play: (begin) => {
      const mesh = begin({ nodes: 3 }).partition(["n1"], ["n2"]).run("20s");
      mesh.write("n1", "ada", { a: 1 }).run("60s").expect("n2", "ada", { a: 1 });
      mesh.write("n2", "ada", { b: 2 }).destroy("n1", "bob").run("60s");
      mesh.expectEverywhere("ada", { a: 1, b: 2 }).expectEverywhere("bob", "destroyed");
    },
  },
  {
    name: "P3: a logout on a node that joins is not taken for known while a member is not linked",
    play: (begin) => {
      const mesh = begin({ nodes: 3 }).write("n1", "ada", { user: "ada" }).settle();
      mesh.crash("n3").run("10s").partition(["n2"], ["n3"]).restart("n3").run("2s");
      const n2 = mesh.status("n3").members.find(({ node }) => node === "n2");
      mesh.that("n3 has heard of n2", n2?.state === "alive");
      mesh.that("n3 has not joined", !mesh.status("n3").hasJoined);
      const { acks, degraded } = mesh.destroy("n3", "ada").acks("n3", "all");
      mesh.that("one node knows, and n3 says that not all do", acks === 1 && degraded);
      mesh.heal().run("10s").expectEverywhere("ada", "destroyed");
      mesh.that("n3 has joined", mesh.status("n3").hasJoined);
    },
  },
  {
    name: "P9: what only the other side of a cut may hold is unknown, not absent",
    play: (begin) => {
      const mesh = begin({ nodes: 3 }).partition(["n1"], ["n2", "n3"]).run("20s");
      mesh.write("n1", "ada", { user: "ada" });
      mesh.that("n2 does not know about ada", mesh.pull("n2", "ada") === "unknown");
      mesh.heal().run("10s");
      mesh.that("n2 finds ada", mesh.pull("n2", "ada") === "found");
      mesh.that("n2 knows that bob never was", mesh.pull("n2", "bob") === "absent");
    },
  },
  {
    name: "M7: a change is not shown before what its author saw, which is fetched from him",
    play: (begin) => {
      const mesh = begin({ nodes: 3 }).write("n1", "ada", {}).settle();
      mesh.partition(["n1"], ["n3"]).run("20s");
      mesh
        .write("n1", "ada", { things: [{ id: 1 }] })
        .run("50ms")
        .expect("n3", "ada", {});
      mesh.change("n2", "ada", (session: { things?: { size?: number }[] }) => {
        for (const thing of session.things ?? []) thing.size = 3;
      });
      mesh.run("50ms").expect("n3", "ada", { things: [{ id: 1, size: 3 }] });
    },
  },
  {
    name: "P3: who writes to a destroyed session hears so at once, though not from its destroyer",
    play: (begin) => {
      const mesh = begin({ nodes: 3 }).write("n1", "ada", {}).settle();
      mesh.partition(["n1"], ["n3"]).run("20s").destroy("n1", "ada").run("10ms").crash("n1");
      mesh.write("n3", "ada", { late: true }).run("50ms");
      mesh.expect("n2", "ada", "destroyed").expect("n3", "ada", "destroyed");
    },
  },
];
