/** P4: when a session is dead, to the millisecond, and that nothing but a touch puts it off. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ENVELOPE } from "../wire/model/arbitraries.suite.js";
import { joinEnvelopes, withTouch } from "./envelope.js";
import { expiresAtMs, lifetimeAt, tombstoneForgottenAtMs } from "./expiry.js";

const DEATHS = { live: 0, "idle-expired": 1, over: 2 } as const;

describe("a session", () => {
  test("lives until its idle time after the last touch, and not longer than its absolute lifetime", () => {
    const property = fc.property(ENVELOPE, (envelope) => {
      const endMs = expiresAtMs(envelope);
      const idleEndMs = envelope.touchedAtMs + envelope.idleMs;
      expect(endMs).toBe(Math.min(idleEndMs, envelope.absoluteExpiresAtMs));
      expect(lifetimeAt(envelope, endMs)).not.toBe("live");
      expect(lifetimeAt(envelope, endMs - 1)).toBe("live");
      expect(lifetimeAt(envelope, envelope.absoluteExpiresAtMs)).toBe("over");
      expect(lifetimeAt(envelope, envelope.absoluteExpiresAtMs - 1)).not.toBe("over");
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("does not come to life again as time passes", () => {
    const property = fc.property(ENVELOPE, fc.nat(), fc.nat(), (envelope, ms, moreMs) => {
      const [early, late] = [ms, ms + moreMs].map((nowMs) => DEATHS[lifetimeAt(envelope, nowMs)]);
      expect(late).toBeGreaterThanOrEqual(early as number);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("does not outlive the shorter of two absolute lifetimes, whatever is joined or touched", () => {
    const property = fc.property(ENVELOPE, ENVELOPE, fc.nat(), (a, b, nowMs) => {
      const joined = withTouch(joinEnvelopes(a, b), nowMs);
      const endMs = Math.min(a.absoluteExpiresAtMs, b.absoluteExpiresAtMs);
      expect(expiresAtMs(joined)).toBeLessThanOrEqual(endMs);
      expect(lifetimeAt(joined, endMs)).toBe("over");
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("that is touched lives its idle time from then, and one quantum longer at most", () => {
    const times = fc.integer({ min: 20, max: 1e9 });
    const property = fc.property(
      ENVELOPE,
      times,
      fc.integer({ min: 0, max: 4e12 }),
      (e, idleMs, nowMs) => {
        const fresh = {
          ...e,
          idleMs,
          touchedAtMs: 0,
          absoluteExpiresAtMs: Number.MAX_SAFE_INTEGER,
        };
        const endMs = expiresAtMs(withTouch(fresh, nowMs));
        expect(endMs).toBeGreaterThanOrEqual(nowMs + idleMs);
        expect(endMs).toBeLessThan(nowMs + idleMs + idleMs / 20);
      },
    );
    fc.assert(property, { numRuns: 200 });
  });
});

test("P3: a tombstone is kept longer than a node whose clock is off by the margin can show a copy", () => {
  const property = fc.property(ENVELOPE, fc.nat(1e6), (envelope, marginMs) => {
    const endMs = tombstoneForgottenAtMs(envelope.absoluteExpiresAtMs, marginMs);
    expect(lifetimeAt(envelope, endMs - 2 * marginMs)).toBe("over");
    expect(endMs).toBe(envelope.absoluteExpiresAtMs + 2 * marginMs);
  });
  fc.assert(property, { numRuns: 50 });
});
