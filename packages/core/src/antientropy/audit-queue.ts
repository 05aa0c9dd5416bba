/**
 * Whom to audit next: peers that need it now first, else one at random each interval.
 *
 * Not here: the round itself (auditor.ts).
 */
import type { NodeId } from "../ids.js";
import type { Prng } from "../prng.js";

/** What the queue needs. */
export interface AuditQueuePort {
  readonly random: Prng;
  isBusy(): boolean;
  isTrusted(peer: NodeId): boolean;
  trustedPeers(): readonly NodeId[];
  start(peer: NodeId, options: { thorough: boolean }): void;
}

/** Peers waiting for their audit; at most one entry a peer. */
export class AuditQueue {
  readonly #port: AuditQueuePort;
  /** Whether the round must be thorough, by peer. */
  readonly #due = new Map<NodeId, boolean>();

  constructor(port: AuditQueuePort) {
    this.#port = port;
  }

  /** Audits `peer` as soon as no other round is under way. */
  add(peer: NodeId, options: { thorough: boolean }): void {
    this.#due.set(peer, options.thorough || this.#due.get(peer) === true);
    this.next();
  }

  /** Adds some peers, since another one is lost that may have left work half done. */
  addSome(count: number): void {
    const peers = this.#port.random.shuffle(this.#port.trustedPeers());
    for (const peer of peers.slice(0, count)) this.add(peer, { thorough: false });
  }

  /** The interval is over. */
  addRandom(): void {
    this.addSome(1);
  }

  /** Starts the next round if none is under way. */
  next(): void {
    for (const [peer, thorough] of this.#due) {
      if (this.#port.isBusy()) return;
      this.#due.delete(peer);
      if (this.#port.isTrusted(peer)) this.#port.start(peer, { thorough });
    }
  }
}
