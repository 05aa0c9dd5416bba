/**
 * Whom to audit next: peers that need it now first, else each in turn.
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
  /** Who is still to be audited in this cycle. */
  #cycle: readonly NodeId[] = [];

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

  /** The interval is over: whoever was not audited for longest, in an order drawn anew each time. */
  addNext(): void {
    const peers = this.#port.trustedPeers();
    let left = this.#cycle.filter((peer) => peers.includes(peer));
    if (left.length === 0) left = this.#port.random.shuffle(peers);
    const [peer, ...rest] = left;
    this.#cycle = rest;
    if (peer !== undefined) this.add(peer, { thorough: false });
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
