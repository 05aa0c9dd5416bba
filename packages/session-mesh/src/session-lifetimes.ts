/**
 * The lifetimes of a session as its user sees them.
 *
 * Not here: the verdict whether it is alive (core).
 */
import type { Limits, Millis } from "@session-mesh/core";

/** Lifetimes of a session. */
export interface Lifetimes {
  readonly createdAtMs: Millis;
  readonly expiresAtMs: Millis;
  readonly absoluteExpiresAtMs: Millis;
  readonly idleMs: Millis;
}

/** Of a session that is not stored yet, as if it were created now. */
export function lifetimesAtBirth(
  birth: { readonly idleMs?: Millis; readonly absoluteMs?: Millis },
  limits: Limits,
): Lifetimes {
  const createdAtMs = Date.now();
  const idleMs = birth.idleMs ?? limits.idleMs;
  const absoluteExpiresAtMs = createdAtMs + (birth.absoluteMs ?? limits.absoluteMs);
  const expiresAtMs = Math.min(createdAtMs + idleMs, absoluteExpiresAtMs);
  return { createdAtMs, expiresAtMs, absoluteExpiresAtMs, idleMs };
}

/** Throws a RangeError for lifetimes that no session can have. */
export function checkLifetimes(lifetimes: Readonly<Record<string, unknown>>): void {
  for (const name of ["idleMs", "absoluteMs"]) {
    const value = lifetimes[name];
    const isFine =
      value === undefined || (typeof value === "number" && Number.isFinite(value) && value > 0);
    if (isFine) continue;
    throw new RangeError(
      `[session-mesh] \`${name}\` must be a finite number of milliseconds above 0`,
    );
  }
}
