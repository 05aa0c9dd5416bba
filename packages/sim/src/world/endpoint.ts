/**
 * What the network knows of a process, and of how it ends.
 *
 * Not here: the process itself (node-run.ts).
 */
import type { LinkId } from "@session-mesh/core";

/** One end of links: a running process. */
export interface Endpoint {
  /** The machine it runs on: paths are cut between machines. */
  readonly machine: string;
  /** False once it has crashed or ended. */
  readonly isAlive: boolean;
  /** Takes nothing in, though its kernel keeps connections. */
  readonly isPaused: boolean;
  linkOpened(link: LinkId, address: string | undefined): void;
  linkClosed(link: LinkId, reason: string): void;
  dialFailed(address: string, detail: string): void;
  receive(link: LinkId, frame: Uint8Array): void;
}

/** How a process ends: `silent` with its machine, so that nobody is told; `lossy` in mid-sentence. */
export interface Death {
  readonly silent?: boolean;
  readonly lossy?: boolean;
}
