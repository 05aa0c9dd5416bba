/**
 * When a session is dead, by one formula for every replica (P4).
 *
 * Not here: which clock is asked. The replica passes the median of its own and its live peers'.
 */
import type { Millis } from "../ids.js";
import type { Envelope } from "../session-state.js";

/** How a session stands at a moment. Idle expiry is a verdict, not an end: a touch may revive. */
export type Lifetime = "live" | "idle-expired" | "over";

/** What of an envelope decides when a session is over. */
export type Lifetimes = Pick<Envelope, "absoluteExpiresAtMs" | "idleMs" | "touchedAtMs">;

/** When the session expires if nobody touches it again. */
export function expiresAtMs(envelope: Lifetimes): Millis {
  return Math.min(envelope.touchedAtMs + envelope.idleMs, envelope.absoluteExpiresAtMs);
}

/** The verdict at `nowMs`. */
export function lifetimeAt(envelope: Lifetimes, nowMs: Millis): Lifetime {
  if (nowMs >= envelope.absoluteExpiresAtMs) return "over";
  return nowMs >= envelope.touchedAtMs + envelope.idleMs ? "idle-expired" : "live";
}

/** When a tombstone may be forgotten: any copy that comes back later is dead by its own envelope. */
export function tombstoneForgottenAtMs(absoluteExpiresAtMs: Millis, clockMarginMs: Millis): Millis {
  return absoluteExpiresAtMs + 2 * clockMarginMs;
}
