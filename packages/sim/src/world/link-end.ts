/**
 * One end of a link with what it has sent and the other end has not yet received, in order.
 *
 * Frames leave one after the other, as fast as the path carries bytes; what has not arrived yet is
 * what a socket would call its buffered amount.
 *
 * Not here: whether the path is cut (network.ts).
 */
import type { Bytes, LinkId, Millis } from "@session-mesh/core";
import type { Endpoint } from "./endpoint.js";
import type { PathSpeed } from "./paths.js";

/** What travels on a link. */
export type Parcel =
  | { readonly kind: "open"; readonly address: string }
  | { readonly kind: "frame"; readonly frame: Uint8Array }
  /** A frame that the shell at the other end does not let through: it closes the link. */
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "close"; readonly reason: string };

/** A parcel under way. */
export interface Sent {
  readonly parcel: Parcel;
  readonly sentAtMs: Millis;
  readonly arrivesAtMs: Millis;
}

const bytesOf = (parcel: Parcel): Bytes => (parcel.kind === "frame" ? parcel.frame.length : 0);

/** One end. */
export class LinkEnd {
  readonly id: LinkId;
  readonly owner: Endpoint;
  /** Nothing more can be sent from here. */
  isClosing = false;
  /** What was sent from here does not arrive, and nobody is told. */
  isStalled = false;
  /** The address that was dialled, until the link is open at this end. */
  dialled: string | undefined;
  /** Puts something else in place of the next frame that is sent from here. */
  spoilNext: ((frame: Uint8Array) => Parcel) | undefined;
  #peer: LinkEnd | undefined;
  #sent: Sent[] = [];
  #bufferedBytes: Bytes = 0;
  #isBusyUntilMs: Millis = 0;
  #arrivesLastMs: Millis = 0;

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

  /** The frames under way, in order. */
  get frames(): Uint8Array[] {
    return this.#sent.flatMap(({ parcel }) => (parcel.kind === "frame" ? [parcel.frame] : []));
  }

  /** How many frames are under way. */
  get frameCount(): number {
    return this.#sent.filter(({ parcel }) => parcel.kind === "frame").length;
  }

  /** How many bytes are under way. */
  get bufferedBytes(): Bytes {
    return this.#bufferedBytes;
  }

  /** Sends, and says when it arrives: after what was sent before. */
  push(pushed: Parcel, sentAtMs: Millis, { latencyMs, bytesPerMs }: PathSpeed): Millis {
    const parcel = this.#spoiled(pushed);
    const bytes = bytesOf(parcel);
    this.#bufferedBytes += bytes;
    this.#isBusyUntilMs = Math.max(sentAtMs, this.#isBusyUntilMs) + bytes / bytesPerMs;
    const arrivesAtMs = Math.max(this.#isBusyUntilMs + latencyMs, this.#arrivesLastMs);
    this.#arrivesLastMs = arrivesAtMs;
    this.#sent.push({ parcel, sentAtMs, arrivesAtMs });
    return arrivesAtMs;
  }

  /** What arrives until then, if anything; it stays under way. */
  due(nowMs: Millis): Sent | undefined {
    const first = this.#sent[0];
    return first && first.arrivesAtMs <= nowMs ? first : undefined;
  }

  /** Takes out what arrives until then, if anything. */
  take(nowMs: Millis): Sent | undefined {
    const first = this.due(nowMs);
    if (!first) return undefined;
    this.#sent.shift();
    this.#bufferedBytes -= bytesOf(first.parcel);
    return first;
  }

  /** Loses what is under way, and says how many frames that were. */
  drop(): number {
    const frames = this.frameCount;
    this.#sent = [];
    this.#bufferedBytes = 0;
    return frames;
  }

  #spoiled(parcel: Parcel): Parcel {
    if (parcel.kind !== "frame" || !this.spoilNext) return parcel;
    const spoil = this.spoilNext;
    this.spoilNext = undefined;
    return spoil(parcel.frame);
  }
}
