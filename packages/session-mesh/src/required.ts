/**
 * What is asked of every argument that must be there, wherever one can be left out by mistake.
 *
 * Not here: what the options may be.
 */
import type { Mesh } from "./mesh.js";
import { MeshError } from "./mesh-error.js";

/** Throws a MeshError that names the remedy, unless `mesh` is a mesh; `who` was called with it. */
export function requireMesh(mesh: unknown, who: string): asserts mesh is Mesh {
  if (isObject(mesh) && "sessions" in mesh) return;
  throw new MeshError("option", `${who} needs a mesh first: write \`await createMesh(…)\``);
}

/** Throws a MeshError unless `options` is an object whose names are all among `known`. */
export function requireOptions(options: unknown, known: readonly string[], who: string): void {
  const remedy = `There are: ${known.join(", ")}`;
  if (!isObject(options)) {
    throw new MeshError("option", `the options of ${who} must be an object. ${remedy}`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new MeshError("option", `there is no option \`${unknown}\` of ${who}. ${remedy}`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
