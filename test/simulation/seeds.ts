/** Which seeds a run of the suite takes: those that once failed, then fresh ones. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Seeds that once failed. */
export function pinnedSeeds(): number[] {
  const path = fileURLToPath(new URL("seeds.txt", import.meta.url));
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => /^\d/.test(line)).map((line) => Number.parseInt(line, 10));
}

/**
 * As many seeds as SESSION_MESH_SEEDS says, from SESSION_MESH_SEEDS_FROM on; by default other ones
 * every day.
 */
export function freshSeeds(countDefault: number): number[] {
  const { SESSION_MESH_SEEDS, SESSION_MESH_SEEDS_FROM } = process.env;
  const count = Number(SESSION_MESH_SEEDS ?? countDefault);
  const day = Math.floor(Date.now() / 86_400_000);
  const from = Number(SESSION_MESH_SEEDS_FROM ?? day * 100_000);
  return Array.from({ length: count }, (_, i) => from + i);
}
