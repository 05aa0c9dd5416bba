/**
 * One app server as the balancer sees it: whether it may have requests, and which it has.
 *
 * Readiness is asked of `/readyz` again and again; a 503, a refusal or a broken connection stops
 * traffic at once, and only a 200 brings it back.
 *
 * Not here: which upstream a request goes to (balancer.ts).
 */
import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { send } from "./users/http-client.js";

const POLL_INTERVAL_MS = 200;
/** A busy machine is no reason to take a server out. */
const POLL_TIMEOUT_MS = 2_000;
/**
 * How long a 200 is worth something. Shorter than the servers go on after their first 503, so that
 * however late this hears of it, nothing is sent to a server that is closing.
 */
const READY_MS_MAX = 1_200;

/** An app server behind the balancer. */
export class Upstream {
  readonly name: string;
  readonly origin: string;
  /** Its own pool of connections, so that those of a dead server die with it. */
  readonly agent: Agent = new Agent({ keepAlive: true, maxSockets: 512 });
  /** Requests sent there and not yet answered. */
  inFlightCount = 0;
  servedCount = 0;
  /** Set as the storyline kills the process: what breaks there from then on was in flight when it died. */
  isKilled = false;
  #isReady = false;
  #isRetiring = false;
  #readyAtMs = Number.NEGATIVE_INFINITY;
  #isRemoved = false;

  constructor(name: string, origin: string) {
    this.name = name;
    this.origin = origin;
    void this.#poll();
  }

  get isReady(): boolean {
    const isFresh = performance.now() - this.#readyAtMs < READY_MS_MAX;
    return this.#isReady && isFresh && !this.#isRemoved;
  }

  /** A request found it refusing or broken. */
  doubt(): void {
    this.#isReady = false;
  }

  /** It is about to end: once it is not ready, who answers there is somebody else on a freed port. */
  retire(): void {
    this.#isRetiring = true;
  }

  /** Ends the polling and the idle connections. */
  remove(): void {
    this.#isRemoved = true;
    this.agent.destroy();
  }

  async #poll(): Promise<void> {
    while (!this.#isRemoved) {
      const askedAtMs = performance.now();
      const isReady = await this.#ask();
      this.#isReady = isReady && (this.#isReady || !this.#isRetiring);
      if (isReady) this.#readyAtMs = askedAtMs;
      await sleep(POLL_INTERVAL_MS, undefined, { ref: false });
    }
  }

  async #ask(): Promise<boolean> {
    try {
      const url = `${this.origin}/readyz`;
      return (await send(url, { method: "GET", timeoutMs: POLL_TIMEOUT_MS })).status === 200;
    } catch {
      return false;
    }
  }
}
