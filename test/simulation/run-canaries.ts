/** Hunts canaries for people, and prints the table that docs/SIMULATOR.md keeps. */
import { availableParallelism } from "node:os";
import { UsageError } from "./arguments.js";
import { catchCanary, catchRow } from "./canaries/catch.js";
import { CANARIES } from "./canaries/list.js";
import type { Canary } from "./canaries/patch.js";

/** The canary of this name; throws a `UsageError` that lists them. */
export function canaryNamed(name: string): Canary {
  const canary = CANARIES.find((each) => each.name === name);
  if (canary) return canary;
  const names = CANARIES.map((each) => `  ${each.name.padEnd(20)} ${each.says}`);
  throw new UsageError(`there is no canary "${name}"; there are\n${names.join("\n")}`);
}

/** Hunts each; says whether all were caught. */
export async function huntAll(): Promise<boolean> {
  let isAllCaught = true;
  for (const canary of CANARIES) {
    try {
      const caught = await catchCanary(canary, availableParallelism());
      console.info(catchRow(caught));
      isAllCaught &&= caught.seed !== undefined;
    } catch (error) {
      console.info(error instanceof Error ? error.message : String(error));
      isAllCaught = false;
    }
  }
  return isAllCaught;
}
