/**
 * Which addresses to dial, and when: seeds until a member answers there, members that have no link.
 * Attempts to one address back off; dead members are found again without help (P8).
 *
 * Not here: whether a member is alive (membership.ts), and sockets (the shell's transport).
 */
import type { Limits } from "../config.js";
import type { Millis, NodeId } from "../ids.js";
import type { Prng } from "../prng.js";

const FIRST_DELAY_MS = 100;

/** How long an address is left alone at which this node met itself: others may be behind it too. */
const OWN_DELAY_MS = 60_000;

interface Attempt {
  /** A seed is dialled as long as it is one, an address of a member as long as the member is. */
  isSeed: boolean;
  /** Who answered at a seed. */
  node: NodeId | undefined;
  isDialing: boolean;
  delayMs: Millis;
  nextAtMs: Millis;
}

/** What the dialer needs. */
export interface DialerPort {
  readonly limits: Limits;
  readonly random: Prng;
  elapsedMs(): Millis;
  dial(address: string): void;
}

/** Keeps trying to reach who should be reached. */
export class Dialer {
  readonly #port: DialerPort;
  readonly #attempts = new Map<string, Attempt>();

  constructor(port: DialerPort, seeds: readonly string[]) {
    this.#port = port;
    for (const seed of seeds) this.#attempts.set(seed, newAttempt(true));
  }

  /** Replaces the seeds; returns those that are seeds no more. Members there are dialled as ever. */
  setSeeds(seeds: readonly string[]): string[] {
    const removed: string[] = [];
    for (const [address, attempt] of this.#attempts) {
      if (!attempt.isSeed || seeds.includes(address)) continue;
      attempt.isSeed = false;
      removed.push(address);
    }
    for (const seed of seeds) {
      const attempt = this.#attempts.get(seed);
      if (attempt) attempt.isSeed = true;
      else this.#attempts.set(seed, newAttempt(true));
    }
    return removed;
  }

  /** Dials what is due. `isLinked` tells members that need no dialling. */
  tick(wanted: ReadonlyMap<string, NodeId>, isLinked: (node: NodeId) => boolean): void {
    for (const [address, node] of wanted) {
      const attempt = this.#attempts.get(address) ?? newAttempt(false);
      attempt.node = node;
      this.#attempts.set(address, attempt);
    }
    for (const [address, attempt] of this.#attempts) {
      if (!attempt.isSeed && !wanted.has(address)) {
        this.#attempts.delete(address);
        continue;
      }
      const isReached = attempt.node !== undefined && isLinked(attempt.node);
      if (!isReached) this.#dialWhenDue(address, attempt);
    }
  }

  /** The link that was dialled is open. */
  opened(address: string): void {
    const attempt = this.#attempts.get(address);
    if (attempt) attempt.isDialing = false;
  }

  /** A member answered at this address. */
  answered(address: string, node: NodeId): void {
    const attempt = this.#attempts.get(address);
    if (!attempt) return;
    attempt.node = node;
    attempt.delayMs = FIRST_DELAY_MS;
  }

  /** The attempt failed, or its link was refused. */
  failed(address: string): void {
    this.opened(address);
  }

  /** The other end will have nothing to do with this node, or this node with it: try rarely. */
  refused(address: string): void {
    const attempt = this.#attempts.get(address);
    if (!attempt) return;
    attempt.isDialing = false;
    attempt.delayMs = this.#port.limits.redialDelayMsMax;
    attempt.nextAtMs = this.#port.elapsedMs() + attempt.delayMs;
  }

  /** A link was lost: try at once, then back off anew. */
  lost(address: string): void {
    const attempt = this.#attempts.get(address);
    if (!attempt) return;
    attempt.delayMs = FIRST_DELAY_MS;
    attempt.nextAtMs = this.#port.elapsedMs();
  }

  /** This node itself answered there. */
  answeredBySelf(address: string): void {
    const attempt = this.#attempts.get(address);
    if (attempt) attempt.nextAtMs = this.#port.elapsedMs() + OWN_DELAY_MS;
  }

  #dialWhenDue(address: string, attempt: Attempt): void {
    const nowMs = this.#port.elapsedMs();
    if (attempt.isDialing || attempt.nextAtMs > nowMs) return;
    attempt.isDialing = true;
    const jitterMs = this.#port.random.range(0, attempt.delayMs + 1);
    attempt.nextAtMs = nowMs + attempt.delayMs + jitterMs;
    attempt.delayMs = Math.min(attempt.delayMs * 2, this.#port.limits.redialDelayMsMax);
    this.#port.dial(address);
  }
}

function newAttempt(isSeed: boolean): Attempt {
  const timing = { delayMs: FIRST_DELAY_MS, nextAtMs: Number.NEGATIVE_INFINITY };
  return { isSeed, node: undefined, isDialing: false, ...timing };
}
