/**
 * How often each event of the replicas was told, and how often with which outcome: the proof that a
 * path of the protocol was really taken.
 *
 *   catch-up-started            41
 *   catch-up-started rung=audit  7
 */
import type { EventBody } from "@session-mesh/core";

/** Fields that tell one path of the protocol from another, and have few values. */
const TELLING_FIELDS: ReadonlySet<string> = new Set([
  ...["rung", "path", "outcome", "to", "code", "limit", "law", "degraded", "confirmed"],
  ...["safe", "byPeer"],
]);

/** Counts events. */
export class EventCounts {
  readonly #counts = new Map<string, number>();

  add(event: EventBody): void {
    this.#count(event.type);
    for (const [field, value] of Object.entries(event)) {
      const isTelling =
        TELLING_FIELDS.has(field) || (field === "reason" && event.type === "session-collected");
      if (isTelling) this.#count(`${event.type} ${field}=${String(value)}`);
    }
  }

  toRecord(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}
