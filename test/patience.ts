/**
 * How long tests wait for something to become true: long enough for a machine that is busy with other
 * tests, where vitest's own second is not. Who waits for a thing that must not take long says so.
 *
 * Not here: what is waited for.
 */
import { vi } from "vitest";

const PATIENCE_MS = 10_000;

const waitFor = vi.waitFor.bind(vi);
vi.waitFor = (callback, options = {}) => {
  const given = typeof options === "number" ? { timeout: options } : options;
  return waitFor(callback, { timeout: PATIENCE_MS, ...given });
};
