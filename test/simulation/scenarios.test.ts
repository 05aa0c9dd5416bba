/** Particular bad days, written down: what is cut, what is written meanwhile, and what must be true. */
import { scenario } from "@session-mesh/sim";
import { describe, test } from "vitest";
import { SCENARIOS } from "./scenarios/list.js";

for (const [chapter, scripts] of Object.entries(SCENARIOS)) {
  describe(chapter, () => {
    for (const { name, play } of scripts) {
      test(name, () => play(scenario));
    }
  });
}
