/** How sessions end: idle, too old, logged out, or refused for want of room. */
import type { Script } from "./script.js";

/** Lifetimes. */
export const LIFETIMES: readonly Script[] = [
  {
    name: "P4: idle expiry comes everywhere at once, whatever the clocks, and not before",
    play: (begin) => {
      const mesh = begin({ nodes: 3, clocks: { n1: -20_000, n3: 20_000 } });
      mesh.write("n1", "ada", { user: "ada" }, "60s").settle().run("50s");
      mesh.expectEverywhere("ada", { user: "ada" }).touch("n2", "ada").run("50s");
      mesh.expectEverywhere("ada", { user: "ada" }).run("15s").expectEverywhere("ada", "expired");
    },
  },
  {
    name: "P4: a touch from across a partition revives a session that seemed expired",
    play: (begin) => {
      const mesh = begin({ nodes: 3 }).write("n1", "ada", { user: "ada" }, "60s").settle();
      mesh.partition(["n1"], ["n2", "n3"]);
      for (let i = 0; i < 6; i++) mesh.run("30s").touch("n2", "ada");
      mesh.expect("n1", "ada", "expired").heal().settle({ within: "15s" });
      mesh.expectEverywhere("ada", { user: "ada" });
    },
  },
  {
    name: "P4: an expired session is dropped by all, and is not passed round",
    play: (begin) => {
      const mesh = begin({ nodes: 3 });
      for (let i = 0; i < 10; i++) mesh.write("n1", `s${i}`, {}, "60s");
      mesh.settle().run("10m");
      for (const node of ["n1", "n2", "n3"]) {
        const { hot, cold } = mesh.status(node).sessions;
        mesh.that(`${node} holds nothing`, hot + cold === 0);
      }
      const moved = mesh.events.filter(({ event }) => {
        return event.type === "session-integrated" && event.path === "audit";
      });
      mesh.that("hardly any was sent once more", moved.length < 20);
    },
  },
  {
    name: "P4: what one side alone wrote is not dropped while the other is out of reach",
    play: (begin) => {
      const mesh = begin({ nodes: 3 }).write("n1", "ada", {}, "60s").settle();
      mesh.partition(["n1", "n2"], ["n3"]).write("n1", "ada", { alone: true });
      for (let i = 0; i < 10; i++) mesh.run("30s").touch("n3", "ada");
      mesh.expect("n1", "ada", "expired").heal().settle({ within: "15s" });
      mesh.expectEverywhere("ada", { alone: true });
    },
  },
  {
    name: "P3: a tombstone outlives every copy, also one that its maker did not hold",
    play: (begin) => {
      const mesh = begin({ nodes: 2, limits: { absoluteMs: 3_600_000 } });
      mesh.partition(["n1"], ["n2"]).run("5s").write("n1", "ada", {});
      mesh.run("30m").destroy("n2", "ada").run("25m").heal().settle({ within: "30s" });
      mesh.expectEverywhere("ada", "destroyed").run("2h").expectEverywhere("ada", "absent");
      mesh.that("no tombstone is left", mesh.status("n1").sessions.tombstones === 0);
    },
  },
  {
    name: "P14: at sessionsMax creating fails, writing goes on, and merging is never refused",
    play: (begin) => {
      const mesh = begin({ nodes: 2, limits: { sessionsMax: 2 } }).partition(["n1"], ["n2"]);
      mesh.write("n1", "ada", {}).write("n1", "bob", {}).write("n1", "eve", {});
      mesh.that("there is no room for eve", mesh.last.status === "full");
      mesh.write("n1", "ada", { more: 1 });
      mesh.that("ada may write", mesh.last.status === "committed");
      mesh.write("n2", "joe", {}).heal().settle({ within: "15s" });
      mesh.expectEverywhere("ada", { more: 1 }).expectEverywhere("joe", {});
      mesh.destroy("n2", "ada").destroy("n2", "bob").settle().write("n1", "eve", { ok: true });
      mesh.that("there is room for eve", mesh.last.status === "committed");
    },
  },
];
