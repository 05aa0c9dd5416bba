/** What survives on disks, and what disks must not undo. */
import type { Script } from "./script.js";

/** Disks. */
export const DISKS: readonly Script[] = [
  {
    name: "P10: the power of all machines fails at once, and users carry on where they were",
    play: (begin) => {
      const mesh = begin({ nodes: 3, disks: {} });
      mesh.write("n1", "ada", { cart: ["book"] });
      const { acks } = mesh.acks("n1", 1);
      mesh.that("another disk has it", acks >= 1);
      for (const node of ["n1", "n2", "n3"]) mesh.crash(node, { silent: true });
      mesh.run("10s").restart("n1").restart("n2").restart("n3").settle();
      mesh.expectEverywhere("ada", { cart: ["book"] });
    },
  },
  {
    name: "P10, P3: a disk of yesterday brings no session back that was logged out since",
    play: (begin) => {
      const mesh = begin({ nodes: 3, disks: {} }).write("n1", "ada", {}).run("1s");
      const disk = mesh.cluster.diskOf("n1");
      const yesterday = disk?.image() ?? new Map();
      mesh.destroy("n2", "ada").run("1s").crash("n1");
      disk?.replace(yesterday);
      mesh.restart("n1").settle().expectEverywhere("ada", "destroyed");
    },
  },
  {
    name: "P10: a server whose disk is full serves on from memory, and says what it cannot promise",
    play: (begin) => {
      const mesh = begin({ nodes: 1, disks: {} });
      const disk = mesh.cluster.diskOf("n1");
      if (disk) disk.problem = "no space left on device";
      mesh.write("n1", "ada", { cart: ["book"] });
      mesh.that("less is promised", mesh.acks("n1", 0).degraded);
      mesh.expectEverywhere("ada", { cart: ["book"] });
      if (disk) disk.problem = undefined;
      mesh
        .run("2s")
        .crash("n1")
        .restart("n1")
        .expectEverywhere("ada", { cart: ["book"] });
    },
  },
];
