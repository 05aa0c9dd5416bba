/**
 * What a checker holds, in words: its row in docs/SIMULATOR.md, so that a failure says what was promised.
 *
 * Not here: the failure's own words (failure-text.ts).
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const GUIDE = fileURLToPath(new URL("../../docs/SIMULATOR.md", import.meta.url));

/** What the guide says that a checker holds; undefined where it does not name it. */
export function meaningOf(checker: string): string | undefined {
  const rows = readFileSync(GUIDE, "utf8").split("\n");
  for (const row of rows) {
    const [, names, means] = row.split("|").map((cell) => cell.trim());
    if (names?.split(", ").includes(`\`${checker}\``) === true) return means;
  }
  return undefined;
}
