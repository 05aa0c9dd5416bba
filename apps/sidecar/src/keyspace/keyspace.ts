/**
 * The keys of foreign clients over the sessions of a mesh. A placeholder: its author replaces it.
 */
import type { Mesh } from "session-mesh";

/** Keys to sessions. */
export class Keyspace {
  constructor(readonly mesh: Mesh) {}
}
