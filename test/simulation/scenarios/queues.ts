/** What happens when a node falls behind further than queues reach. */
import { rungs, type Script } from "./script.js";

/** Queues that overflow. */
export const QUEUES: readonly Script[] = [
  {
    name: "P8: a peer that missed more deltas than the log keeps catches up by whole sessions",
    play: (begin) => {
      const mesh = begin({ nodes: 2, limits: { changeLogBytesMax: 2_000 } });
      mesh.partition(["n1"], ["n2"]).run("20s");
      for (let i = 0; i < 200; i++) mesh.write("n1", `s${i % 20}`, { [`k${i}`]: i });
      mesh.heal().settle({ within: "15s" });
      mesh.that("it got whole sessions", rungs(mesh).includes("states"));
    },
  },
  {
    name: "P8: a peer that missed more than the log remembers catches up by an audit",
    play: (begin) => {
      const mesh = begin({ nodes: 2, limits: { changeLogEntriesMax: 20 } });
      mesh.partition(["n1"], ["n2"]).run("20s");
      for (let i = 0; i < 200; i++) mesh.write("n1", `s${i % 50}`, { [`k${i}`]: i });
      mesh.heal().settle({ within: "15s" });
      mesh.that("an audit found what was missing", rungs(mesh).includes("audit"));
    },
  },
];
