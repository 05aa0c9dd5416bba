/**
 * One end of a link with what it has sent and the other end has not yet received, in order.
 *
 * Not here: whether the path is cut (network.ts).
 */
import type { LinkId, Millis } from "@session-mesh/core";
import type { Endpoint } from "./network.js";

/** What travels on a link. */
export type Parcel =
  | { readonly kind: "open"; readonly address: string }
  | { readonly kind: "frame"; readonly frame: Uint8Array }
  | { readonly kind: "close"; readonly reason: string };

interface Sent {
  parcel: Parcel;
  readonly readyAtMs: Millis;
}

/** One end. */
export class LinkEnd {
  readonly id: LinkId;
  readonly owner: Endpoint;
  /** Nothing more can be sent from here. */
  isClosing = false;
  /** The address that was dialled, until the link is open at this end. */
  dialled: string | undefined;
  #peer: LinkEnd | undefined;
  #sent: Sent[] = [];

  private constructor(id: LinkId, owner: Endpoint) {
    this.id = id;
    this.owner = owner;
  }

  /** The two ends of a new link. */
  static pair(near: Endpoint, far: Endpoint, nextId: () => LinkId): [LinkEnd, LinkEnd] {
    const ends: [LinkEnd, LinkEnd] = [new LinkEnd(nextId(), near), new LinkEnd(nextId(), far)];
    ends[0].#peer = ends[1];
    ends[1].#peer = ends[0];
    return ends;
  }

  get peer(): LinkEnd {
    return this.#peer as LinkEnd;
  }

  /** How much is under way. */
  get sentCount(): number {
    return this.#sent.length;
  }

  /** Sends; it never overtakes what was sent before. */
  push(parcel: Parcel, readyAtMs: Millis): void {
    this.#sent.push({ parcel, readyAtMs });
  }

  /** What arrives now, if anything. */
  take(nowMs: Millis): Parcel | undefined {
    const first = this.#sent[0];
    if (!first || first.readyAtMs > nowMs) return undefined;
    this.#sent.shift();
    return first.parcel;
  }

  /** Loses what is under way, and says how many frames that were. */
  drop(): number {
    const frames = this.#sent.filter(({ parcel }) => parcel.kind === "frame").length;
    this.#sent = [];
    return frames;
  }

  /** Breaks off the last frame under way, if there is one. */
  truncateLast(): boolean {
    const last = this.#sent.at(-1);
    if (last?.parcel.kind !== "frame" || last.parcel.frame.length < 2) return false;
    const { frame } = last.parcel;
    last.parcel = { kind: "frame", frame: frame.slice(0, frame.length >> 1) };
    return true;
  }
}
