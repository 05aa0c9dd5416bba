/** P5 and nodes that join: who writes knows of them before anybody can land there. */
import { scenario } from "@session-mesh/sim";
import { expect, test } from "vitest";
import { Reader, revisionsOn } from "./reader.js";

const SESSION = "s1";

test("P5: a write is told while one that joins, and is filled by others, is out of its writer's reach", () => {
  const behind: number[] = [];
  const untold: number[] = [];
  for (let seed = 1; seed <= 40; seed += 1) {
    const mesh = scenario({ nodes: 3, seed }).write("n1", SESSION, { user: "ada" }).settle();
    mesh.cut("n1", "n4").cut("n4", "n1");
    mesh.cluster.add("n4");
    mesh.cluster.start("n4");
    for (let ms = 0; ms < 1_000 && revisionsOn(mesh, "n4", SESSION).length === 0; ms += 1) {
      mesh.run("1ms");
    }
    mesh.write("n1", SESSION, { note: "after n2 and n3 have filled n4" }).run("10ms");
    const reader = new Reader();
    reader.shown(mesh, "n1", SESSION);
    const isBehind = reader.missingOn(mesh, "n4", SESSION).length > 0;
    if (isBehind) behind.push(seed);
    if (isBehind && reader.token.length === 0) untold.push(seed);
  }
  expect(behind.length).toBeGreaterThan(10);
  expect(untold).toEqual([]);
});
