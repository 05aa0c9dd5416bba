/** What becomes of writes that are made at the same time, on nodes that have not heard of each other. */
import type { Scenario } from "@session-mesh/sim";
import type { Begin, Script } from "./script.js";

/** Two nodes that hold the same session and do not reach one another. */
function apart(begin: Begin, session: Parameters<Scenario["write"]>[2]): Scenario {
  const mesh = begin({ nodes: 2 }).write("n1", "ada", session).settle();
  return mesh.partition(["n1"], ["n2"]).run("20s");
}

/** Writes at the same time. */
export const WRITES: readonly Script[] = [
  {
    name: "M1: two servers set different attributes of one session, and both stay",
    play: (begin) => {
      const mesh = apart(begin, {});
      mesh.write("n1", "ada", { theme: { dark: true } });
      mesh.write("n2", "ada", { theme: { size: "large" } });
      mesh.heal().settle({ within: "15s" });
      mesh.expectEverywhere("ada", { theme: { dark: true, size: "large" } });
    },
  },
  {
    name: "M2, M3: of two writes to one attribute the later one counts, a deletion too",
    play: (begin) => {
      const mesh = apart(begin, { colour: "red", size: 1 });
      mesh.write("n2", "ada", { colour: "blue", size: 2 }).run("1s");
      mesh.change("n1", "ada", (session: { colour?: string }) => delete session.colour).run("1s");
      mesh.write("n2", "ada", { size: 3 });
      mesh.heal().settle({ within: "15s" }).expectEverywhere("ada", { size: 3 });
    },
  },
  {
    name: "M4: who empties the basket does not empty what was put into it meanwhile",
    play: (begin) => {
      const mesh = apart(begin, { basket: { tea: 1 } });
      mesh.change("n1", "ada", (session: { basket?: object }) => delete session.basket);
      mesh.change("n2", "ada", (session: { basket?: { milk?: number } }) => {
        if (session.basket) session.basket.milk = 1;
      });
      mesh
        .heal()
        .settle({ within: "15s" })
        .expectEverywhere("ada", { basket: { milk: 1 } });
    },
  },
  {
    name: "M6: an item removed on one server stays removed, though another has changed it",
    play: (begin) => {
      const mesh = apart(begin, { items: [{ tea: 1 }, { milk: 1 }] });
      mesh
        .change("n1", "ada", (session: { items?: unknown[] }) => session.items?.shift())
        .run("1s");
      mesh.change("n2", "ada", (session: { items?: { tea?: number }[] }) => {
        for (const item of session.items ?? []) if (item.tea) item.tea = 7;
      });
      mesh
        .heal()
        .settle({ within: "15s" })
        .expectEverywhere("ada", { items: [{ milk: 1 }] });
    },
  },
  {
    name: "M8: visits that two servers count at the same time all count",
    play: (begin) => {
      const mesh = apart(begin, {}).increment("n1", "ada", "visits", 3);
      mesh.increment("n2", "ada", "visits", 4).run("1s").increment("n1", "ada", "visits");
      mesh.heal().settle({ within: "15s" }).expectEverywhere("ada", { visits: 8 });
    },
  },
  {
    name: "M13: a login on either side of a partition is a session each, and the old one is over",
    play: (begin) => {
      const mesh = apart(begin, { cart: ["tea"] });
      mesh.regenerate("n1", "ada", "ada at n1").regenerate("n2", "ada", "ada at n2");
      mesh.heal().settle({ within: "15s" }).expectEverywhere("ada", "destroyed");
      mesh.expectEverywhere("ada at n1", { cart: ["tea"] });
      mesh.expectEverywhere("ada at n2", { cart: ["tea"] });
    },
  },
  {
    name: "M9: what a slow request writes to a session that was logged out dies with it",
    play: (begin) => {
      const mesh = begin({ nodes: 2 }).write("n1", "ada", { user: "ada" }).settle();
      const request = mesh.draft("n2", "ada");
      mesh.destroy("n1", "ada").run("1s");
      mesh.commit(request, (session: { late?: boolean }) => (session.late = true));
      mesh.that("the write is refused", mesh.last.status === "gone");
      mesh.settle().expectEverywhere("ada", "destroyed");
    },
  },
];
