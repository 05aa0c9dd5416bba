/**
 * Who refuses this node, or is refused by it, at which address: what readiness shows loudly.
 *
 * Not here: deciding to refuse (compatibility.ts).
 */
import type { EventBody, RefusalCode } from "../events.js";

/** How many refusals are remembered; the oldest goes first. */
const REFUSALS_MAX = 32;

/** Why a dial came to nothing: nobody there, or a refusal in the shell's handshake. */
export type DialFailure =
  | { readonly code: "unreachable"; readonly detail: string }
  | {
      readonly code: RefusalCode;
      /** One line for people. */
      readonly detail: string;
      /** The peer refused this node, not this node the peer. */
      readonly byPeer: boolean;
    };

/** A refusal that still stands. */
export interface Refusal {
  readonly address: string;
  readonly code: RefusalCode;
  /** One line for people, with the remedy. */
  readonly detail: string;
  readonly byPeer: boolean;
}

/** The refusals that stand, one an address. */
export class Refusals {
  readonly #emit: (event: EventBody) => void;
  readonly #byAddress = new Map<string, Refusal>();

  constructor(emit: (event: EventBody) => void) {
    this.#emit = emit;
  }

  add(refusal: Refusal): void {
    this.#byAddress.delete(refusal.address);
    this.#byAddress.set(refusal.address, refusal);
    this.#emit({ type: "peer-refused", ...refusal });
    if (this.#byAddress.size <= REFUSALS_MAX) return;
    for (const address of this.#byAddress.keys()) {
      this.#byAddress.delete(address);
      return;
    }
  }

  /** The address answered after all. */
  clear(address: string): void {
    this.#byAddress.delete(address);
  }

  all(): Refusal[] {
    return [...this.#byAddress.values()];
  }
}
