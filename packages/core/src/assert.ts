/**
 * What a broken invariant throws.
 *
 * A bug of ours, never bad input: the shell stops the replica and reports it, and the simulator
 * counts it as a failing seed. Nothing in core catches it.
 */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Throws {@link InvariantError} unless `condition` holds. One condition a call; stays on in production. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
