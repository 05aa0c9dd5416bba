/**
 * The one error of the shell: what went wrong, as a code for programs and a remedy for people.
 *
 * Not for bugs of ours (core's InvariantError), and not for bad peers, which never throw.
 */

/**
 * What went wrong: an option is wrong, an address is taken, the storage cannot be used, the mesh was
 * closed or has stopped after an internal fault.
 */
export type MeshErrorCode = "option" | "listen" | "storage" | "closed" | "failed";

/** An operating error. Its text names the remedy; unless it says so, nothing was changed. */
export class MeshError extends Error {
  override readonly name = "MeshError";
  readonly code: MeshErrorCode;

  constructor(code: MeshErrorCode, message: string, options?: ErrorOptions) {
    super(`[session-mesh] ${message}`, options);
    this.code = code;
  }
}
