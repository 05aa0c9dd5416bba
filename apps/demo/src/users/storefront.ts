/**
 * The shop from its street: the doors that users come in by, and what its answers say.
 *
 * Not here: the balancers behind the doors, nor what users do inside (user.ts).
 */
import type { Received } from "./http-client.js";

/** Tells the client who answered. */
export const SERVER_HEADER = "demo-server";

/** What all users of a run know of the shop. */
export interface Storefront {
  /** The name of the cookie that carries the session's id. */
  readonly sessionCookie: string;
  /**
   * Whether a session that could not be looked for everywhere (P9) takes writes under its id, which are
   * merged at the heal. If not, such a page shows nobody, says that it may be stale, and writes nothing.
   */
  readonly doesWriteUnknown: boolean;
  /** To how many servers the balancer sent the request. */
  attemptsOf(received: Received): number;
  /** Whether the server was killed under a request sent at `sentAtMs` (of performance.now()). */
  isInterrupted(received: Received, sentAtMs: number): boolean;
}

/** Where one user finds the shop. */
export interface Route {
  /** The balancer on the user's side; the common one while there are no sides. */
  origin(): string;
  /** The balancer on the other side, while the two cannot reach one another. */
  otherSide(): string | undefined;
  /** Whether the sides were apart at some time from `sinceMs` (of performance.now()) until now. */
  wasCutSince(sinceMs: number): boolean;
}

/** One server, past the balancer. */
export interface Server {
  readonly node: string;
  readonly origin: string;
}
