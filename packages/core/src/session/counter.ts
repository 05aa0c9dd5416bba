/**
 * The typed counter handle's part of a session: which numbers of a plain session are counters.
 *
 * A plain session cannot say whether `views = 5` means "is five" or "one more than the four I saw".
 * An intent, noted beside the snapshot, says the latter of one path; the difference is then taken
 * as any other is, from what was read and what is left behind.
 *
 * Not here: what a counter's increments become (diff.ts), and how they add up (view.ts).
 */
import type { Snapshot } from "./snapshot.js";

/** What a request means to do to the counters at and beneath a path. */
export interface CounterIntents {
  declared?: boolean;
  /** The number that the counter was set to before the increments that follow. */
  resetTo?: number | undefined;
  parts?: Map<string, CounterIntents>;
}

function intentsAt(snapshot: Snapshot, path: readonly string[]): CounterIntents {
  let intents = (snapshot.base.intents ??= {});
  for (const part of path) {
    const parts = (intents.parts ??= new Map<string, CounterIntents>());
    let next = parts.get(part);
    if (!next) parts.set(part, (next = {}));
    intents = next;
  }
  return intents;
}

/**
 * Says that the number at `path` is a counter: that it differs from what was read is an increment by
 * the difference, and concurrent increments add up (M8). A plain number there becomes the start of
 * the counter; what is absent counts from zero. `path` names attributes, and list indices as they
 * are when the request is done; its last part must name a property of an object.
 */
export function declareCounter(snapshot: Snapshot, path: readonly string[]): void {
  intentsAt(snapshot, path).declared = true;
}

/**
 * Says that the counter at `path` was reset to `value`: what had been added before counts no more,
 * except for what the reset had not seen. By how much the number then differs from `value` is an
 * increment after the reset.
 */
export function resetCounter(snapshot: Snapshot, path: readonly string[], value = 0): void {
  const intents = intentsAt(snapshot, path);
  intents.declared = true;
  intents.resetTo = value;
}
