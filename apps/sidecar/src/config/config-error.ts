/**
 * What is said when the configuration cannot be: one line a problem, each with its remedy.
 *
 * Not here: operating errors of the mesh, which are MeshErrors.
 */

/** The configuration is wrong; nothing was opened. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}
