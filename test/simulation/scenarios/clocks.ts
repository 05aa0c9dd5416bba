/** What happens when the clocks of machines do not agree. */
import type { Script } from "./script.js";

/** Clocks. */
export const CLOCKS: readonly Script[] = [
  {
    name: "M2: whoever overwrites what he saw wins, though the other's clock runs 10 min ahead",
    play: (begin) => {
      const mesh = begin({ nodes: 3, clocks: { n1: 600_000 } });
      mesh.write("n1", "ada", { colour: "red" }).settle();
      mesh.write("n2", "ada", { colour: "blue" }).settle();
      mesh.expectEverywhere("ada", { colour: "blue" });
      mesh.write("n3", "ada", { colour: "green" }).settle();
      mesh.expectEverywhere("ada", { colour: "green" }).run("5s");
      mesh.that("n1 knows that its clock is wrong", !mesh.status("n1").isClockSafe);
      mesh.that("n2 knows that its own is not", mesh.status("n2").isClockSafe);
      const told = mesh.events.filter(({ event }) => event.type === "clock-offset");
      mesh.that("n1 says so, once, and nobody else", told.map(({ node }) => node).join() === "n1");
    },
  },
  {
    name: "P4: a clock that is set an hour ahead ends no session",
    play: (begin) => {
      const mesh = begin({ nodes: 3 });
      mesh.write("n1", "ada", { user: "ada" }, "60s").settle();
      mesh.clock("n1", "1h").expect("n1", "ada", { user: "ada" }).run("30s");
      mesh.expect("n1", "ada", { user: "ada" }).run("34s").expectEverywhere("ada", "expired");
    },
  },
  {
    name: "M2: a node whose clock is 25 h ahead is refused, and told so",
    play: (begin) => {
      const mesh = begin({ nodes: 3, clocks: { n1: 25 * 3_600_000 } });
      mesh.write("n1", "ada", {}).write("n2", "bob", {}).run("30s");
      const { refusals } = mesh.status("n1");
      const isTold = refusals.some(({ code, byPeer }) => code === "clock" && byPeer);
      mesh.that("n1 is told that its clock is why", isTold);
      mesh.expect("n2", "ada", "absent").expect("n3", "bob", {});
    },
  },
  {
    name: "M2: a node whose clock leaps 25 h ahead is refused as soon as it writes",
    play: (begin) => {
      const mesh = begin({ nodes: 3 });
      mesh.clock("n1", "25h").write("n1", "ada", {}).run("10s").expect("n2", "ada", "absent");
      const [refusal] = mesh.status("n1").refusals;
      mesh.that("its clock is why", refusal?.code === "clock" && refusal.byPeer);
      // What it wrote is from the future as long as it lives; a new process is welcome.
      mesh.crash("n1").clock("n1", "0ms").restart("n1").settle();
      mesh.that("nobody refuses n1", mesh.status("n1").refusals.length === 0);
      mesh.that("n2 refuses nobody", mesh.status("n2").refusals.length === 0);
    },
  },
];
