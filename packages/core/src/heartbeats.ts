/**
 * What each link hears of a node that has nothing else to say: that it lives, its clock, and what it
 * has confirmed.
 *
 * Not here: what a silence means (membership).
 */
import type { Millis } from "./ids.js";
import type { Parts } from "./parts.js";
import type { Runtime } from "./runtime.js";

/** See the file's comment. */
export class Heartbeats {
  readonly #parts: Parts;
  readonly #runtime: Runtime;
  readonly #intervalMs: Millis;
  #sentAtMs: Millis;

  constructor(parts: Parts, runtime: Runtime, intervalMs: Millis) {
    this.#parts = parts;
    this.#runtime = runtime;
    this.#intervalMs = intervalMs;
    this.#sentAtMs = runtime.elapsedMs();
  }

  /** Sends where it is time. */
  tick(): void {
    const nowMs = this.#runtime.elapsedMs();
    if (nowMs - this.#sentAtMs < this.#intervalMs) return;
    this.#sentAtMs = nowMs;
    for (const { fact, link } of this.#parts.membership.members()) {
      if (link === undefined) continue;
      const haveSeq = this.#parts.pusher.haveOf(fact.node);
      this.#parts.sendOn(link, { type: "heartbeat", wallMs: this.#runtime.wallMs(), haveSeq });
    }
  }
}
