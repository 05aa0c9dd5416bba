/**
 * The code of a recipe in docs/recipes, as the document prints it, aimed at a machine of a test.
 *
 * What a test runs is what the document says: nothing is copied.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tidy/sources.js";
import type { Address } from "./resp-connection.js";

/** The port of the sidecar in every recipe. */
const RECIPE_PORT = "6379";

/** The blocks of a language in a recipe, in the order of the document. */
export function recipeBlocks(recipe: string, language: string): readonly string[] {
  const text = readFileSync(join(ROOT, "docs/recipes", `${recipe}.md`), "utf8");
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  const blocks = [...text.matchAll(fence)].map((match) => match[1] ?? "");
  if (blocks.length === 0) throw new Error(`docs/recipes/${recipe}.md has no ${language} block`);
  return blocks;
}

/** A block that connects to the sidecar, with the address of `machine` in place of the usual one. */
export function aimedAt(machine: Address, block: string): string {
  const parts = block.split(RECIPE_PORT);
  if (parts.length !== 2)
    throw new Error(`names port ${RECIPE_PORT} ${parts.length - 1} times, not once:\n${block}`);
  return parts.join(String(machine.port));
}
